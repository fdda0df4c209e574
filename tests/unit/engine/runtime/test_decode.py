import pytest

from engine.model.events import Feed, FeedChange, Gap, Market, MarketChange, Outcome, Side, Spot, Tob, Trade
from engine.model.fees import FeeSchedule
from engine.model.market import open_view
from engine.runtime.decode import Decoder, Record
from shm.layout import ALL_INSTRUMENTS, Flag, Kind, pack_level, pack_market_words
from shm.layout import FeedChange as RecordFeedChange
from shm.layout import MarketChange as RecordChange
from shm.sink import Instrument
from tests.unit.engine.rounds import opened

NOW = 1_800_000_000_000_000_000
ROWS = {
    index: Instrument(
        f"token-{index}",
        "condition",
        "btc-updown-15m-1800000000",
        1_800_000_000,
        900,
        index + 1,
        100,
        5_000_000,
        70_000,
    )
    for index in (0, 1)
}


def record(
    kind: Kind, *, flags: int = 0, instrument: int = 0, aux: int = 0, words: tuple[int, ...] = (), venue: int = 0
) -> Record:
    w2, w3, w4, w5 = (*words, 0, 0, 0, 0)[:4]
    return (1, kind, flags, instrument, aux, w2, w3, w4, w5, venue, NOW)


def market(change: RecordChange, instrument: int = 0, *, result: int = 0, flags: int = 0) -> Record:
    words = pack_market_words(
        tick_e4=100,
        min_size_u6=5_000_000,
        fee_rate_e6=70_000,
        fee_exponent=1,
        taker_only=True,
        window_start_s=1_800_000_000,
        window_length_s=900,
        peer=1 - instrument,
        outcome=instrument + 1,
        result=result,
    )
    return record(Kind.MARKET, flags=flags, instrument=instrument, aux=change, words=words)


@pytest.fixture
def decoder() -> Decoder:
    opened_decoder = Decoder(ROWS.__getitem__)
    for instrument in (0, 1):
        opened_decoder.events(market(RecordChange.OPENED, instrument), NOW)
    return opened_decoder


def test_an_opened_market_gives_its_token_a_number_and_every_fact(decoder: Decoder) -> None:
    (event,) = decoder.events(market(RecordChange.OPENED, 1), NOW)
    assert isinstance(event, Market)
    assert (event.asset, event.peer, event.token_id, event.outcome) == (1, 0, "token-1", 2)
    assert (event.tick_e4, event.min_size_u6, event.fees) == (100, 5_000_000, FeeSchedule(70_000))
    assert (event.window_start_s, event.window_length_s) == (1_800_000_000, 900)


def test_a_top_of_book_becomes_prices_and_sizes(decoder: Decoder) -> None:
    words = (pack_level(6_100, 7_000_000), pack_level(6_200, 8_000_000), 0, pack_level(6_300, 9_000_000))
    (event,) = decoder.events(record(Kind.TOB, words=words, flags=Flag.MIRRORED, venue=5), NOW)
    assert event == Tob(NOW, 0, 6_100, 7_000_000, 6_200, 8_000_000, 0, 0, 6_300, 9_000_000, 5, Flag.MIRRORED)


def test_a_book_of_a_market_that_was_never_opened_is_left_out() -> None:
    assert Decoder(ROWS.__getitem__).events(record(Kind.TOB, words=(pack_level(6_100, 1),)), NOW) == ()


def test_a_trade_carries_the_takers_side(decoder: Decoder) -> None:
    assert decoder.events(record(Kind.TRADE, words=(pack_level(6_100, 5), 1)), NOW) == (
        Trade(NOW, 0, Side.BUY, 6_100, 5),
    )
    assert decoder.events(record(Kind.TRADE, words=(pack_level(6_100, 5), 2)), NOW) == (
        Trade(NOW, 0, Side.SELL, 6_100, 5),
    )


def test_a_reference_price_says_its_source_and_whether_it_is_the_strike(decoder: Decoder) -> None:
    events = decoder.events(record(Kind.SPOT, aux=2, words=(65_000 * 10**8, 77), flags=Flag.STRIKE), NOW)
    assert events == (Spot(NOW, 2, 65_000 * 10**8, 77, True),)


def test_a_feed_record_names_an_asset_or_all_of_them(decoder: Decoder) -> None:
    (one,) = decoder.events(record(Kind.FEED, instrument=1, aux=RecordFeedChange.GAP, words=(3,)), NOW)
    (everything,) = decoder.events(record(Kind.FEED, instrument=ALL_INSTRUMENTS, aux=RecordFeedChange.STALE), NOW)
    assert one == Feed(NOW, 1, FeedChange.GAP, 3)
    assert everything == Feed(NOW, -1, FeedChange.STALE, 0)


@pytest.mark.parametrize(("result", "known", "won"), [(0, False, False), (1, True, True), (2, True, False)])
def test_a_resolved_market_is_an_outcome(decoder: Decoder, result: int, known: bool, won: bool) -> None:
    events = decoder.events(market(RecordChange.RESOLVED, result=result, flags=Flag.INFERRED), NOW)
    assert events == (Outcome(NOW, 0, known, won, "inferred"),)


def test_a_tick_change_keeps_the_assets_number(decoder: Decoder) -> None:
    (event,) = decoder.events(market(RecordChange.TICK), NOW)
    assert isinstance(event, Market)
    assert (event.change, event.asset) == (MarketChange.TICK, 0)


def test_a_new_epoch_is_a_gap_and_instrument_numbers_start_anew_but_tokens_keep_theirs(decoder: Decoder) -> None:
    assert decoder.events(record(Kind.RESET, words=(2,)), NOW) == (Gap(NOW, 0),)
    assert decoder.events(record(Kind.TOB, words=(pack_level(6_100, 1),)), NOW) == ()
    (event,) = decoder.events(market(RecordChange.OPENED, 1), NOW)
    assert isinstance(event, Market)
    assert event.asset == 1


def test_a_heartbeat_says_nothing_and_an_unknown_kind_is_counted(decoder: Decoder) -> None:
    assert decoder.events(record(Kind.HEARTBEAT), NOW) == ()
    unknown: Record = (1, 200, 0, 0, 0, 0, 0, 0, 0, 0, NOW)
    assert decoder.events(unknown, NOW) == ()
    assert decoder.skipped_kinds == 1


def test_a_recovered_engine_keeps_the_numbers_and_new_tokens_get_new_ones() -> None:
    decoder = Decoder(ROWS.__getitem__, [open_view(opened(1))], assets_seen=7)
    decoder_view_token = opened(1).token_id
    assert decoder_view_token == "token-1"
    (known,) = decoder.events(market(RecordChange.OPENED, 1), NOW)
    assert isinstance(known, Market)
    assert (known.asset, known.peer) == (1, 7)


def test_a_late_joiner_gets_the_market_from_the_instrument_table() -> None:
    decoder = Decoder(ROWS.__getitem__)
    event = decoder.announced(0, 1, NOW)
    assert (event.asset, event.peer, event.change, event.token_id) == (0, 1, MarketChange.OPENED, "token-0")
    assert decoder.asset(1) == 1
