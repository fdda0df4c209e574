"""Faults on demand: what goes wrong, with whom, when and how often. Everything follows from the faults and a seed.

A request's fate is a `Plan`; a stream's frames pass a gate (fault_gate.py); fault_board.py knows what is on. Times are
those of the server's clock.
"""

import random
from enum import StrEnum
from typing import Final

import msgspec

from engine.exchange.server.context import Plan
from engine.exchange.server.messages import HeaderRows, Request, Response
from engine.exchange.server.routes import covers

PER_MILLE: Final = 1000


class Kind(StrEnum):
    """What goes wrong. The first seven happen to requests and handshakes, the others to streams."""

    HOLD = "hold"  # it waits for delay_ms before it is handled
    SLOW = "slow"  # its answer waits for delay_ms
    DROP_BEFORE = "drop_before"  # the connection is reset, and nothing has happened
    DROP_AFTER = "drop_after"  # it is handled, then the connection is reset
    SILENT_AFTER = "silent_after"  # it is handled, and never answered
    ANSWER = "answer"  # it is answered with `answer` instead of being handled
    ANSWER_AFTER = "answer_after"  # it is handled, then answered with `answer`
    STALL = "stall"  # events and snapshots are lost, replies such as PONG go on
    BACKLOG = "backlog"  # events and snapshots wait for the fault's end, replies go on
    LOSE = "lose"  # an event is lost
    DUPLICATE = "duplicate"  # an event comes twice
    REORDER = "reorder"  # an event comes behind the next one
    LATE_SNAPSHOT = "late_snapshot"  # a snapshot comes behind after_frames events, or delay_ms late
    CLOSE = "close"  # the connection is closed with `code`
    RESET = "reset"  # the connection is reset


OF_REQUESTS: Final = tuple(Kind)[:7]
OF_FRAMES: Final = tuple(Kind)[7:13]
ENDINGS: Final = (Kind.CLOSE, Kind.RESET)


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said instead of the truth."""

    status: int
    body: str = ""
    headers: HeaderRows = ()

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError(f"expected a status from 200 to 599, was {self.status}")


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom it happens to: all of what is given must fit. Streams know no API key: it comes after their handshake."""

    routes: tuple[str, ...] = ("*",)
    """Names as the server has them: `POST /order`, `WS /ws/market`, `DELETE *`."""
    api_key: str | None = None
    """The POLY_API_KEY header."""
    connection: int | None = None
    """The number of a stream connection, counted from 1."""

    def fits(self, name: str, request: Request, number: int | None) -> bool:
        """Tell whether a request, or a stream's connection by its number, is meant."""
        if not covers(self.routes, name) or (self.connection is not None and self.connection != number):
            return False
        return self.api_key is None or request.headers.get("POLY_API_KEY") == self.api_key


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it happens; each kind reads what its comment names."""

    delay_ms: int = 1_000
    answer: Answer = Answer(503)
    code: int = 1001
    """Of a CLOSE: 1000 to 1011 without the reserved ones, or 3000 to 4999."""
    reason: str = ""
    after_frames: int = 1
    every: int = 1
    """One in so many of those that fit: the first, and then each so-manieth."""
    chance_permille: int = PER_MILLE
    """How likely it is for each of these."""

    def __post_init__(self) -> None:
        if self.delay_ms < 0 or self.after_frames < 1 or self.every < 1:
            raise ValueError(f"expected delay_ms >= 0, after_frames and every >= 1, was {self}")
        if not 0 <= self.chance_permille <= PER_MILLE:
            raise ValueError(f"expected chance_permille from 0 to {PER_MILLE}, was {self.chance_permille}")
        if not (self.code in (1000, 1001, 1002, 1003, *range(1007, 1012)) or 3000 <= self.code <= 4999):
            raise ValueError(f"expected a close code that may be sent, was {self.code}")


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that goes wrong from `start_ms` on, until `until_ms`, or `count` times, whatever is over first."""

    name: str
    kind: Kind
    target: Target = Target()
    start_ms: int = 0
    until_ms: int | None = None
    count: int | None = None
    params: Params = Params()

    def __post_init__(self) -> None:
        if self.until_ms is not None and self.until_ms <= self.start_ms:
            raise ValueError(f"expected an end after {self.start_ms} ms, was {self.until_ms} ms")
        if self.count is not None and self.count < 1:
            raise ValueError(f"expected it to happen at least once, was {self.count}")

    def shifted(self, by_ms: int) -> "Fault":
        """Return the same fault, later: a scenario's times count from its start."""
        until_ms = None if self.until_ms is None else self.until_ms + by_ms
        return msgspec.structs.replace(self, start_ms=self.start_ms + by_ms, until_ms=until_ms)


class ArmedFault:
    """A fault on the board, with how often it has happened."""

    def __init__(self, fault: Fault, seed: str) -> None:
        self.fault = fault
        self.happened = 0
        self._met = 0
        self._random = random.Random(seed)

    def is_active(self, now_ms: int) -> bool:
        """Tell whether it can happen at a time."""
        fault = self.fault
        if now_ms < fault.start_ms or (fault.until_ms is not None and now_ms >= fault.until_ms):
            return False
        return fault.count is None or self.happened < fault.count

    def strikes(self, now_ms: int) -> bool:
        """Count one that fits, and tell whether it happens to it."""
        if not self.is_active(now_ms):
            return False
        params = self.fault.params
        self._met += 1
        if (self._met - 1) % params.every:
            return False
        if params.chance_permille < PER_MILLE and self._random.randrange(PER_MILLE) >= params.chance_permille:
            return False
        self.happened += 1
        return True


def plan_of_fault(fault: Fault) -> Plan:
    """Return what a fault does to a request."""
    kind, params = fault.kind, fault.params
    answer = Response(params.answer.status, params.answer.body.encode(), params.answer.headers)
    return Plan(
        hold_ms=params.delay_ms if kind == Kind.HOLD else 0,
        drop_before=kind == Kind.DROP_BEFORE,
        answer=answer if kind == Kind.ANSWER else None,
        delay_ms=params.delay_ms if kind == Kind.SLOW else 0,
        drop_after=kind == Kind.DROP_AFTER,
        silent_after=kind == Kind.SILENT_AFTER,
        answer_after=answer if kind == Kind.ANSWER_AFTER else None,
    )
