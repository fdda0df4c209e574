"""Takes the time at each stage between a record in the ring and bytes at a socket, in a running live engine.

The engine's own objects are wrapped, nothing of them is changed: what is measured is what runs. Times are of the
monotonic clock, which all processes of a machine share.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from engine.execution.polymarket.gateway import PolymarketGateway
from engine.execution.polymarket.tls_transport import TlsTransport
from engine.execution.polymarket.user_stream import UserStream
from engine.kernel.kernel import Kernel
from engine.model.commands import Cancel, Command, Place
from engine.runtime.live import Driver

STAGES: Final = ("woke", "intent", "approved", "journalled", "signed", "sent")


class Sample(msgspec.Struct, frozen=True):
    """One order or cancel that left: what it was for, and when each stage was over, monotonic ns.

    `answered_ns` is when the answer came to which the engine reacted with it, 0 where it reacted to a record.
    """

    order: str
    what: str
    woke_ns: int
    intent_ns: int
    approved_ns: int
    journalled_ns: int
    signed_ns: int
    sent_ns: int
    answered_ns: int = 0


class Cancelled(msgspec.Struct, frozen=True):
    """A cancel that left and was answered, monotonic ns."""

    order: str
    sent_ns: int
    answered_ns: int


class Taken(msgspec.Struct):
    """What was measured."""

    samples: list[Sample] = []
    cancels: list[Cancelled] = []


class Marks:
    """The wrappers and what they have taken."""

    def __init__(self) -> None:
        self.taken = Taken()
        self._now = time.monotonic_ns
        self._turned_ns = self._woke_ns = self._answered_ns = self._written_ns = 0
        self._intent_ns = self._approved_ns = self._journalled_ns = 0
        self._leaving: Command | None = None

    def watch_driver(self, driver: Driver) -> None:
        """Note when a turn begins."""
        turn = driver.turn

        def marked() -> None:
            self._turned_ns, self._woke_ns = self._woke_ns, self._now()
            turn()

        driver.turn = marked  # type: ignore[method-assign]

    def watch_kernel(self, kernel: Kernel) -> None:
        """Note when a strategy has decided, when risk and firewall have, and when the journal has it."""
        step, decision = kernel.strategy.step, kernel.recorder.decision

        def marked_step(state: Any, event: Any) -> Any:
            result = step(state, event)
            if result[1]:
                self._intent_ns = self._now()
            return result

        def marked_decision(*arguments: Any) -> None:
            self._approved_ns = self._now()
            decision(*arguments)
            self._journalled_ns = self._now()

        kernel.strategy.step = marked_step  # type: ignore[method-assign]
        kernel.recorder.decision = marked_decision  # type: ignore[assignment, method-assign]

    def watch_stream(self, stream: UserStream) -> None:
        """Note when the user channel says something: often it tells of a cancel before its answer does."""
        on_frame = stream.on_frame

        def marked(frame: bytes) -> None:
            self._answered_ns = self._now()
            on_frame(frame)

        stream.on_frame = marked

    def written(self) -> None:
        """Note that the socket has taken what was written."""
        self._written_ns = self._now()

    def watch_writes(self) -> None:
        """Note every write on a TLS connection of this process."""
        write = TlsTransport.write

        def marked(transport: TlsTransport, data: bytes | bytearray | memoryview) -> None:
            write(transport, data)
            self.written()

        TlsTransport.write = marked  # type: ignore[assignment, method-assign]

    def watch_gateway(self, gateway: PolymarketGateway) -> None:
        """Note when an order is signed and written, when its bytes are with the socket, and when a cancel is
        answered.
        """
        submit, place, cancel = gateway.submit, gateway.wire.place, gateway.wire.cancel

        def marked_submit(command: Command, now_ns: int) -> None:
            self._leaving = command
            submit(command, now_ns)

        def marked_place(body: bytes, on_answer: Callable[..., None]) -> bool:
            signed_ns = self._now()
            left = place(body, on_answer)
            if left:
                self._take(signed_ns)
            return left

        def marked_cancel(remote_id: str, on_answer: Callable[..., None]) -> None:
            command = self._leaving

            def answered(answer: Any) -> None:
                self._answered_ns = self._now()
                if isinstance(command, Cancel):
                    self.taken.cancels.append(Cancelled(command.order, signed_ns, self._answered_ns))
                on_answer(answer)

            signed_ns = self._now()
            cancel(remote_id, answered)
            self._take(signed_ns)

        gateway.submit = marked_submit  # type: ignore[method-assign]
        gateway.wire.place = marked_place  # type: ignore[method-assign]
        gateway.wire.cancel = marked_cancel  # type: ignore[method-assign]

    def _take(self, signed_ns: int) -> None:
        command = self._leaving
        if not isinstance(command, Place | Cancel) or self._written_ns < signed_ns:  # it waits for a line
            return
        what = command.purpose.name.lower() if isinstance(command, Place) else "cancel"
        if isinstance(command, Place) and command.prepared:
            what = f"presigned_{what}"
        answered_ns = self._answered_ns if self._answered_ns > self._turned_ns else 0  # since the last turn: the cause
        self.taken.samples.append(
            Sample(
                command.order,
                what,
                self._woke_ns,
                self._intent_ns,
                self._approved_ns,
                self._journalled_ns,
                signed_ns,
                self._written_ns,
                answered_ns,
            )
        )


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """Return p50, p99 and p99.9; nan where there are too few values to tell."""
    rows = sorted(values)
    if len(rows) < 2:
        return {"p50": rows[0] if rows else float("nan"), "p99": float("nan"), "p999": float("nan")}
    cuts = statistics.quantiles(rows, n=1_000, method="inclusive")
    return {"p50": round(cuts[499], 1), "p99": round(cuts[989], 1), "p999": round(cuts[998], 1)}
