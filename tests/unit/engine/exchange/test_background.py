"""Counterparties on the real core: their books balance, they trade with others, and they go when it is over."""

from collections.abc import Iterator

import pytest

from engine.exchange.background import PURSE_U6, Background, Seat
from engine.exchange.core.audit import audit
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.core.market import Market, MarketSpec, Phase
from engine.exchange.core.notices import LevelChanged, TradeChanged
from engine.exchange.core.orders import NewOrder
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import U6
from engine.venue.statuses import OrderStatus
from engine.worlds.counterparties import Counterparties
from engine.worlds.crowd import Crowd
from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style
from engine.worlds.participants.actions import AnyAction, CancelOrder, MergePairs, PlaceOrder, SplitCollateral, Token
from engine.worlds.participants.participant import Participant
from engine.worlds.participants.view import BookView, Holdings, View, Window
from engine.worlds.recorded_rounds import BookMoment, RecordedRound, TradeMoment
from engine.worlds.replayed import NO_OUTLOOK, Replay, ReplayParams
from engine.worlds.schedule import Turn
from engine.worlds.tape import PriceTape

START_MS = 1_800_000_000_000
LENGTH_MS = 60_000
TWAP_MS = 4_000


def spec(number: int = 0) -> MarketSpec:
    start_ms = START_MS + number * LENGTH_MS
    tokens = (f"{2 * number + 1}", f"{2 * number + 2}")
    return MarketSpec(
        slug=f"w{number}",
        condition_id=f"0x{number}",
        tokens=tokens,
        start_ms=start_ms,
        end_ms=start_ms + LENGTH_MS,
        length_s=60,
    )


class Scripted(Counterparties):
    """One account that does what is written down: {ms since the start: actions}. It remembers what it was shown."""

    def __init__(self, script: dict[int, list[AnyAction]]) -> None:
        super().__init__(PriceTape(lambda _: 65_000 * 10**8, START_MS - LENGTH_MS))
        self.script = script
        self.seen: list[tuple[int, BookView, Holdings]] = []

    @property
    def accounts(self) -> tuple[str, ...]:
        return ("scripted",)

    def act(self, turn: Turn, book: BookView, own: Holdings) -> list[AnyAction]:
        self.seen.append((turn.at_ms - START_MS, book, own))
        return turn.participant.act(View(turn.at_ms, turn.window, book, own, NO_OUTLOOK))

    def _participants(self, window: Window) -> Iterator[Participant]:
        yield Actor(self.script, window)


class Actor(Participant):
    def __init__(self, script: dict[int, list[AnyAction]], window: Window) -> None:
        self._script = sorted(script.items())
        super().__init__("scripted", 0, window, None, START_MS + self._script[0][0])  # type: ignore[arg-type]

    def act(self, view: View) -> list[AnyAction]:
        _, actions = self._script.pop(0)
        self.wake_at_ms = START_MS + self._script[0][0] if self._script else None
        return actions


def opened(source: Counterparties) -> tuple[Exchange, Background, Market]:
    exchange = Exchange()
    background = Background(exchange, source)
    market = exchange.list_market(spec(), START_MS - LENGTH_MS, Phase.OPEN)
    background.open(market, TWAP_MS)
    return exchange, background, market


def crowd(style: Style = Style.LIVELY) -> Crowd:
    return Crowd(styled_crowd(style, 1, 60), 1, START_MS - LENGTH_MS)


def buy(key: int, price_e4: int, shares: int, tif: TimeInForce = TimeInForce.GTC) -> PlaceOrder:
    return PlaceOrder(key, Token.UP, Side.BUY, price_e4, shares * U6, tif)


def submit(exchange: Exchange, order_id: str, side: Side, price_e4: int, shares: int, now_ms: int) -> OrderStatus:
    """Let somebody else place an order for Up."""
    exchange.deposit("me", 10_000 * U6)
    cash_u6 = price_e4 * shares * 100
    amounts = (cash_u6, shares * U6) if side == Side.BUY else (shares * U6, cash_u6)
    return exchange.submit(NewOrder(order_id, "me", "me", "1", side, *amounts), now_ms).status


@pytest.mark.parametrize("style", Style)
def test_a_crowds_market_stays_right_to_the_last_unit(style: Style) -> None:
    exchange, background, _ = opened(crowd(style))
    trades = levels = 0
    for now_ms in range(START_MS - LENGTH_MS // 5, START_MS + LENGTH_MS, 500):
        background.advance(now_ms)
        notices = exchange.take_notices()
        trades += sum(isinstance(notice, TradeChanged) for notice in notices)
        levels += sum(isinstance(notice, LevelChanged) for notice in notices)
        if now_ms % 10_000 == 0:
            assert audit(exchange) == []
    assert trades > 50
    assert levels > 2_000
    assert background.refused < levels // 10


def test_when_it_is_over_nothing_of_theirs_is_left() -> None:
    exchange, background, market = opened(crowd())
    end_ms = START_MS + LENGTH_MS
    background.advance(end_ms)
    exchange.resolve(market, 0, end_ms + 1_000)
    background.close(market, end_ms + 1_000)
    background.close(market, end_ms + 1_000)
    assert background.next_ms() is None or background.next_ms() > end_ms
    background.advance(end_ms + 10_000)
    exchange.advance(end_ms + 20_000)
    assert audit(exchange) == []
    assert {exchange.ledger.supply[token] for token in market.spec.tokens} == {0}
    assert exchange.open_by_owner == {} or not any(exchange.open_by_owner.values())
    exchange.retire(market)
    assert exchange.markets == {}


def test_actions_become_orders_with_exact_amounts() -> None:
    script: dict[int, list[AnyAction]] = {
        0: [SplitCollateral(50 * U6)],
        9_000: [
            buy(1, 4_000, 30),
            PlaceOrder(2, Token.DOWN, Side.SELL, 5_500, 20 * U6),
            PlaceOrder(3, Token.UP, Side.SELL, 6_000, 20 * U6, post_only=True),
        ],
        10_000: [CancelOrder(1), CancelOrder(77)],
        11_000: [],
        12_000: [MergePairs(25 * U6)],
        20_000: [],
    }
    source = Scripted(script)
    exchange, background, market = opened(source)
    background.advance(START_MS + 9_000)
    assert market.book.depth(True) == ((4_500, 20 * U6), (4_000, 30 * U6))
    assert market.book.depth(False) == ((6_000, 20 * U6),)
    background.advance(START_MS + 60_000)
    _, book, own = source.seen[3]
    assert book == BookView(100, ((4_500, 20 * U6),), ((6_000, 20 * U6),))
    assert (own.up_u6, own.down_u6, set(own.orders)) == (50 * U6, 50 * U6, {2, 3})
    assert own.orders[2][:3] == (Token.DOWN, Side.SELL, 5_500)
    assert (source.seen[5][2].up_u6, source.seen[5][2].down_u6) == (25 * U6, 25 * U6)
    assert (background.refused, audit(exchange)) == (0, [])


def test_an_immediate_purchase_is_held_and_then_takes_what_is_there() -> None:
    source = Scripted({10_000: [buy(1, 4_105, 41, TimeInForce.FAK)], 20_000: []})
    exchange, background, market = opened(source)
    market.tick_e4 = 10
    exchange.deposit("me", 10_000 * U6)
    exchange.settlement.split(exchange.ledger.account("me"), market, 100 * U6, START_MS - 10_000)
    exchange.advance(START_MS)
    assert submit(exchange, "mine", Side.SELL, 4_100, 100, START_MS) == OrderStatus.LIVE
    background.advance(START_MS + 10_149)
    assert exchange.orders["mine"].filled_u6 == 0
    background.advance(START_MS + 20_000)
    assert 40 * U6 < exchange.orders["mine"].filled_u6 <= 42 * U6
    assert source.seen[-1][2].up_u6 == exchange.orders["mine"].filled_u6


def test_what_the_exchange_refuses_is_counted_with_its_reason() -> None:
    _, background, _ = opened(Scripted({10_000: [buy(1, 4_001, 30), MergePairs(U6)]}))
    background.advance(START_MS + 10_000)
    assert background.refused == 2
    assert "expected an amount" in background.last_refusal


def test_a_halted_market_passes_their_turns_over() -> None:
    source = Scripted({10_000: [buy(1, 4_000, 30)]})
    exchange, background, market = opened(source)
    exchange.set_phase(market, Phase.HALTED, START_MS)
    background.advance(START_MS + 12_500)
    assert source.seen == []
    exchange.set_phase(market, Phase.OPEN, START_MS + 12_500)
    background.advance(START_MS + 13_500)
    assert len(source.seen) == 1


def test_an_order_that_came_later_than_their_turn_does_not_stop_them() -> None:
    source = Scripted({10_000: [buy(1, 4_000, 30)]})
    exchange, background, _ = opened(source)
    submit(exchange, "mine", Side.BUY, 3_000, 10, START_MS + 10_005)
    background.advance(START_MS + 10_010)
    assert exchange.now_ms == START_MS + 10_005
    assert len(exchange.orders) == 2


def test_who_has_spent_half_of_a_purse_is_given_another_at_the_next_window() -> None:
    exchange, background, _ = opened(Scripted({0: [SplitCollateral(PURSE_U6 * 6 // 10)]}))
    background.advance(START_MS)
    (account,) = exchange.ledger.accounts.values()
    assert account.chain[COLLATERAL] == PURSE_U6 * 4 // 10
    background.open(exchange.list_market(spec(1), START_MS, Phase.OPEN), TWAP_MS)
    assert account.chain[COLLATERAL] == PURSE_U6 * 14 // 10


def test_a_replay_shows_the_recorded_book_and_its_takers_meet_our_orders() -> None:
    books = (BookMoment(0, ((4_000, 100 * U6),), ((4_100, 100 * U6),)),)
    trade = TradeMoment(30_000, Token.UP, 4_100, 120 * U6)
    played = RecordedRound("r", LENGTH_MS, books, (trade,), True)
    source = Replay(iter([played]), ReplayParams(depth=2), START_MS - LENGTH_MS)
    exchange, background, market = opened(source)
    background.advance(START_MS + 1_000)
    assert market.book.depth(True)[0] == (4_000, 100 * U6)
    exchange.deposit("me", 1_000 * U6)
    exchange.settlement.split(exchange.ledger.account("me"), market, 50 * U6, START_MS + 1_000)
    exchange.advance(START_MS + 5_000)
    assert submit(exchange, "mine", Side.SELL, 4_100, 50, START_MS + 5_000) == OrderStatus.LIVE
    background.advance(START_MS + 40_000)
    exchange.advance(START_MS + 40_000)
    assert exchange.orders["mine"].filled_u6 == pytest.approx(20 * U6, rel=0.01)
    assert audit(exchange) == []


def test_ids_look_like_the_venues_and_differ_by_account_and_market() -> None:
    exchange = Exchange()
    account = exchange.ledger.account("w")
    markets = [Market(spec(number), Phase.OPEN) for number in (0, 1)]
    seats = [Seat(account, market, name) for market in markets for name in ("a", "b")]
    assert len({seat.owner for seat in seats}) == len({seat.order_id(5) for seat in seats}) == 4
    assert len(seats[0].order_id(5)) == 66
    assert seats[0].key_of(seats[0].order_id(5)) == 5
    with pytest.raises(AssertionError, match="a key of 32 bits"):
        seats[0].order_id(1 << 32)
