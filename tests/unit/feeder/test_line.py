"""A line over a transport that the test scripts: refusals, losses and replacements."""

import asyncio
import itertools

import orjson

from feeder.collect import MemorySink
from feeder.line import Line
from feeder.lines import Lines
from feeder.listings import Listings
from feeder.session import MarketSession
from feeder.transport import Backoff, ConnectError, Connection, FrameListener
from tests import support_feed as feed
from tests.support_feed import DOWN, UP, book


class FakeVenue:
    """Accepts connections, or refuses the next `refusals`, and answers each first frame with books."""

    def __init__(self) -> None:
        self.refusals = 0
        self.attempts = 0
        self.open: list[FakeConnection] = []
        self.most_open = 0

    async def connect(self, url: str, listener: FrameListener) -> Connection:
        self.attempts += 1
        if self.refusals:
            self.refusals -= 1
            raise ConnectError(f"no connection to {url}: refused")
        connection = FakeConnection(self, listener)
        self.open.append(connection)
        self.most_open = max(self.most_open, len(self.open))
        return connection


class FakeConnection:
    def __init__(self, venue: FakeVenue, listener: FrameListener) -> None:
        self.venue = venue
        self.listener = listener

    def send(self, frame: bytes) -> None:
        if b'"type":"market"' in frame:
            books = [book(token, [("0.4", "5")], [("0.6", "5")], 0) for token in (UP, DOWN)]
            asyncio.get_running_loop().call_soon(self.listener.on_frame, orjson.dumps(books))

    async def close(self) -> None:
        self.lose()

    def lose(self) -> None:
        if self in self.venue.open:
            self.venue.open.remove(self)
            self.listener.on_closed("the connection was closed")


def equip(session: MarketSession) -> None:
    session.add_market(feed.UP_ROW, feed.DOWN_ROW, 1)


class Stage:
    def __init__(self) -> None:
        self.venue, self.sink, self.lines = FakeVenue(), MemorySink(), Lines()
        listings = Listings(self.sink)
        self.line = Line(
            "A",
            "ws://venue",
            self.venue.connect,
            lines=self.lines,
            open_session=lambda name: MarketSession(self.sink, listings=listings, lead=False, name=name),
            equip=equip,
            numbers=itertools.count(),
            clock=lambda: feed.T0_NS + int(asyncio.get_running_loop().time() * 1e9),
            backoff=Backoff(0, first_s=0.01, longest_s=0.02),
        )
        self.stop = asyncio.Event()

    async def until_live(self) -> None:
        async with asyncio.timeout(10):
            while self.line.link is None or not self.line.link.is_complete:
                await asyncio.sleep(0.002)

    async def end(self, running: "asyncio.Task[None]") -> None:
        self.stop.set()
        await asyncio.wait_for(running, 10)
        assert self.venue.open == []
        assert dict(self.lines.sessions) == {}


def test_refused_connections_are_tried_again_until_one_is_made() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.venue.refusals = 3
        running = asyncio.create_task(stage.line.run(stage.stop))
        await stage.until_live()
        assert (stage.venue.attempts, stage.line.connections, stage.line.reconnects) == (4, 1, 0)
        await stage.end(running)

    asyncio.run(scene())


def test_a_lost_connection_is_made_anew_under_a_new_number() -> None:
    async def scene() -> None:
        stage = Stage()
        running = asyncio.create_task(stage.line.run(stage.stop))
        await stage.until_live()
        lost = stage.line.link
        stage.venue.open[0].lose()
        async with asyncio.timeout(10):
            while stage.line.link in (None, lost):
                await asyncio.sleep(0.002)
        await stage.until_live()
        assert (list(stage.lines.sessions), stage.line.reconnects, stage.venue.most_open) == ([1], 1, 1)
        await stage.end(running)

    asyncio.run(scene())


def test_a_wanted_reconnect_keeps_the_old_connection_until_the_new_one_has_its_books() -> None:
    async def scene() -> None:
        stage = Stage()
        running = asyncio.create_task(stage.line.run(stage.stop))
        await stage.until_live()
        stage.line.request_reconnect("a test")
        async with asyncio.timeout(10):
            while stage.line.reconnects == 0 or len(stage.venue.open) != 1:
                await asyncio.sleep(0.002)
        assert (stage.venue.most_open, list(stage.lines.sessions)) == (2, [1])
        assert stage.lines.leader(UP) == 1
        await stage.end(running)

    asyncio.run(scene())


def test_a_replacement_that_is_refused_leaves_the_old_connection_in_use() -> None:
    async def scene() -> None:
        stage = Stage()
        running = asyncio.create_task(stage.line.run(stage.stop))
        await stage.until_live()
        stage.venue.refusals = 2
        stage.line.request_reconnect("a test")
        async with asyncio.timeout(10):
            while stage.line.reconnects == 0:
                assert stage.venue.open
                await asyncio.sleep(0.002)
        assert stage.venue.attempts == 4
        await stage.end(running)

    asyncio.run(scene())
