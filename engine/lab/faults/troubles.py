"""What can go wrong in a run, by name, and what of it a seed draws: alone or several together, when, how badly.

Names are those of the exchange's faults (engine.exchange.scenario) and of the processes' and the network's own.
"""

from enum import StrEnum
from typing import Final

import msgspec

from engine.exchange.scenario import Incident, What
from engine.worlds.dice import Dice

FIRST_MS: Final = 1_500
LAST_MS: Final = 24_000
OVER_MS: Final = 30_000
"""No trouble begins before FIRST_MS or after LAST_MS, and all are over at OVER_MS after the begin of a run."""
MOST: Final = 5


class Mishap(StrEnum):
    """What happens to processes and to the network between them."""

    ENGINE_KILLED = "engine_killed"
    ENGINE_KILLED_IN_REQUEST = "engine_killed_in_request"
    ENGINE_POWER_OFF = "engine_power_off"
    ENGINE_FROZEN = "engine_frozen"
    ENGINE_RESTARTED = "engine_restarted"
    ENGINE_CUT_OFF = "engine_cut_off"
    KILL_SWITCH = "kill_switch"
    CONNECTIONS_RESET = "connections_reset"
    FEEDER_KILLED = "feeder_killed"
    FEEDER_FROZEN = "feeder_frozen"
    FEEDER_CUT_OFF = "feeder_cut_off"


MEANINGS: Final[dict[Mishap, str]] = {
    Mishap.ENGINE_KILLED: "the engine dies as by SIGKILL and is started again later",
    Mishap.ENGINE_KILLED_IN_REQUEST: "the engine dies while a request leaves, before, amid or after its bytes",
    Mishap.ENGINE_POWER_OFF: "the engine dies with its machine: nobody ends its connections",
    Mishap.ENGINE_FROZEN: "the engine stands still as by SIGSTOP, then goes on",
    Mishap.ENGINE_RESTARTED: "the engine is ended in order and started again",
    Mishap.ENGINE_CUT_OFF: "nothing passes between the engine and the venue",
    Mishap.KILL_SWITCH: "a person kills and resumes",
    Mishap.CONNECTIONS_RESET: "all connections of the engine and of the feeder are reset",
    Mishap.FEEDER_KILLED: "the feeder dies as by SIGKILL and is started again",
    Mishap.FEEDER_FROZEN: "the feeder stands still as by SIGSTOP, then goes on",
    Mishap.FEEDER_CUT_OFF: "nothing passes between the feeder and the venue",
}
NAMES: Final = (*map(str, What), *map(str, Mishap))
"""Every fault that there is."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a run: at `at_ms` after its begin, for `for_ms`.

    `incident` is how the exchange is told, None for a mishap; `detail` is what that mishap draws.
    """

    name: str
    at_ms: int
    for_ms: int
    incident: Incident | None = None
    detail: str = ""

    def __str__(self) -> str:
        """Return it as one line."""
        more = self.detail
        if self.incident is not None:
            fields = msgspec.to_builtins(self.incident)
            plain = msgspec.to_builtins(Incident(name=self.incident.name, what=self.incident.what))
            more = " ".join(f"{key}={value}" for key, value in fields.items() if plain[key] != value)
        return f"{self.at_ms} ms: {self.name} for {self.for_ms} ms {more}".rstrip()


def draw_troubles(seed: int) -> list[Trouble]:
    """Return what goes wrong in the run of a seed: with an even one a single fault, each in turn; else two to five."""
    dice = Dice(seed, "troubles")
    if seed % 2 == 0:
        names = [NAMES[seed // 2 % len(NAMES)]]
    else:
        names = [NAMES[dice.below(len(NAMES))] for _ in range(dice.between(2, MOST))]
    troubles = [_draw(name, number, dice) for number, name in enumerate(names)]
    return sorted(troubles, key=lambda trouble: trouble.at_ms)


def _draw(name: str, number: int, dice: Dice) -> Trouble:
    at_ms = dice.between(FIRST_MS, LAST_MS)
    if name in set(Mishap):
        return _mishap(Mishap(name), at_ms, dice)
    at_ms = at_ms * 3 // 4 if number == 0 else at_ms
    for_ms = min(dice.between(2_000, 20_000), OVER_MS - at_ms)
    incident = _incident(What(name), f"{name}-{number}", for_ms, dice)
    return Trouble(name=name, at_ms=at_ms, for_ms=for_ms, incident=incident)


def _mishap(mishap: Mishap, at_ms: int, dice: Dice) -> Trouble:
    for_ms, detail = min(dice.between(*_LASTS_MS.get(mishap, (0, 0))), OVER_MS - at_ms), ""
    if mishap is Mishap.ENGINE_KILLED_IN_REQUEST:
        request = _REQUESTS[dice.below(len(_REQUESTS))]
        moments = _MOMENTS if request.endswith("/order") else _MOMENTS[1:]
        detail = f"{moments[dice.below(len(moments))]} {request}"
    return Trouble(name=str(mishap), at_ms=at_ms, for_ms=for_ms, detail=detail)


_LASTS_MS: Final[dict[Mishap, tuple[int, int]]] = {
    Mishap.ENGINE_KILLED: (200, 18_000),
    Mishap.ENGINE_KILLED_IN_REQUEST: (200, 10_000),
    Mishap.ENGINE_POWER_OFF: (200, 18_000),
    Mishap.ENGINE_FROZEN: (300, 20_000),
    Mishap.ENGINE_CUT_OFF: (300, 20_000),
    Mishap.KILL_SWITCH: (500, 10_000),
    Mishap.FEEDER_KILLED: (0, 6_000),
    Mishap.FEEDER_FROZEN: (300, 20_000),
    Mishap.FEEDER_CUT_OFF: (300, 20_000),
}
"""How long it lasts; of what dies, until it is started again."""
_MOMENTS: Final = ("torn", "before", "half", "after")
_REQUESTS: Final = ("POST /order", "DELETE /order", "POST /v1/heartbeats", "GET /data")
_ROUTES: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("DELETE *",),
    ("POST /order", "DELETE /order"),
    ("GET *",),
    ("POST *", "GET *", "DELETE *"),
)
_STREAMS: Final[tuple[tuple[str, ...], ...]] = ((), ("WS /ws/market",), ("WS /ws/user",), ("WS /ws/user",))


def _incident(what: What, name: str, for_ms: int, dice: Dice) -> Incident:
    """Return a fault of the exchange with numbers that hurt."""
    plain = Incident(name=name, what=what, for_ms=for_ms)
    change = msgspec.structs.replace
    match what:
        case What.SLOW:
            return change(plain, routes=_ROUTES[dice.below(5)], delay_ms=dice.between(50, 7_000), permille=700)
        case What.TIMEOUT_BEFORE | What.TIMEOUT_AFTER | What.DROP_AFTER:
            return change(plain, routes=_ROUTES[dice.below(5)], permille=dice.between(200, 1_000))
        case What.ORDER_TIMED_OUT | What.TOO_MANY_REQUESTS:
            return change(plain, permille=dice.between(300, 1_000))
        case What.WS_STALL | What.WS_BACKLOG:
            return change(plain, routes=_STREAMS[dice.below(4)])
        case What.WS_LOSE | What.WS_DUPLICATE:
            return change(plain, routes=_STREAMS[dice.below(4)], permille=dice.between(100, 1_000))
        case What.WS_REORDER:
            return change(
                plain, routes=_STREAMS[dice.below(4)], permille=dice.between(100, 700), delay_ms=dice.between(10, 2_000)
            )
        case What.WS_LATE_SNAPSHOT:
            return change(plain, delay_ms=dice.between(50, 2_000), after_frames=dice.between(1, 5))
        case What.WS_CLOSE | What.WS_RESET:
            return change(plain, routes=_STREAMS[dice.below(4)])
        case What.RESTART:
            return change(plain, for_ms=max(for_ms // 2, 500), delay_ms=max(for_ms // 2, 500))
        case What.BALANCE_LAG | What.HYDRATION_DELAY | What.SETTLEMENT_SLOW:
            return change(plain, delay_ms=dice.between(500, 8_000))
        case What.TRADE_FAILED | What.TRADE_RETRYING:
            return change(plain, delay_ms=dice.between(100, 900), permille=dice.between(300, 1_000))
        case What.CLOCK_SKEW:
            return change(plain, delay_ms=dice.between(-6_000, 6_000))
        case _:
            return plain
