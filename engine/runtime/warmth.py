"""Keeps the way of an order warm: rehearses it, on a stage of its own, while nothing happens.

An order is rare, and what it runs through is cold when it comes: the interpreter's code, the curve's tables. So a
second kernel, with a market that does not exist and a journal that goes nowhere, is given a record that makes it enter;
the order is signed and written as a request, and thrown away. Nothing of the real engine is touched.
"""

from typing import Final

from engine.config.load import Config
from engine.execution.polymarket.gateway import PolymarketGateway
from engine.journal.format import ENCODER, DecisionEntry, EventEntry
from engine.kernel.kernel import Kernel
from engine.kernel.state import decode_state, encode_state
from engine.model.commands import Command, Place
from engine.model.events import Event, Feed, FeedChange, Market, MarketChange, Tob
from engine.model.fees import CRYPTO_FEES
from engine.model.market import View, open_view
from engine.model.records import RoundRecord, Verdict
from engine.model.units import NS_PER_S, SHARE_U6
from engine.runtime.compose import build_kernel, fresh_state

START_S: Final = 1_800_000_000
CONDITION: Final = "0x" + "0" * 64
TOKENS: Final = ("1" + "0" * 76, "2" + "0" * 76)
SIZE_U6: Final = 100 * SHARE_U6


class _Nowhere:
    """Encodes what a journal would hold, and keeps nothing of it."""

    def event(self, seq: int, event: Event) -> None:
        ENCODER.encode(EventEntry(seq, event))  # type: ignore[arg-type]

    def decision(
        self, seq: int, intents: list[Command], verdicts: list[Verdict], commands: list[Command], stages: list[str]
    ) -> None:
        ENCODER.encode(DecisionEntry(seq, intents, verdicts, commands, stages))  # type: ignore[arg-type]

    def round(self, seq: int, record: RoundRecord) -> None:
        """Keep nothing."""


class Warmth:
    """The rehearsal: a config's strategy that stands before its entry, and the gateway that would send the order."""

    def __init__(self, config: Config, gateway: PolymarketGateway) -> None:
        self._config = config
        self._gateway = gateway
        self._now_ns = START_S * NS_PER_S
        self._bid_e4 = config["entry_exit"]["ENTRY_BID_THRESHOLD"]
        self._views: dict[int, View] = {}
        self._before = self._stand_before_the_entry()

    def rehearse(self) -> bytes:
        """Let the bid rise to the threshold and return the request that would leave, b"" if none would."""
        kernel = build_kernel(self._config, decode_state(self._before), _Nowhere())
        for command in kernel.receive(self._book(0, self._bid_e4)):
            if isinstance(command, Place):
                return self._gateway.rehearse(command, self._views[command.asset])
        return b""

    def _stand_before_the_entry(self) -> bytes:
        kernel: Kernel = build_kernel(self._config, fresh_state(self._config), _Nowhere())
        length_s = self._config["time_windows"]["CONTRACT_DURATION_SEC"] // 1_000
        for side in (0, 1):
            opened = Market(
                self._now_ns,
                side,
                1 - side,
                MarketChange.OPENED,
                TOKENS[side],
                CONDITION,
                f"warm-updown-{length_s}s-{START_S}",
                START_S,
                length_s,
                side + 1,
                100,
                5 * SHARE_U6,
                CRYPTO_FEES,
            )
            self._views[side] = open_view(opened)
            kernel.receive(opened)
        kernel.receive(Feed(self._now_ns, -1, FeedChange.CONNECTED))
        kernel.receive(self._book(1, 10_000 - self._bid_e4 - 300))
        kernel.receive(self._book(0, self._bid_e4 - 200))
        return encode_state(kernel.state)

    def _book(self, asset: int, bid_e4: int) -> Tob:
        return Tob(self._now_ns, asset, bid_e4, SIZE_U6, bid_e4 + 100, SIZE_U6, 0, 0, 0, 0)
