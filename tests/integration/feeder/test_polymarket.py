"""The venue as a source, end to end over loopback: two lines, Gamma and REST against a small venue with faults."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
import uvloop

from feeder.clock import SteadyClock
from feeder.collect import MemorySink
from feeder.rest import RestClient
from feeder.session import GapReason, MarketSession
from feeder.sources.polymarket import PolymarketOptions, PolymarketSource
from feeder.transports import TRANSPORTS
from shm.layout import ALL_INSTRUMENTS, FeedChange, Kind, MarketChange, unpack_level
from tests import support_feed as feed
from tests.support_feed import DOWN, UP, book, change, price_change, trade
from tests.unit.feeder import gamma
from tests.venue_server import VenueServer

SLUG = f"btc-updown-15m-{feed.START_S}"
NEXT_SLUG = f"btc-updown-15m-{feed.START_S + 900}"
NEXT_UP, NEXT_DOWN = "33" * 38, "44" * 38
S = 10**9


class Stage:
    """A source on its venue, with a clock that the test moves; `at_s` is where in the window it begins."""

    def __init__(self, venue: VenueServer, transport: str, at_s: int, ahead: int) -> None:
        self.venue = venue
        self.sink = MemorySink()
        self.moved_ns = 0
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        clock = SteadyClock(lambda: int((loop.time() - begun_s) * S) + self.moved_ns, lambda: feed.T0_NS + at_s * S)
        options = PolymarketOptions(f"ws://{venue.address}/ws/market", ahead=ahead)
        rest = RestClient(f"http://{venue.address}", f"http://{venue.address}/")
        self.source = PolymarketSource(options, rest, TRANSPORTS[transport], clock=clock)

    def advance(self, seconds: float) -> None:
        self.moved_ns += int(seconds * S)

    def tops(self, instrument: int = 0) -> list[tuple[int, int]]:
        """Return best bid and ask in cents of what was published of a token."""
        return [
            (unpack_level(record.w2)[0] // 100, unpack_level(record.w3)[0] // 100)
            for record in self.sink.of_kind(Kind.TOB)
            if record.instrument == instrument
        ]

    def feed_changes(self, instrument: int = 0) -> list[int]:
        return [record.aux for record in self.sink.of_kind(Kind.FEED) if record.instrument == instrument]

    def market_changes(self, instrument: int = 0) -> list[int]:
        return [record.aux for record in self.sink.of_kind(Kind.MARKET) if record.instrument == instrument]

    def health(self) -> Any:
        return self.source.health()

    def line_health(self, name: str) -> Any:
        return self.health()["lines"][name]

    async def until(self, condition: Callable[[], bool]) -> None:
        await self.venue.until(condition)

    async def both_live(self) -> None:
        await self.until(lambda: self.health()["counts"].get("snapshots", 0) >= 4)


@asynccontextmanager
async def staged(transport: str = "picows", *, at_s: int = 100, ahead: int = 0, **venue: Any) -> AsyncIterator[Stage]:
    async with VenueServer() as server:
        server.markets[SLUG] = gamma.market(SLUG)
        for token in (UP, DOWN):
            server.books[token] = book(token, [("0.4", "5")], [("0.6", "5")], 0)
        for name, value in venue.items():
            setattr(server, name, value)
        stage = Stage(server, transport, at_s, ahead)
        stop = asyncio.Event()
        running = asyncio.create_task(stage.source.run(stage.sink, stop))
        try:
            yield stage
        finally:
            stop.set()
            await asyncio.wait_for(running, 10)
        assert server.refused == [], "INVALID OPERATION was provoked"


def step(bid: str, ms: int) -> Any:
    """A price_change that raises the Up bid, with the venue's best prices of both books after it."""
    return price_change(ms, change(UP, "BUY", bid, "7", best_bid=bid, best_ask="0.6"))


@pytest.mark.parametrize("transport", sorted(TRANSPORTS))
def test_two_lines_are_published_as_one(transport: str) -> None:
    async def scene() -> None:
        async with staged(transport) as stage:
            await stage.both_live()
            await stage.venue.broadcast(step("0.41", 10))
            await stage.venue.broadcast(trade(UP, "BUY", "0.6", "3", 11))
            await stage.venue.broadcast(step("0.42", 12))
            await stage.until(lambda: stage.health()["counts"].get("price_change", 0) == 4)
            assert stage.tops() == [(40, 60), (41, 60), (42, 60)]
            assert stage.tops(1) == [(40, 60)]
            assert len(stage.sink.of_kind(Kind.TRADE)) == 1
            assert stage.feed_changes(ALL_INSTRUMENTS) == [FeedChange.CONNECTED]
            assert [client.received[0]["type"] for client in stage.venue.clients] == ["market", "market"]

    uvloop.run(scene())


@pytest.mark.parametrize("with_event_type", [True, False])
def test_the_array_of_a_dynamic_or_first_subscription_is_read(with_event_type: bool) -> None:
    async def scene() -> None:
        async with staged(first_frames_need_event_type=with_event_type) as stage:
            await stage.both_live()
            # Whether the lines or the market came first decides if its books came as an array or one by one.
            stage.source._line_tasks[0].request_reconnect("a test")
            await stage.until(lambda: stage.line_health("A")["reconnects"] == 1)
            assert stage.health()["counts"]["snapshots"] == 6
            assert stage.tops() == [(40, 60)]

    uvloop.run(scene())


def test_a_silent_freeze_with_pongs_alive_moves_the_lead_then_resyncs_then_replaces_the_connection() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            frozen = next(client for client in stage.venue.live if client.socket is stage.venue.clients[0].socket)
            frozen.stalled = True
            stage.advance(1)
            await stage.venue.broadcast(step("0.41", 2000))
            await stage.until(lambda: (41, 60) in stage.tops())
            assert stage.feed_changes() == []
            stage.advance(6)
            await stage.venue.broadcast(step("0.42", 8000))
            await stage.until(lambda: any("operation" in frame for frame in frozen.received))
            stage.advance(6)
            await stage.venue.broadcast(step("0.43", 14000))
            await stage.until(lambda: len(stage.venue.clients) == 3)
            await stage.until(lambda: len(stage.venue.live) == 2)
            assert frozen not in stage.venue.live
            assert stage.tops() == [(40, 60), (41, 60), (42, 60), (43, 60)]
            assert FeedChange.GAP not in stage.feed_changes()

    uvloop.run(scene())


def test_a_connection_is_made_before_the_one_it_replaces_is_broken() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            stage.source._line_tasks[0].request_reconnect("a test")
            await stage.until(lambda: len(stage.venue.live) == 3)
            await stage.until(lambda: len(stage.venue.live) == 2)
            assert stage.feed_changes() == []
            assert stage.line_health("A")["reconnects"] == 1

    uvloop.run(scene())


def test_one_lost_connection_is_no_gap_and_two_are_one() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            await stage.venue.live[0].socket.close()
            await stage.until(lambda: len(stage.venue.clients) == 3)
            await stage.until(lambda: stage.health()["counts"]["snapshots"] == 6)
            assert stage.feed_changes() == []
            for client in stage.venue.live:
                await client.socket.close()
            await stage.until(lambda: stage.feed_changes() == [FeedChange.GAP, FeedChange.RESYNCED])
            gap = next(record for record in stage.sink.of_kind(Kind.FEED) if record.aux == FeedChange.GAP)
            assert gap.w2 == GapReason.DISCONNECTED
            await stage.venue.broadcast(step("0.45", 10))
            await stage.until(lambda: stage.tops()[-1] == (45, 60))

    uvloop.run(scene())


def test_a_disagreement_of_both_lines_is_a_gap_until_the_new_snapshots() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            wrong = price_change(5, change(UP, "BUY", "0.41", "5", best_bid="0.44", best_ask="0.6"))
            stage.venue.books[UP] = book(UP, [("0.44", "5")], [("0.6", "5")], 6)
            await stage.venue.broadcast(wrong)
            await stage.until(lambda: stage.tops()[-1] == (44, 60))
            assert stage.feed_changes() == [FeedChange.GAP, FeedChange.RESYNCED]
            operations = [frame.get("operation") for frame in stage.venue.clients[0].received]
            assert operations[-2:] == ["unsubscribe", "subscribe"]

    uvloop.run(scene())


def test_invalid_operation_replaces_the_connection() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            await stage.venue.live[1].send(b"INVALID OPERATION")
            await stage.until(lambda: len(stage.venue.clients) == 3 and len(stage.venue.live) == 2)
            assert stage.health()["counts"]["invalid_operation"] == 1
            assert stage.feed_changes() == []

    uvloop.run(scene())


def test_an_empty_answer_to_the_subscription_ends_in_another_connection() -> None:
    async def scene() -> None:
        async with staged(unknown_assets=True) as stage:
            await stage.until(lambda: stage.health()["counts"].get("empty_array", 0) >= 2)
            stage.venue.unknown_assets = False
            stage.advance(6)
            await stage.until(lambda: len(stage.venue.clients) >= 4)
            await stage.both_live()
            assert stage.tops() == [(40, 60)]

    uvloop.run(scene())


def test_rubbish_duplicates_and_frames_out_of_order_never_make_a_wrong_book() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            early = price_change(-50, change(UP, "BUY", "0.5", "7", best_bid="0.5", best_ask="0.6"))
            for message in (step("0.41", 10), step("0.41", 10), early, {"event_type": "weather"}, b"PONG"):
                await stage.venue.broadcast(message)
            await stage.venue.broadcast(
                price_change(30, change(UP, "BUY", "0.43", "7", best_bid="0.43", best_ask="0.6"))
            )
            await stage.venue.broadcast(
                price_change(20, change(UP, "BUY", "0.43", "9", best_bid="0.43", best_ask="0.6"))
            )
            await stage.until(lambda: stage.health()["counts"].get("late_levels", 0) == 2)
            assert stage.tops() == [(40, 60), (41, 60), (43, 60)]
            stage.venue.books[UP] = book(UP, [("0.39", "5")], [("0.6", "5")], 40)
            await stage.venue.broadcast(b"{rubbish")
            await stage.until(lambda: stage.tops()[-1] == (39, 60))
            assert stage.health()["counts"]["malformed_json"] == 2

    uvloop.run(scene())


def test_a_ping_goes_out_every_ten_seconds() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            assert [client.pings for client in stage.venue.live] == [0, 0]
            for pings in (1, 2):
                stage.advance(10)
                await stage.until(lambda pings=pings: [c.pings for c in stage.venue.live] == [pings] * 2)
            assert stage.health()["counts"]["pong"] >= 2

    uvloop.run(scene())


def test_a_quiet_market_is_confirmed_by_rest_and_stays_fresh() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            await asyncio.sleep(0.3)
            stage.advance(26)
            await stage.until(lambda: stage.health()["rest_asked"] == 2)
            await stage.until(lambda: sum("/book" in path for path in stage.venue.rest_requests) == 2)
            await asyncio.sleep(0.3)
            assert stage.health()["stale"] == []
            assert stage.feed_changes() == []

    uvloop.run(scene())


def test_a_dead_feed_is_found_out_by_rest_said_and_reconnected() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            await asyncio.sleep(0.3)
            for client in stage.venue.live:
                client.stalled = True
            stage.venue.books[UP] = book(UP, [("0.47", "5")], [("0.6", "5")], 30_000)
            stage.advance(26)
            await stage.until(lambda: FeedChange.STALE in stage.feed_changes())
            await stage.until(lambda: stage.tops()[-1] == (47, 60))
            await stage.until(lambda: stage.health()["stale"] == [])
            assert stage.feed_changes()[-1] == FeedChange.RESYNCED
            assert stage.feed_changes(1) == []

    uvloop.run(scene())


def test_lines_that_differ_at_one_venue_time_are_settled_by_rest() -> None:
    async def scene() -> None:
        async with staged() as stage:
            await stage.both_live()
            wrong, right = book(UP, [("0.3", "5")], [("0.6", "5")], 50), book(UP, [("0.45", "5")], [("0.6", "5")], 50)
            stage.venue.books[UP] = right
            leading = stage.venue.clients[0]
            await leading.send(wrong)
            await stage.venue.clients[1].send(right)
            await stage.until(lambda: stage.health()["divergences"] == 1)
            await stage.until(lambda: stage.tops()[-1] == (45, 60))
            assert stage.feed_changes() == []

    uvloop.run(scene())


def test_the_next_window_is_subscribed_before_the_boundary_and_the_old_one_left_after_it_is_resolved() -> None:
    async def scene() -> None:
        markets = {
            SLUG: gamma.market(SLUG),
            NEXT_SLUG: gamma.market(NEXT_SLUG, NEXT_UP, NEXT_DOWN, conditionId="0x" + "cd" * 32),
        }
        books = {token: book(token, [("0.4", "5")], [("0.6", "5")], 0) for token in (UP, DOWN)}
        books |= {token: book(token, [("0.5", "5")], [("0.51", "5")], 0) for token in (NEXT_UP, NEXT_DOWN)}
        async with staged(at_s=880, ahead=1, markets=markets, books=books) as stage:
            await stage.until(lambda: stage.health()["counts"].get("snapshots", 0) == 8)
            assert stage.tops(2) == [(50, 51)]
            assert stage.market_changes() == [MarketChange.OPENED]
            stage.advance(30)
            await stage.until(lambda: stage.market_changes() == [MarketChange.OPENED, MarketChange.CLOSED])
            await stage.venue.broadcast(
                {"event_type": "market_resolved", "winning_asset_id": UP, "timestamp": feed.timestamp(960_000)}
            )
            await stage.until(lambda: stage.market_changes()[-1] == MarketChange.RESOLVED)
            await asyncio.sleep(0.6)
            stage.advance(6)
            await stage.until(lambda: all({UP, DOWN}.isdisjoint(client.active) for client in stage.venue.live))
            assert len(stage.venue.clients) == 2, "a boundary needs no reconnect"
            assert stage.feed_changes() == []
            assert stage.health()["counts"]["snapshots"] == 8

    uvloop.run(scene())


def test_a_market_is_looked_for_until_it_is_hydrated_and_a_refused_one_is_skipped_by_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        markets = {SLUG: gamma.market(SLUG, clobTokenIds="[]"), NEXT_SLUG: gamma.market(NEXT_SLUG, version=None)}
        async with staged(ahead=1, markets=markets) as stage:
            await stage.until(lambda: stage.health()["windows"].get(NEXT_SLUG, {}).get("skipped", False))
            assert "no token ids yet" in stage.health()["windows"][SLUG]["reason"]
            stage.venue.markets[SLUG] = gamma.market(SLUG)
            stage.advance(6)
            await stage.both_live()
            assert stage.market_changes() == [MarketChange.OPENED]

    uvloop.run(scene())
    assert f"skipped: {NEXT_SLUG}: expected version 'v1' or 'v2', was None" in caplog.text


def test_a_recorded_round_over_both_lines_is_published_in_the_order_of_a_session_alone() -> None:
    path = sorted((feed.data_folder() / "btc5m_ws_book" / "frames").glob("*.jsonl.gz"))[1]
    frames, token = [], None
    for frame, _ in feed.recorded_frames(path):
        message = orjson.loads(frame)
        token = token or message["asset_id"]
        if message["asset_id"] == token:
            frames.append(frame.replace(token.encode(), UP.encode()))
    alone = MemorySink()
    session = MarketSession(alone)
    session.add_market(feed.UP_ROW, feed.DOWN_ROW, 1)
    for frame in frames[:1500]:
        session.receive_frame(frame, 1)

    async def scene() -> None:
        async with staged(books={DOWN: book(DOWN, [], [], 0), UP: orjson.loads(frames[0])}) as stage:
            await stage.both_live()
            for frame in frames[1:1500]:
                await stage.venue.broadcast(frame)
            await stage.until(lambda: stage.health()["counts"]["book"] == 2 * 1500 + 2)
            ours = [record[4:9] for record in stage.sink.of_kind(Kind.TOB) if record.instrument == 0]
            theirs = [record[4:9] for record in alone.of_kind(Kind.TOB)]
            # Where one line got 250 ms ahead, what the other had not yet said of those is left out.
            in_order = iter(theirs)
            assert all(record in in_order for record in ours)
            assert ours[-1] == theirs[-1]
            if not stage.health()["lead_changes"]:
                assert ours == theirs

    uvloop.run(scene())
