"""What can go wrong, by name, and files that say when: a scenario is a seed and a list of faults in TOML.

Example:

    seed = 7
    [[fault]]
    name = "the feed freezes"
    what = "ws_stall"
    at_ms = 10_000
    for_ms = 5_000

Source: spec exchange.md 6. docs/exchange.md lists the names.
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from engine.exchange.server.faults import Answer, Fault, Kind, Params, Target
from engine.model.errors import InputError

ORDER_ROUTES: Final = ("POST /order", "POST /orders")
METHODS: Final = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS", "WS")
DEFAULT_MS: Final = 1_000
STREAM_ROUTES: Final = ("WS /ws/market", "WS /ws/user")


class What(StrEnum):
    """The faults. Those of the first group happen to requests and streams, the others to the venue itself."""

    SLOW = "slow"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    DROP_AFTER = "drop_after"
    ORDER_TIMED_OUT = "order_timed_out"
    TOO_MANY_REQUESTS = "too_many_requests"
    WS_STALL = "ws_stall"
    WS_BACKLOG = "ws_backlog"
    WS_LOSE = "ws_lose"
    WS_DUPLICATE = "ws_duplicate"
    WS_REORDER = "ws_reorder"
    WS_LATE_SNAPSHOT = "ws_late_snapshot"
    WS_CLOSE = "ws_close"
    WS_RESET = "ws_reset"

    RESTART = "restart"
    POST_ONLY = "post_only"
    CANCEL_ONLY = "cancel_only"
    DISABLED = "disabled"
    RATE_LIMITS = "rate_limits"
    BALANCE_LAG = "balance_lag"
    TRADE_FAILED = "trade_failed"
    TRADE_RETRYING = "trade_retrying"
    SETTLEMENT_SLOW = "settlement_slow"
    BLANK_KILLED = "blank_killed"
    TICK_FLIP = "tick_flip"
    MARKET_HALTED = "market_halted"
    HYDRATION_DELAY = "hydration_delay"
    CLOCK_SKEW = "clock_skew"
    RTDS_STALL = "rtds_stall"
    POLYBOLT_DRAIN = "polybolt_drain"


MEANINGS: Final[dict[What, str]] = {
    What.SLOW: "answers wait for `delay_ms`",
    What.TIMEOUT_BEFORE: "the connection is reset and nothing has been done",
    What.TIMEOUT_AFTER: "the request is done and never answered",
    What.DROP_AFTER: "the request is done and the connection reset instead of an answer",
    What.ORDER_TIMED_OUT: "orders are answered 500 `order timed out` and not booked",
    What.TOO_MANY_REQUESTS: "429 with the Poly-RateLimit headers and Retry-After",
    What.WS_STALL: "events are lost while PONG is answered",
    What.WS_BACKLOG: "events wait for the end of the fault, replies go on",
    What.WS_LOSE: "an event is lost",
    What.WS_DUPLICATE: "an event comes twice",
    What.WS_REORDER: "an event comes behind the next one",
    What.WS_LATE_SNAPSHOT: "a snapshot comes behind `after_frames` events (delta before snapshot)",
    What.WS_CLOSE: "connections are closed with `code`",
    What.WS_RESET: "connections are reset",
    What.RESTART: "425 for `for_ms` (90 s), then post-only mode for `delay_ms` (120 s)",
    What.POST_ONLY: "post-only mode",
    What.CANCEL_ONLY: "cancel-only mode",
    What.DISABLED: "trading is disabled",
    What.RATE_LIMITS: "the limits of each signer are enforced",
    What.BALANCE_LAG: "balances are seen `delay_ms` late",
    What.TRADE_FAILED: "trades go MATCHED, RETRYING, FAILED, `delay_ms` apart",
    What.TRADE_RETRYING: "trades go MATCHED, RETRYING, MINED, CONFIRMED, `delay_ms` apart",
    What.SETTLEMENT_SLOW: "trades are mined `delay_ms` late",
    What.BLANK_KILLED: "killed orders are told with empty sizes",
    What.TICK_FLIP: "the tick of open markets is 0.001",
    What.MARKET_HALTED: "open markets take no orders",
    What.HYDRATION_DELAY: "books of new windows appear `delay_ms` later",
    What.CLOCK_SKEW: "the venue's clock is `delay_ms` ahead (negative: behind)",
    What.RTDS_STALL: "the older price stream sends no updates",
    What.POLYBOLT_DRAIN: "the newer price stream asks clients to connect again",
}

_KINDS: Final[dict[What, Kind]] = {
    What.SLOW: Kind.SLOW,
    What.TIMEOUT_BEFORE: Kind.DROP_BEFORE,
    What.TIMEOUT_AFTER: Kind.SILENT_AFTER,
    What.DROP_AFTER: Kind.DROP_AFTER,
    What.ORDER_TIMED_OUT: Kind.ANSWER,
    What.TOO_MANY_REQUESTS: Kind.ANSWER,
    What.WS_STALL: Kind.STALL,
    What.WS_BACKLOG: Kind.BACKLOG,
    What.WS_LOSE: Kind.LOSE,
    What.WS_DUPLICATE: Kind.DUPLICATE,
    What.WS_REORDER: Kind.REORDER,
    What.WS_LATE_SNAPSHOT: Kind.LATE_SNAPSHOT,
    What.WS_CLOSE: Kind.CLOSE,
    What.WS_RESET: Kind.RESET,
}
STREAM_FAULTS: Final = frozenset(what for what in _KINDS if what.startswith("ws_"))
REQUEST_FAULTS: Final = frozenset(_KINDS) - STREAM_FAULTS
_ANSWERS: Final[dict[What, Answer]] = {
    What.ORDER_TIMED_OUT: Answer(500, '{"error":"order timed out"}'),
    What.TOO_MANY_REQUESTS: Answer(
        429,
        '{"error":"Too Many Requests"}',
        (
            ("Poly-RateLimit-Remaining", "0"),
            ("Poly-RateLimit-Reset", "1"),
            ("Poly-RateLimit-Tier", "standard"),
            ("Retry-After", "1"),
        ),
    ),
}


class Incident(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault of a scenario: what, from `at_ms` after its start, for how long or how often (both open: to the end).

    `routes` are as docs/exchange.md lists them; orders, or both channels of the CLOB, without them.
    """

    name: str
    what: What
    at_ms: int = 0
    for_ms: int | None = None
    count: int | None = None
    permille: int = 1_000
    delay_ms: int | None = None
    routes: tuple[str, ...] = ()
    api_key: str | None = None
    connection: int | None = None
    code: int = 1001
    after_frames: int = 1

    @property
    def wait_ms(self) -> int:
        """Return the delay, a second where none is given."""
        return DEFAULT_MS if self.delay_ms is None else self.delay_ms

    @property
    def is_of_transport(self) -> bool:
        """Tell whether it happens to requests and streams."""
        return self.what in _KINDS

    def fault(self, now_ms: int) -> Fault:
        """Return it as the server's fault board takes it. Raises ValueError for numbers that cannot be."""
        is_stream = self.what in STREAM_FAULTS
        return Fault(
            name=self.name,
            kind=_KINDS[self.what],
            target=Target(
                routes=self.routes or (STREAM_ROUTES if is_stream else ORDER_ROUTES),
                api_key=self.api_key,
                connection=self.connection,
            ),
            start_ms=now_ms + self.at_ms,
            until_ms=None if self.for_ms is None else now_ms + self.at_ms + self.for_ms,
            count=self.count,
            params=Params(
                delay_ms=self.wait_ms,
                answer=_ANSWERS.get(self.what, Answer(503)),
                code=self.code,
                after_frames=self.after_frames,
                chance_permille=self.permille,
            ),
        )


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seed, and what goes wrong when."""

    seed: int = 0
    fault: tuple[Incident, ...] = ()


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises InputError that says what is wrong and where."""
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: expected a scenario in TOML: {error}") from error
    try:
        scenario = msgspec.convert(content, Scenario)
        for incident in scenario.fault:
            check_incident(incident)
    except ValueError as error:  # msgspec's are ValueErrors too
        raise InputError(f"{path}: {error}") from None
    names = [incident.name for incident in scenario.fault]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: expected a name of its own for each fault, was {name!r} twice")
    return scenario


def check_incident(incident: Incident) -> None:
    """Raise ValueError for an incident whose numbers cannot be."""
    if incident.at_ms < 0 or (incident.for_ms is not None and incident.for_ms <= 0):
        raise ValueError(f"{incident.name}: expected at_ms >= 0 and for_ms > 0")
    if not 0 <= incident.permille <= 1_000:
        raise ValueError(f"{incident.name}: expected permille from 0 to 1000, was {incident.permille}")
    if incident.wait_ms < 0 and incident.what is not What.CLOCK_SKEW:
        raise ValueError(f"{incident.name}: expected delay_ms >= 0, was {incident.delay_ms}")
    if incident.count is not None and incident.count < 1:
        raise ValueError(f"{incident.name}: expected count >= 1, was {incident.count}")
    if incident.is_of_transport:
        _check_routes(incident)
        try:
            incident.fault(0)
        except ValueError as error:
            raise ValueError(f"{incident.name}: {error}") from None
    elif incident.routes or incident.api_key is not None or incident.connection is not None:
        raise ValueError(f"{incident.name}: expected no routes, api_key or connection, {incident.what} is the venue's")


def _check_routes(incident: Incident) -> None:
    """Raise ValueError for a route that no request or stream can have."""
    for route in incident.routes:
        method, _, path = route.partition(" ")
        if route != "*" and (method not in METHODS or not path.startswith(("/", "*"))):
            raise ValueError(f"{incident.name}: expected a route such as 'POST /order' or 'WS *', was {route!r}")
        if method != "*" and (method == "WS") != (incident.what in STREAM_FAULTS):
            wanted = "streams (WS)" if incident.what in STREAM_FAULTS else "requests"
            raise ValueError(f"{incident.name}: expected routes of {wanted}, {incident.what} never meets {route!r}")
