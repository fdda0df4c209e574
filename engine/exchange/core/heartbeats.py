"""The dead man's switch: whoever has begun to send heartbeats and stops has all orders cancelled.

Facts (protocol.md 4.7, 2026-11-21): the first beat has an empty id, each later one the id of the last answer; none
within 10 s cancels all open orders of those credentials; the venue looks every 5 s, so it takes up to 15 s; a beat with
a wrong id is refused with the expected one and does not extend the deadline.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Final, NamedTuple

from engine.exchange.core.schedule import Schedule

DEADLINE_MS: Final = 10_000
LOOK_EVERY_MS: Final = 5_000


class Beat(NamedTuple):
    """The answer to a heartbeat: the id that the next one has to carry, and whether this one counted."""

    next_id: str
    accepted: bool


class _Pulse(NamedTuple):
    expected_id: str
    deadline_ms: int


class Heartbeats:
    """The pulses of all owners; `on_stop(owner, now_ms)` is called for each that stopped."""

    def __init__(self, schedule: Schedule, on_stop: Callable[[str, int], None]) -> None:
        self._schedule = schedule
        self._on_stop = on_stop
        self._pulses: dict[str, _Pulse] = {}
        self._offered: dict[str, str] = {}  # owner -> the id that a first beat with an unknown one was told
        self._count = 0
        self._looking = False

    def beat(self, owner: str, heartbeat_id: str, now_ms: int) -> Beat:
        """Take one heartbeat."""
        pulse = self._pulses.get(owner)
        if pulse is not None and heartbeat_id != pulse.expected_id:
            return Beat(pulse.expected_id, accepted=False)
        if pulse is None and heartbeat_id and heartbeat_id != self._offered.get(owner):
            self._offered[owner] = self._next_id(owner)
            return Beat(self._offered[owner], accepted=False)
        self._offered.pop(owner, None)
        next_id = self._next_id(owner)
        self._pulses[owner] = _Pulse(next_id, now_ms + DEADLINE_MS)
        self._look_later(now_ms)
        return Beat(next_id, accepted=True)

    def _next_id(self, owner: str) -> str:
        self._count += 1
        digits = blake2b(f"beat:{owner}:{self._count}".encode(), digest_size=16).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _look_later(self, now_ms: int) -> None:
        if not self._looking:
            self._looking = True
            self._schedule.at(now_ms - now_ms % LOOK_EVERY_MS + LOOK_EVERY_MS, self._look)

    def _look(self, now_ms: int) -> None:
        self._looking = False
        for owner, pulse in list(self._pulses.items()):
            if pulse.deadline_ms <= now_ms:
                del self._pulses[owner]
                self._on_stop(owner, now_ms)
        if self._pulses:
            self._look_later(now_ms)
