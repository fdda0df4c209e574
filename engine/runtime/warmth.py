"""Keeps the way of an order warm: rehearses it, on a stage of its own, while nothing happens.

An order is rare, and what it runs through is cold when it comes: the interpreter's code, the curve's tables, OpenSSL,
the system's TCP. So a ring with a market that does not exist gets a record that makes a second kernel enter; what it
decides is written to a file that has no name, and its order is signed, written as a request and sent to ourselves.
Nothing of the real engine is touched.
"""

import os
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final
from uuid import uuid4

from engine.config.load import Config
from engine.execution.polymarket.gateway import NEVER_NS, PolymarketGateway
from engine.journal.format import ENCODER, DecisionEntry, EventEntry
from engine.kernel.state import decode_state, encode_state
from engine.model.commands import Cancel, Command, Place, Purpose, ReadPosition
from engine.model.events import Accepted, Event, Fill, Gone, GoneReason, Market, Sellable, Settlement, Tob
from engine.model.fees import CRYPTO_FEES
from engine.model.market import View, open_view
from engine.model.records import RoundRecord, Verdict
from engine.model.units import NS_PER_S, PRICE_ONE_E4, SHARE_U6
from engine.runtime.compose import build_kernel, fresh_state
from engine.runtime.loop import Loop
from engine.runtime.own_line import OwnLine
from engine.runtime.ring_feed import RingFeed
from feeder.recording.market_words import market_words
from shm.layout import ALL_INSTRUMENTS, FeedChange, Kind, MarketChange, pack_level
from shm.objects import unlink
from shm.ring import RingWriter
from shm.sink import Instrument

START_S: Final = 1_800_000_000
CONDITION: Final = "0x" + "0" * 64
TOKENS: Final = ("1" + "0" * 76, "2" + "0" * 76)
TICK_E4: Final = 100
SIZE_U6: Final = 100 * SHARE_U6
MIN_SIZE_U6: Final = 5 * SHARE_U6
_NOW_NS: Final = START_S * NS_PER_S


class _Sketch:
    """Stands where the journal is: encodes what it would hold and writes it over what was there before."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._events = b""

    def event(self, seq: int, event: Event) -> None:
        self._events = ENCODER.encode(EventEntry(seq, event))  # type: ignore[arg-type]

    def decision(
        self, seq: int, intents: list[Command], verdicts: list[Verdict], commands: list[Command], stages: list[str]
    ) -> None:
        entry = ENCODER.encode(DecisionEntry(seq, intents, verdicts, commands, stages))  # type: ignore[arg-type]
        os.pwrite(self._file, self._events + entry, 0)

    def round(self, seq: int, record: RoundRecord) -> None:
        """Keep nothing."""


class _Double:
    """Stands where the gateway is: what would leave is signed by the real one, written, and sent to ourselves.

    With `answers` it is a venue, too, that takes every order, fills every entry and confirms every cancel.
    """

    def __init__(self, gateway: PolymarketGateway, line: OwnLine) -> None:
        self.requests: list[bytes] = []
        self.answers = False
        self._gateway = gateway
        self._line = line
        self._views: dict[int, View] = {}
        self._said: list[Event] = []
        self._held_u6 = 0

    def observe(self, event: Event, now_ns: int) -> None:
        if isinstance(event, Market):
            self._views[event.asset] = open_view(event)

    def shown(self, tob: Tob) -> Tob:
        return tob

    def next_due_ns(self) -> int:
        return 0 if self._said else NEVER_NS

    def take(self, now_ns: int) -> list[Event]:
        said, self._said = self._said, []
        return said

    def submit(self, command: Command, now_ns: int) -> None:
        if isinstance(command, Place):
            self._send(self._gateway.rehearse(command, self._views[command.asset]))
        elif isinstance(command, Cancel):
            self._send(self._gateway.rehearse_cancel())
        if self.answers:
            self._said += self._answer(command, now_ns)

    def _send(self, request: bytes) -> None:
        self.requests.append(request)
        self._line.send(request)

    def _answer(self, command: Command, now_ns: int) -> list[Event]:
        if isinstance(command, Cancel):
            return [Gone(now_ns, command.order, GoneReason.CANCELED, 0)]
        if isinstance(command, ReadPosition):
            return [Sellable(now_ns, command.asset, self._held_u6)]
        if not isinstance(command, Place):
            return []
        name, asset, size_u6 = command.order, command.asset, command.size_u6
        if command.purpose != Purpose.ENTRY:
            return [Accepted(now_ns, name)]
        self._held_u6 = size_u6
        return [
            Accepted(now_ns, name),
            Fill(now_ns, name, "1", asset, command.side, command.price_e4, size_u6, 0, True, Settlement.CONFIRMED),
            Gone(now_ns, name, GoneReason.FILLED, size_u6),
        ]


class Warmth:
    """The rehearsal, in two acts: a bid that reaches the threshold, and one that falls on what is held."""

    def __init__(self, config: Config, gateway: PolymarketGateway, folder: Path | None = None) -> None:
        """`folder` is where the journal is: a nameless file beside it is written.

        Raises:
            ResourceError: There is no loopback to send on.
            RingError: There is no shared memory for a small ring.
        """
        self._config = config
        self._bid_e4 = config["entry_exit"]["ENTRY_BID_THRESHOLD"]
        self._line = OwnLine()
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 (close closes it)
        self._sketch = _Sketch(self._file.fileno())
        name = f"bucketmm_rehearsal_{uuid4().hex[:12]}"
        self._ring = RingWriter(name, capacity=64, instruments=2)
        try:
            self._feed = RingFeed(name, (), 0, gating=False, heartbeat_max_ns=NEVER_NS)
        finally:
            unlink(name)  # both ends have it, and nobody else is to find it
        self._double = _Double(gateway, self._line)
        self._loop = Loop(build_kernel(config, fresh_state(config), self._sketch), self._double)
        self._loop.now_ns = _NOW_NS
        self._open_market()
        self._turn()
        self._before = encode_state(self._loop.kernel.state)
        self._double.answers = True
        self._book(0, self._bid_e4)
        self._turn()
        self._holding = encode_state(self._loop.kernel.state)

    def rehearse(self, *, engaged: bool) -> list[bytes]:
        """Play what may come next and return the requests that were written: a cancel and a stop where an order works
        or shares are held, else an entry.
        """
        self._double.requests = []
        self._double.answers = engaged
        state = decode_state(self._holding if engaged else self._before)
        self._loop.kernel = build_kernel(self._config, state, self._sketch)
        self._book(0, TICK_E4 if engaged else self._bid_e4)
        self._turn()
        return self._double.requests

    def close(self) -> None:
        """Take the stage down."""
        self._feed.close()
        self._ring.close()
        self._file.close()
        self._line.close()

    def _turn(self) -> None:
        for event, visible in self._feed.events(self._feed.drain(), _NOW_NS):
            self._loop.market(event, visible=visible)
        self._loop.catch_up(_NOW_NS)

    def _open_market(self) -> None:
        length_s = self._config["time_windows"]["CONTRACT_DURATION_SEC"] // 1_000
        slug, rate_e6 = f"warm-updown-{length_s}s-{START_S}", CRYPTO_FEES.rate_e6
        rows = [
            Instrument(token, CONDITION, slug, START_S, length_s, side + 1, TICK_E4, MIN_SIZE_U6, rate_e6)
            for side, token in enumerate(TOKENS)
        ]
        for row in rows:
            self._ring.add_instrument(row)
        for side, row in enumerate(rows):
            self._ring.publish(Kind.MARKET, 0, side, MarketChange.OPENED, *market_words(row, 1 - side), 0, _NOW_NS)
        self._ring.publish(Kind.FEED, 0, ALL_INSTRUMENTS, FeedChange.CONNECTED, 0, 0, 0, 0, 0, _NOW_NS)
        self._book(1, PRICE_ONE_E4 - self._bid_e4 - 3 * TICK_E4)
        self._book(0, self._bid_e4 - 2 * TICK_E4)

    def _book(self, side: int, bid_e4: int) -> None:
        """Show a book; a threshold at the end of the scale leaves no room for one, and nothing is rehearsed then."""
        bid_e4 = min(max(bid_e4, TICK_E4), PRICE_ONE_E4 - 2 * TICK_E4)
        bid, ask = pack_level(bid_e4, SIZE_U6), pack_level(bid_e4 + TICK_E4, SIZE_U6)
        self._ring.publish_tob(side, 0, bid, ask, 0, 0, 0, _NOW_NS)
