"""Circuit breakers: what must be well for quotes to stand (risk.md); while one is tripped only risk is reduced.

Some are told from outside (user stream, clock, heartbeat), some are judged here: refusals in a row, a book that stays
crossed, and orders or trades on the wallet that are not ours. A crossed book stops its own market, every other breaker
stops all of them.
"""

from typing import Final

import msgspec

from engine.model.codes import BreakerName, Code
from engine.model.events import Breaker, Foreign, Side
from engine.model.units import NS_PER_MS, NS_PER_S

FOREIGN_MAX: Final = 1_000
"""So many foreign ids are remembered on either side; a wallet with more has another owner."""
NEVER_NS: Final = 1 << 62
NO_FAULT: Final = frozenset(
    {
        Code.POST_ONLY_CROSSES,
        Code.FAK_NO_MATCH,
        Code.FOK_NOT_FILLED,
        Code.RESTARTING,
        Code.CANCEL_ONLY,
        Code.DISABLED,
        Code.POST_ONLY_MODE,
        Code.RATE_LIMITED,
        Code.NOT_READY,
        Code.DUPLICATED,
    }
)
"""Refusals that bucket.md's table expects in good health; so is BALANCE on a sell, whose shares have not settled."""


class BreakerParams(msgspec.Struct, frozen=True):
    """The bounds of the breakers that are judged here; times in nanoseconds."""

    refusals_max: int = 5
    refusals_quiet_ns: int = 30 * NS_PER_S
    crossed_ns: int = 2 * NS_PER_S


class Trip(msgspec.Struct, frozen=True, array_like=True):
    """One tripped breaker: since when and why; `until_ns` 0 = until it is told; `slug` "" = every market."""

    name: str
    since_ns: int
    detail: str
    until_ns: int = 0
    slug: str = ""


class Crossing(msgspec.Struct, frozen=True, array_like=True):
    """A crossed book: since when, and of which market."""

    since_ns: int
    slug: str


class Breakers(msgspec.Struct, frozen=True, array_like=True):
    """Every breaker: those that are tripped, and what the others have counted so far."""

    trips: tuple[Trip, ...] = ()
    refusals: int = 0
    crossed: dict[int, Crossing] = {}  # by asset
    foreign: tuple[str, ...] = ()  # not acknowledged
    acknowledged: tuple[str, ...] = ()

    def find(self, name: str, slug: str = "") -> Trip | None:
        """Return a tripped breaker, None while it is closed."""
        return next((trip for trip in self.trips if (trip.name, trip.slug) == (name, slug)), None)

    def blocking(self, slug: str) -> Trip | None:
        """Return the first tripped breaker that forbids quotes in this market, None if there is none."""
        return next((trip for trip in self.trips if trip.slug in ("", slug)), None)


def opened(before: Breakers, after: Breakers) -> list[Trip]:
    """Return the breakers that have tripped between two states."""
    return [trip for trip in after.trips if before.find(trip.name, trip.slug) is None]


def closed(before: Breakers, after: Breakers) -> list[Trip]:
    """Return the breakers that have closed again between two states."""
    return [trip for trip in before.trips if after.find(trip.name, trip.slug) is None]


def told(breakers: Breakers, event: Breaker) -> Breakers:
    """Take in what was said of a breaker from outside; the first detail of a trip stays."""
    if not event.tripped:
        return _close(breakers, event.name)
    return _trip(breakers, Trip(event.name, event.ts_ns, event.detail))


def accepted(breakers: Breakers) -> Breakers:
    """Forget the refusals in a row: the venue has taken an order."""
    return msgspec.structs.replace(breakers, refusals=0) if breakers.refusals else breakers


def refused(params: BreakerParams, breakers: Breakers, code: str, side: Side | None, now_ns: int) -> Breakers:
    """Count a refusal by the venue that is a fault of ours; enough in a row trip, each further one prolongs."""
    if code in NO_FAULT or (code == Code.BALANCE and side == Side.SELL):
        return breakers
    counted = msgspec.structs.replace(breakers, refusals=breakers.refusals + 1)
    if not 0 < params.refusals_max <= counted.refusals:
        return counted
    trip = Trip(
        BreakerName.REFUSALS.value,
        now_ns,
        f"{counted.refusals} orders refused in a row, the last one: {code}",
        now_ns + params.refusals_quiet_ns,
    )
    return _trip(_close(counted, trip.name), trip)


def book(breakers: Breakers, asset: int, slug: str, now_ns: int, *, crossed: bool) -> Breakers:
    """Take in whether a token's book is crossed; a market whose books are not closes its breaker."""
    if crossed == (asset in breakers.crossed):
        return breakers
    if crossed:
        return msgspec.structs.replace(breakers, crossed={**breakers.crossed, asset: Crossing(now_ns, slug)})
    left = {other: crossing for other, crossing in breakers.crossed.items() if other != asset}
    after = msgspec.structs.replace(breakers, crossed=left)
    still = any(crossing.slug == slug for crossing in left.values())
    return after if still else _close(after, BreakerName.CROSSED_BOOK.value, slug)


def foreign(breakers: Breakers, event: Foreign) -> Breakers:
    """Take in an order or trade that is not ours, or that a person knows of it (`remote_id` "" = of all)."""
    if event.acknowledged:
        known = breakers.foreign if not event.remote_id else (event.remote_id,)
        left = tuple(one for one in breakers.foreign if one not in known)
        acknowledged = (*(one for one in breakers.acknowledged if one not in known), *known)[-FOREIGN_MAX:]
        after = msgspec.structs.replace(breakers, foreign=left, acknowledged=acknowledged)
        return after if left else _close(after, BreakerName.FOREIGN.value)
    if event.remote_id in breakers.acknowledged or event.remote_id in breakers.foreign:
        return breakers
    after = msgspec.structs.replace(breakers, foreign=(*breakers.foreign, event.remote_id)[-FOREIGN_MAX:])
    text = f"{event.what} {event.remote_id} on our wallet is not ours"
    return _trip(after, Trip(BreakerName.FOREIGN.value, event.ts_ns, text))


def elapsed(params: BreakerParams, breakers: Breakers, now_ns: int) -> Breakers:
    """Close what was to stay tripped until a time that has come, and trip what has been crossed for too long."""
    after = breakers
    due = [trip for trip in breakers.trips if 0 < trip.until_ns <= now_ns]
    if due:  # the count of refusals begins anew
        left = tuple(trip for trip in breakers.trips if trip not in due)
        after = msgspec.structs.replace(breakers, trips=left, refusals=0)
    for asset, crossing in breakers.crossed.items():
        if params.crossed_ns and now_ns > crossing.since_ns + params.crossed_ns:
            text = f"the book of asset {asset} is crossed for {(now_ns - crossing.since_ns) // NS_PER_MS} ms"
            after = _trip(after, Trip(BreakerName.CROSSED_BOOK.value, now_ns, text, slug=crossing.slug))
    return after


def begun(breakers: Breakers) -> Breakers:
    """Forget what the last session was told of lines and books: the new one is told anew. Foreign orders stay."""
    left = tuple(trip for trip in breakers.trips if trip.name in (BreakerName.FOREIGN, BreakerName.REFUSALS))
    return msgspec.structs.replace(breakers, trips=left, crossed={})


def forget(breakers: Breakers, slug: str) -> Breakers:
    """Forget a market that is over."""
    if not breakers.crossed and not breakers.trips:
        return breakers
    left = {asset: crossing for asset, crossing in breakers.crossed.items() if crossing.slug != slug}
    return msgspec.structs.replace(
        breakers, crossed=left, trips=tuple(trip for trip in breakers.trips if trip.slug != slug)
    )


def wake_at_ns(params: BreakerParams, breakers: Breakers) -> int:
    """Return when time alone will change a breaker: a quiet time is over, or a crossed book has lasted too long."""
    times = [trip.until_ns for trip in breakers.trips if trip.until_ns]
    if params.crossed_ns:
        times += [
            crossing.since_ns + params.crossed_ns + 1
            for crossing in breakers.crossed.values()
            if breakers.find(BreakerName.CROSSED_BOOK.value, crossing.slug) is None
        ]
    return min(times, default=NEVER_NS)


def _trip(breakers: Breakers, trip: Trip) -> Breakers:
    if breakers.find(trip.name, trip.slug) is not None:
        return breakers
    return msgspec.structs.replace(breakers, trips=(*breakers.trips, trip))


def _close(breakers: Breakers, name: str, slug: str = "") -> Breakers:
    left = tuple(trip for trip in breakers.trips if (trip.name, trip.slug) != (name, slug))
    return breakers if len(left) == len(breakers.trips) else msgspec.structs.replace(breakers, trips=left)
