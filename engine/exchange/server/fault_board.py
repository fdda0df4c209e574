"""The faults that are on, by name: an interceptor for requests, the maker of gates for streams, and woken in time."""

from collections.abc import Callable

from engine.exchange.server.context import Plan, merge
from engine.exchange.server.fault_gate import StreamGate
from engine.exchange.server.faults import OF_REQUESTS, ArmedFault, Fault, plan_of_fault
from engine.exchange.server.messages import Request


def _nothing() -> None:
    return


class FaultBoard:
    """What goes wrong on one server. The order of adding is the order in which faults are asked; `on_change` hears
    that `wake_at_ms` may name an earlier time than before.
    """

    def __init__(self, seed: int, now_ms: Callable[[], int]) -> None:
        self.on_change: Callable[[], None] = _nothing
        self._seed = seed
        self._now_ms = now_ms
        self._armed: dict[str, ArmedFault] = {}
        self._gates: dict[int, StreamGate] = {}

    def add(self, fault: Fault) -> None:
        """Put a fault on; one of the same name is over with that."""
        self.remove(fault.name)
        self._armed[fault.name] = ArmedFault(fault, f"{self._seed}/{fault.name}")
        self.wake(self._now_ms())
        self._changed()

    def remove(self, name: str) -> None:
        """End a fault; what it has held back is sent. One that is not on is ignored."""
        armed = self._armed.pop(name, None)
        if armed is not None:
            for gate in tuple(self._gates.values()):
                gate.release(armed)

    def active(self, now_ms: int) -> dict[str, int]:
        """Return the faults that can happen at a time, with how often they have happened."""
        return {name: armed.happened for name, armed in self._armed.items() if armed.is_active(now_ms)}

    def happened(self) -> dict[str, int]:
        """Return how often each fault that was not removed has happened, those that are over included."""
        return {name: armed.happened for name, armed in self._armed.items()}

    def plan(self, name: str, request: Request, now_ms: int) -> Plan | None:
        """Return what goes wrong with a request, None for nothing."""
        if not self._armed:
            return None
        striking = (
            armed.fault
            for armed in self._armed.values()
            if armed.fault.kind in OF_REQUESTS
            and armed.fault.target.fits(name, request, None)
            and armed.strikes(now_ms)
        )
        return merge([plan_of_fault(fault) for fault in striking])

    def gate(self, name: str, request: Request, number: int) -> StreamGate:
        """Return the gate of a new connection."""
        gate = StreamGate(self._armed, name, request, number, on_held=self._changed, on_closed=self._forget)
        self._gates[number] = gate
        self._changed()  # a fault that begins later may end this connection, too
        return gate

    def wake_at_ms(self) -> int | None:
        """Return when a frame is due or a connection is to be ended, None if nothing is to be done."""
        return min((at for gate in self._gates.values() if (at := gate.wake_at_ms()) is not None), default=None)

    def wake(self, now_ms: int) -> None:
        """Do what is due."""
        for gate in tuple(self._gates.values()):
            gate.wake(now_ms)

    def _changed(self) -> None:
        self.on_change()

    def _forget(self, number: int) -> None:
        del self._gates[number]
