"""What faults do to streams: each connection's frames pass a gate that loses, doubles, reorders or holds them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from engine.exchange.server.faults import ENDINGS, OF_FRAMES, ArmedFault, Fault, Kind
from engine.exchange.server.messages import Request
from engine.exchange.streams.out import FrameKind


class GatedConnection(Protocol):
    """A connection as its gate knows it."""

    def send_now(self, payload: bytes) -> None:
        """Send one text frame past the gate."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake."""
        ...

    def abort(self) -> None:
        """Reset the connection."""
        ...


class _Held(msgspec.Struct):
    """A frame that waits: for a time, for so many events, or for the end of its fault."""

    payload: bytes
    armed: ArmedFault
    until_ms: int | None
    events_left: int | None

    def is_due(self, now_ms: int) -> bool:
        return (self.until_ms is not None and now_ms >= self.until_ms) or self.events_left == 0


class StreamGate:
    """The gate of one connection."""

    def __init__(
        self,
        armed: Mapping[str, ArmedFault],
        name: str,
        request: Request,
        number: int,
        *,
        on_held: Callable[[], None],
        on_closed: Callable[[int], None],
    ) -> None:
        self._armed = armed
        self._name = name
        self._request = request
        self._number = number
        self._on_held = on_held
        self._on_closed = on_closed
        self._connection: GatedConnection | None = None
        self._held: list[_Held] = []
        self._tried: set[ArmedFault] = set()

    def opened(self, connection: GatedConnection, now_ms: int) -> None:
        """Begin to guard a connection; it may be ended at once."""
        self._connection = connection
        self.wake(now_ms)

    def closed(self) -> None:
        """Forget a connection that is gone, and what was held for it."""
        self._connection = None
        self._held.clear()
        self._on_closed(self._number)

    def outgoing(self, kind: FrameKind, payload: bytes, now_ms: int) -> Sequence[bytes]:
        """Return the frames to send instead of this one, in order."""
        if not self._armed and not self._held:
            return (payload,)
        frames = self._due(now_ms)
        if kind == FrameKind.REPLY:
            return [*frames, payload]
        passing = self._pass(kind, payload, now_ms)
        if passing and kind == FrameKind.DATA:
            for held in self._held:
                if held.events_left is not None:
                    held.events_left -= 1
        return [*frames, *passing, *self._due(now_ms)]

    def wake_at_ms(self) -> int | None:
        """Return when a frame is due, or a fault that ends the connection begins."""
        times = [held.until_ms for held in self._held if held.until_ms is not None]
        times += [armed.fault.start_ms for armed in self._endings()]
        return min(times, default=None)

    def wake(self, now_ms: int) -> None:
        """Send what is due, and end the connection if a fault wants that."""
        if self._connection is None:
            return
        for frame in self._due(now_ms):
            self._connection.send_now(frame)
        for armed in self._endings():
            if now_ms >= armed.fault.start_ms:
                self._tried.add(armed)
                if armed.strikes(now_ms):
                    self._end(armed.fault)

    def release(self, armed: ArmedFault) -> None:
        """Send what a fault that is over has held back."""
        for held in [held for held in self._held if held.armed is armed]:
            self._held.remove(held)
            if self._connection is not None:
                self._connection.send_now(held.payload)

    def _pass(self, kind: FrameKind, payload: bytes, now_ms: int) -> list[bytes]:
        """Return what becomes of an event or snapshot: the first fault that strikes decides."""
        for armed in self._fitting(OF_FRAMES):
            fault = armed.fault
            waits_for_next = fault.kind == Kind.REORDER and any(held.armed is armed for held in self._held)
            if _concerns(fault.kind, kind) and not waits_for_next and armed.strikes(now_ms):
                return self._apply(armed, payload, now_ms)
        return [payload]

    def _apply(self, armed: ArmedFault, payload: bytes, now_ms: int) -> list[bytes]:
        fault, params = armed.fault, armed.fault.params
        if fault.kind == Kind.DUPLICATE:
            return [payload, payload]
        if fault.kind == Kind.BACKLOG:
            self._hold(_Held(payload, armed, fault.until_ms, None))
        elif fault.kind == Kind.REORDER:
            self._hold(_Held(payload, armed, now_ms + params.delay_ms, 1))
        elif fault.kind == Kind.LATE_SNAPSHOT:
            self._hold(_Held(payload, armed, now_ms + params.delay_ms, params.after_frames))
        return []

    def _hold(self, held: _Held) -> None:
        self._held.append(held)
        self._on_held()

    def _due(self, now_ms: int) -> list[bytes]:
        due = [held for held in self._held if held.is_due(now_ms)]
        if due:
            self._held = [held for held in self._held if not held.is_due(now_ms)]
        return [held.payload for held in due]

    def _endings(self) -> list[ArmedFault]:
        """Return the faults that would end this connection and have not tried yet."""
        return [armed for armed in self._fitting(ENDINGS) if armed not in self._tried]

    def _fitting(self, kinds: Iterable[Kind]) -> list[ArmedFault]:
        return [
            armed
            for armed in self._armed.values()
            if armed.fault.kind in kinds and armed.fault.target.fits(self._name, self._request, self._number)
        ]

    def _end(self, fault: Fault) -> None:
        assert self._connection is not None
        if fault.kind == Kind.CLOSE:
            self._connection.close(fault.params.code, fault.params.reason)
        else:
            self._connection.abort()


def _concerns(fault: Kind, frame: FrameKind) -> bool:
    if fault in (Kind.STALL, Kind.BACKLOG):
        return True
    return (frame == FrameKind.SNAPSHOT) == (fault == Kind.LATE_SNAPSHOT)
