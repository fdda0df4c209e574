"""Statistics of rounds: looked at once a second, gaps believed, both tokens' bids heard."""

from collections import Counter

from engine.analytics.market_statistics import MarketObserver, RoundStatistics, observe_rounds
from engine.model.events import Event, Feed, FeedChange, Gap, Market, MarketChange, Outcome, Side, Tob, Trade
from engine.model.fees import CRYPTO_FEES
from engine.model.units import NS_PER_S, U6

START_S = 1_800_000_000
UP_ASSET, DOWN_ASSET = 4, 5


def market(change: MarketChange, up: bool = True, at_s: float = 0, tick_e4: int = 100, result: int = 0) -> Market:
    asset, peer = (UP_ASSET, DOWN_ASSET) if up else (DOWN_ASSET, UP_ASSET)
    return Market(
        ts_ns=round((START_S + at_s) * NS_PER_S),
        asset=asset,
        peer=peer,
        change=change,
        token_id=str(asset),
        condition_id="0x1",
        slug="btc-updown-300s",
        window_start_s=START_S,
        window_length_s=300,
        outcome=1 if up else 2,
        tick_e4=tick_e4,
        min_size_u6=5 * U6,
        fees=CRYPTO_FEES,
        result=result,
    )


def book(at_s: float, bid_e4: int, ask_e4: int, shares: int = 100, up: bool = True) -> Tob:
    ts_ns = round((START_S + at_s) * NS_PER_S)
    sizes = [shares * U6 if price_e4 else 0 for price_e4 in (bid_e4, ask_e4)]
    return Tob(ts_ns, UP_ASSET if up else DOWN_ASSET, bid_e4, sizes[0], ask_e4, sizes[1], 0, 0, 0, 0)


OPENED = [market(MarketChange.OPENED), market(MarketChange.OPENED, up=False)]


def statistics(*events: Event) -> RoundStatistics:
    (one,) = observe_rounds([*OPENED, *events])
    return one


def test_a_book_counts_for_every_second_until_another_one_comes() -> None:
    one = statistics(book(0, 5_000, 5_100), book(9.5, 5_000, 5_200, shares=7))
    assert one.spread_ticks == {1: 10, 2: 290}
    assert one.size_shares == {100: 20, 7: 580}
    assert one.late[2] == (0, 300)


def test_nothing_is_said_of_the_time_before_the_first_book() -> None:
    one = statistics(book(100.2, 5_000, 5_100))
    assert one.spread_ticks.total() == 199
    assert one.messages == {1: 1, 0: 198}


def test_a_tick_that_became_finer_makes_a_spread_wider() -> None:
    one = statistics(book(0, 9_700, 9_750), market(MarketChange.TICK, tick_e4=10, at_s=1), book(2, 9_700, 9_720))
    assert one.spread_ticks[2] == 298


def test_a_book_with_one_side_counts_as_one_sided_in_the_spans_before_the_end() -> None:
    one = statistics(book(0, 9_800, 9_900), book(255.5, 9_900, 0), book(285.5, 9_800, 9_900))
    assert one.late == ((30, 60), (16, 30), (30, 300))
    assert one.spread_ticks.total() == 270


def test_an_empty_book_is_neither_one_sided_nor_two_sided() -> None:
    one = statistics(book(0, 5_000, 5_100), book(100, 0, 0))
    assert (one.empty_s, one.late[2]) == (200, (0, 100))


def test_moves_of_the_mid_are_those_between_seconds_in_which_a_book_was_told() -> None:
    one = statistics(
        book(0, 5_000, 5_100),
        book(1, 5_000, 5_200),
        book(2, 5_000, 5_200),
        book(4, 6_000, 6_100),  # nothing at 3: this move took two seconds
        book(5, 6_000, 0),
        book(6, 6_000, 6_100),
    )
    assert one.move_2e4 == {100: 1, 0: 1}


def test_what_was_missed_is_not_believed_until_the_next_book() -> None:
    one = statistics(book(0, 5_000, 5_100), Gap((START_S + 10) * NS_PER_S, 3), book(20, 5_000, 5_100))
    assert one.spread_ticks == {1: 290}
    lost = Feed((START_S + 10) * NS_PER_S, UP_ASSET, FeedChange.GAP)
    elsewhere = Feed((START_S + 10) * NS_PER_S, 99, FeedChange.GAP)
    assert statistics(book(0, 5_000, 5_100), lost).spread_ticks == {1: 10}
    assert statistics(book(0, 5_000, 5_100), elsewhere).spread_ticks == {1: 300}


def test_messages_are_books_of_up_and_trades_of_either_token() -> None:
    trade = Trade((START_S + 1) * NS_PER_S, DOWN_ASSET, Side.BUY, 5_000, 30 * U6)
    one = statistics(book(0, 5_000, 5_100), book(0.5, 5_000, 5_100), book(0.6, 4_900, 5_000, up=False), trade)
    assert one.messages == {1: 1, 2: 1, 0: 298}
    assert one.trade_shares == {30: 1}


def test_the_first_side_to_a_price_is_remembered_and_judged_by_the_outcome() -> None:
    books = [book(3, 4_000, 4_100), book(3, 5_900, 6_000, up=False), book(7, 6_100, 6_200, up=False)]
    won = Outcome((START_S + 300) * NS_PER_S, DOWN_ASSET, True, True)
    one = statistics(*books, book(9, 8_500, 8_600), won)
    assert one.first_s == (7, 9, None)
    assert one.first_won == (True, False, None)
    assert statistics(*books).first_won == (None, None, None)
    unknown = Outcome((START_S + 300) * NS_PER_S, UP_ASSET, False)
    assert statistics(*books, unknown).first_won == (None, None, None)


def test_a_worlds_own_resolution_tells_the_outcome_too() -> None:
    resolved = market(MarketChange.RESOLVED, up=False, at_s=300, result=2)
    assert statistics(book(1, 7_000, 7_100), resolved).first_won == (True, None, None)


def test_what_is_outside_of_the_window_or_of_no_market_counts_for_nothing() -> None:
    one = statistics(book(-1, 7_000, 7_100), book(5, 5_000, 5_100), book(300, 9_000, 9_100))
    assert one.first_s == (None, None, None)
    assert one.spread_ticks == {1: 295}
    stranger = Tob(START_S * NS_PER_S, 99, 5_000, U6, 5_100, U6, 0, 0, 0, 0)
    assert observe_rounds([*OPENED, stranger]) == []


def test_an_observer_can_be_asked_while_it_goes_on() -> None:
    observer = MarketObserver()
    for event in [*OPENED, book(0, 5_000, 5_100)]:
        observer.observe(event)
    assert [one.slug for one in observer.rounds()] == ["btc-updown-300s"]
    assert isinstance(observer.rounds()[0].spread_ticks, Counter)
