"""The venue as a source: two lines to the market channel, windows from Gamma, second opinions from REST.

With other hosts it is the source for anything that speaks the venue's protocol, the local exchange first of all.
"""

import asyncio
import itertools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from engine.model.units import NS_PER_S
from feeder.clock import SteadyClock
from feeder.discovery import LookupFailedError, NotReadyError, RefusedError, read_market
from feeder.health import Rate, book_health
from feeder.line import Line
from feeder.lines import Lines
from feeder.link import FrameTap
from feeder.listings import Listings
from feeder.reference import ReferencePrices
from feeder.reference_line import ReferenceLine, polybolt, rtds
from feeder.rest import RestBook
from feeder.rounds import Rounds, Window
from feeder.session import MarketSession
from feeder.tape import TradeTape
from feeder.transport import Backoff, Connect
from feeder.watch import Advice, Finding, Opinion, Watchdog, judge
from shm.layout import ALL_INSTRUMENTS, FeedChange, Kind, Result
from shm.sink import RecordSink

STEP_S: Final = 0.25
LINE_NAMES: Final = "ABCDEFGH"
LINES_MAX: Final = len(LINE_NAMES)

_log = logging.getLogger("feeder")


@dataclass(frozen=True)
class PolymarketOptions:
    """What to follow, and how; reference prices are the first asset's. `seed` fixes the jitter of the reconnects."""

    market_ws_url: str = "wss://ws-subscriptions-clob.polymarket.com/ws/market"
    assets: tuple[str, ...] = ("btc",)
    length_s: int = 900
    ahead: int = 2
    slugs: tuple[str, ...] = ()
    lines: int = 2
    seed: int = 0
    polybolt_url: str | None = None
    polybolt_credentials: Mapping[str, str] | None = None
    rtds_url: str | None = None


class Rest(Protocol):
    """What the source asks over REST; feeder.rest.RestClient over HTTP."""

    async def market(self, slug: str) -> object | None:
        """Return the decoded Gamma market of a slug, or None when there is none. Raises LookupFailedError."""
        ...

    async def book(self, token_id: str) -> RestBook | None:
        """Return a token's book, or None when it has none or nobody answered."""
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...


class PolymarketSource:
    """Follows the windows of some assets, and any others by slug, over redundant lines."""

    name = "polymarket"

    def __init__(
        self,
        options: PolymarketOptions,
        rest: Rest,
        connect: Connect,
        *,
        clock: SteadyClock | None = None,
        tap: FrameTap | None = None,
    ) -> None:
        assert 1 <= options.lines <= LINES_MAX, f"expected 1 to 8 lines, was {options.lines}"
        self._options = options
        self._rest = rest
        self._connect = connect
        self._clock = clock or SteadyClock()
        self._tap = tap
        self._rounds = Rounds(options.assets, options.length_s, options.ahead, options.slugs)
        self._lines = Lines()
        self._line_tasks: list[Line] = []
        self._watchdog = Watchdog()
        self._rate = Rate()
        self._tape = TradeTape()
        self._connected = False
        self._opinions: set[asyncio.Task[None]] = set()
        self._rest_asked = 0
        self._prices: ReferencePrices | None = None

    async def run(self, sink: RecordSink, stop: asyncio.Event) -> None:
        """Publish the venue's data until `stop` is set."""
        self._sink = sink
        self._listings = Listings(sink)
        numbers = itertools.count()
        self._line_tasks = [self._make_line(LINE_NAMES[i], i, numbers) for i in range(self._options.lines)]
        prices = self._prices = ReferencePrices(sink, self._options.assets[0], self._options.length_s)
        try:
            async with asyncio.TaskGroup() as tasks:
                for reference in self._make_reference_lines(prices):
                    tasks.create_task(reference.run(stop))
                for line in self._line_tasks:
                    tasks.create_task(line.run(stop))
                tasks.create_task(self._find_markets(stop))
                tasks.create_task(self._step_until(stop))
        finally:
            for opinion in self._opinions:
                opinion.cancel()
            await self._rest.close()

    def health(self) -> Mapping[str, object]:
        """Return rates, windows, lines and books as they are now."""
        now_ns = self._clock()
        counts = self._lines.counts()
        return {
            "messages": counts.get("frames", 0),
            "messages_per_s": round(self._rate.update(counts.get("frames", 0), now_ns), 1),
            "counts": counts,
            "lead_changes": self._lines.lead_changes,
            "divergences": self._lines.divergences,
            "rest_asked": self._rest_asked,
            "stale": sorted(self._watchdog.stale),
            "lines": {line.name: self._line_health(line) for line in self._line_tasks},
            "windows": {slug: self._window_health(window) for slug, window in self._rounds.windows.items()},
            "reference": dict(self._prices.complaints.counts) if self._prices else {},
            "books": self._books_health(now_ns),
        }

    def _make_line(self, name: str, number: int, numbers: "itertools.count[int]") -> Line:
        return Line(
            name,
            self._options.market_ws_url,
            self._connect,
            lines=self._lines,
            open_session=self._open_session,
            equip=self._equip,
            numbers=numbers,
            clock=self._clock,
            backoff=Backoff(self._options.seed + number),
            tap=self._tap,
        )

    def _make_reference_lines(self, prices: ReferencePrices) -> list[ReferenceLine]:
        options, feeds = self._options, []
        if options.polybolt_url is not None and options.polybolt_credentials is not None:
            feeds.append(
                polybolt(
                    options.polybolt_url, options.assets[0], options.length_s, options.polybolt_credentials, prices
                )
            )
        if options.rtds_url is not None:
            feeds.append(rtds(options.rtds_url, options.assets[0], prices))
        return [
            ReferenceLine(feed, prices, self._connect, self._clock, Backoff(options.seed + LINES_MAX + i))
            for i, feed in enumerate(feeds)
        ]

    def _open_session(self, name: str) -> MarketSession:
        """Return a session that follows nothing yet; the lines decide what it publishes."""
        return MarketSession(self._sink, listings=self._listings, tape=self._tape, lead=False, name=name)

    def _equip(self, session: MarketSession) -> None:
        """Let the session of a new connection follow everything there is to follow."""
        if not self._connected:
            self._connected = True
            self._say(FeedChange.CONNECTED, ALL_INSTRUMENTS, self._clock())
        for window in self._rounds.windows.values():
            if window.market is not None:
                session.add_market(window.market.up, window.market.down, self._clock())

    async def _find_markets(self, stop: asyncio.Event) -> None:
        """Look the windows up as they come into sight, one after the other."""
        while not stop.is_set():
            now_s = self._clock() / NS_PER_S
            self._rounds.roll(now_s)
            for window in self._rounds.to_find(now_s):
                await self._find(window)
            await _wait(stop, STEP_S)

    async def _find(self, window: Window) -> None:
        now_s = self._clock() / NS_PER_S
        try:
            answer = await self._rest.market(window.slug)
            if answer is None:
                raise NotReadyError(f"{window.slug}: there is no such market yet")
            window.market = read_market(answer, window.slug)
        except (NotReadyError, LookupFailedError) as error:
            self._rounds.not_found(window, now_s, str(error))
        except RefusedError as error:
            _log.error("skipped: %s", error)
            self._rounds.skip(window, str(error))
        if window.market is not None:
            tokens = [window.market.up.token_id, window.market.down.token_id]
            for session in self._lines.sessions.values():
                session.add_market(window.market.up, window.market.down, self._clock())
            self._lines.adopt(tokens, self._clock())

    async def _step_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._step()
            await _wait(stop, STEP_S)

    def _step(self) -> None:
        """Do what time makes due: boundaries, staleness, divergences."""
        now_ns = self._clock()
        self._connected = bool(self._lines.sessions)
        self._roll_windows(now_ns)
        for finding in self._watchdog.check(self._heard(now_ns), now_ns):
            self._follow(finding, now_ns)
        for token_id in self._lines.divergent(now_ns):
            _log.warning("the lines disagree about %s at the same venue time", token_id)
            self._ask_rest(token_id)

    def _roll_windows(self, now_ns: int) -> None:
        now_s = now_ns / NS_PER_S
        for window in self._rounds.ended(now_s):
            assert window.market is not None, f"{window.slug} ended without a market"
            for token in (window.market.up, window.market.down):
                listing = self._listings.by_token(token.token_id)
                if listing is not None:
                    self._listings.close(listing, now_ns)
        for window in self._rounds.windows.values():
            listing = self._listings.by_token(window.market.up.token_id) if window.market else None
            if listing is not None and listing.result != Result.UNKNOWN and window.resolved_s is None:
                window.resolved_s = now_s
        for window in self._rounds.finished(now_s):
            self._let_go(window)

    def _let_go(self, window: Window) -> None:
        if window.market is None:
            _log.warning("%s was never found: %s", window.slug, window.reason)
            return
        tokens = [window.market.up.token_id, window.market.down.token_id]
        self._lines.drop(tokens)
        for session in self._lines.sessions.values():
            session.drop_market(tokens[0])
        for token_id in tokens:
            self._watchdog.forget(token_id)
        moved_ns = self._clock.anchor()
        _log.info("%s is done; the wall clock had moved by %d us", window.slug, moved_ns // 1000)

    def _heard(self, now_ns: int) -> dict[str, dict[int, int]]:
        """Return when each line last had data of each token of a running window.

        A line that has had none yet is not late: the wait for its snapshot ends by itself.
        """
        heard: dict[str, dict[int, int]] = {}
        for window in self._rounds.running(now_ns / NS_PER_S):
            assert window.market is not None, f"{window.slug} runs without a market"
            for token_id in (window.market.up.token_id, window.market.down.token_id):
                books = {line: session.book(token_id) for line, session in self._lines.sessions.items()}
                heard[token_id] = {line: book.recv_ts_ns for line, book in books.items() if book and book.recv_ts_ns}
        return heard

    def _follow(self, finding: Finding, now_ns: int) -> None:
        """Do what the watchdog advises."""
        if finding.advice == Advice.ASK_REST:
            self._ask_rest(finding.token_id)
        elif finding.advice == Advice.FRESH:
            self._say(FeedChange.RESYNCED, self._index(finding.token_id), now_ns)
        elif finding.advice == Advice.RESYNC and finding.line is not None:
            self._lines.resync(finding.line, finding.token_id, now_ns)
        else:
            self._reconnect(finding.line, f"no data of {finding.token_id}, which another line has")

    def _reconnect(self, number: int | None, reason: str) -> None:
        for line in self._line_tasks:
            if line.link is not None and number in (None, line.link.number):
                line.request_reconnect(reason)

    def _ask_rest(self, token_id: str) -> None:
        self._rest_asked += 1
        opinion = asyncio.create_task(self._settle_by_rest(token_id))
        self._opinions.add(opinion)
        opinion.add_done_callback(self._opinions.discard)

    async def _settle_by_rest(self, token_id: str) -> None:
        """Compare every line's book with REST's: resync what differs; no line that agrees means a stale token."""
        answer = await self._rest.book(token_id)
        now_ns = self._clock()
        agreed = False
        for number, session in list(self._lines.sessions.items()):
            book = session.book(token_id)
            opinion = judge(answer, book.top, book.venue_ts_ns) if answer and book else None
            agreed |= opinion == Opinion.AGREES
            if opinion == Opinion.DIFFERS:
                self._lines.resync(number, token_id, now_ns)
        if agreed:
            self._watchdog.confirmed(token_id, now_ns)
        elif self._watchdog.refuted(token_id, now_ns):
            self._say(FeedChange.STALE, self._index(token_id), now_ns)
            self._reconnect(None, f"no line has current data of {token_id}")

    def _index(self, token_id: str) -> int:
        listing = self._listings.by_token(token_id)
        assert listing is not None, f"no listing of {token_id}"
        return listing.index

    def _say(self, change: FeedChange, instrument: int, now_ns: int) -> None:
        self._sink.publish(Kind.FEED, 0, instrument, change, 0, 0, 0, 0, 0, now_ns)

    def _window_health(self, window: Window) -> dict[str, object]:
        """Return how far a window is; a strike that is not known is None, never a guess."""
        return {
            "found": window.market is not None,
            "skipped": window.skipped,
            "closed": window.closed,
            "resolved": window.resolved_s is not None,
            "strike_e8": self._prices.strike_e8(window.start_s) if self._prices else None,
            "reason": window.reason,
        }

    def _line_health(self, line: Line) -> dict[str, object]:
        link = line.link
        parse_us = link.timed_ns / link.timed_frames / 1000 if link and link.timed_frames else None
        return {
            "connected": link is not None,
            "connections": line.connections,
            "reconnects": line.reconnects,
            "parse_us": parse_us,
        }

    def _books_health(self, now_ns: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for window in self._rounds.windows.values():
            for token in (window.market.up, window.market.down) if window.market else ():
                leader = self._lines.leader(token.token_id)
                book = self._lines.sessions[leader].book(token.token_id) if leader is not None else None
                if book is not None:
                    found[token.token_id] = {"slug": token.slug, "leader": leader, **book_health(book, now_ns)}
        return found


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
