"""The venue's limits on orders and cancels of each signer, as token buckets of integers; time is an argument.

Facts (protocol.md 4.10 and the venue's page on trading rate limits, 2026-11-21): every signer has a bucket for orders
and one for cancels, filled at the rate of its tier. A batch is admitted whole or not at all; one that costs more than
the burst never is. `cancel-all` and `cancel-market-orders` take one token, and one more for each order that they
cancelled: tiers up to Gold go into debt by that, the others stop at zero. In the mode of warnings (since 2026-07-24)
everything is admitted, and what would be refused says so. `Poly-RateLimit-Reset` is when a refused request would be
admitted.
"""

from enum import StrEnum
from http import HTTPStatus
from typing import Final

import msgspec

from engine.exchange.server.context import MS_PER_S
from engine.exchange.server.messages import HeaderRows, Response, error_response


class Mode(StrEnum):
    """What becomes of a request for which there are not enough tokens."""

    OFF = "off"  # nothing is counted, and there are no headers
    WARN = "warn"
    ENFORCE = "enforce"


class Bucket(StrEnum):
    """What is counted."""

    ORDER = "order"
    CANCEL = "cancel"


class Tier(StrEnum):
    """What a signer's volume of 30 days has come to."""

    STANDARD = "standard"
    COPPER = "copper"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"
    DIAMOND = "diamond"
    ELITE = "elite"


class Allowance(msgspec.Struct, frozen=True):
    """A tier's tokens per second and bursts, and whether its cancels may go into debt."""

    orders_per_s: int
    orders_burst: int
    cancels_per_s: int
    cancels_burst: int
    cancels_may_owe: bool


ALLOWANCES: Final = {
    Tier.STANDARD: Allowance(40, 60, 80, 120, True),
    Tier.COPPER: Allowance(60, 90, 120, 180, True),
    Tier.BRONZE: Allowance(80, 120, 160, 240, True),
    Tier.SILVER: Allowance(200, 300, 400, 600, True),
    Tier.GOLD: Allowance(400, 600, 800, 1200, True),
    Tier.PLATINUM: Allowance(450, 675, 900, 1350, False),
    Tier.DIAMOND: Allowance(525, 787, 1050, 1575, False),
    Tier.ELITE: Allowance(600, 900, 1200, 1800, False),
}


class TokenBucket:
    """Up to `burst` tokens, of which `count` come back in every `period_ms`; begins full."""

    def __init__(self, count: int, period_ms: int, burst: int, now_ms: int) -> None:
        assert count > 0, f"expected tokens to come back, was {count}"
        assert burst > 0, f"expected room for tokens, was {burst}"
        self.burst = burst
        self._count = count
        self._period_ms = period_ms
        self._level = burst * period_ms  # in parts of 1 / period_ms, of which `count` come back every millisecond
        self._at_ms = now_ms

    def tokens(self, now_ms: int) -> int:
        """Return the whole tokens that there are; negative ones are owed."""
        self._refill(now_ms)
        return self._level // self._period_ms

    def take(self, cost: int, now_ms: int) -> bool:
        """Take tokens, all or none of them; return whether there were enough."""
        self._refill(now_ms)
        if self._level < cost * self._period_ms:
            return False
        self._level -= cost * self._period_ms
        return True

    def owe(self, cost: int, now_ms: int) -> None:
        """Take tokens, whether or not they are there."""
        self._refill(now_ms)
        self._level -= cost * self._period_ms

    def drain(self, cost: int, now_ms: int) -> None:
        """Take tokens, or all that there are."""
        self._refill(now_ms)
        self._level = max(self._level - cost * self._period_ms, min(self._level, 0))

    def ready_at_ms(self, cost: int, now_ms: int) -> int:
        """Return when there are so many tokens: now, or later."""
        self._refill(now_ms)
        missing = cost * self._period_ms - self._level
        return now_ms + max(-(-missing // self._count), 0)

    def _refill(self, now_ms: int) -> None:
        passed_ms = max(now_ms - self._at_ms, 0)  # a clock that was set back fills nothing
        self._level = min(self._level + passed_ms * self._count, self.burst * self._period_ms)
        self._at_ms += passed_ms


class Admission(msgspec.Struct, frozen=True):
    """Whether a request may be handled; the headers belong to its answer, which is `refusal` if there is one."""

    headers: HeaderRows = ()
    refusal: Response | None = None


class SignerLimits:
    """The buckets of all signers, by their addresses."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self._tiers: dict[str, Tier] = {}
        self._buckets: dict[tuple[str, Bucket], TokenBucket] = {}

    def set_tier(self, signer: str, tier: Tier) -> None:
        """Put a signer into a tier; its buckets begin full again."""
        self._tiers[signer] = tier
        for kind in Bucket:
            self._buckets.pop((signer, kind), None)

    def tier(self, signer: str) -> Tier:
        """Return a signer's tier."""
        return self._tiers.get(signer, Tier.STANDARD)

    def admit(self, signer: str, kind: Bucket, cost: int, now_ms: int) -> Admission:
        """Take what a request costs, all or nothing: 1, or the number of a batch's entries."""
        if self.mode == Mode.OFF:
            return Admission()
        bucket = self._bucket(signer, kind, now_ms)
        if bucket.take(cost, now_ms):
            return Admission(self._rows(signer, bucket, now_ms, now_ms))
        ready_ms = bucket.ready_at_ms(cost, now_ms) if cost <= bucket.burst else now_ms
        rows = self._rows(signer, bucket, ready_ms, now_ms)
        if self.mode == Mode.WARN:
            return Admission((*rows, ("Poly-RateLimit-Warning", "true")))
        if cost <= bucket.burst:
            rows = (*rows, ("Retry-After", str(max(_up_to_s(ready_ms - now_ms), 1))))
        return Admission(rows, error_response(HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests", rows))

    def settle(self, signer: str, cancelled: int, now_ms: int) -> HeaderRows:
        """Take what a `cancel-all` or `cancel-market-orders` has cost on top of its first token, and return the headers
        of its answer.
        """
        if self.mode == Mode.OFF:
            return ()
        bucket = self._bucket(signer, Bucket.CANCEL, now_ms)
        may_owe = ALLOWANCES[self.tier(signer)].cancels_may_owe
        (bucket.owe if may_owe else bucket.drain)(cancelled, now_ms)
        return self._rows(signer, bucket, bucket.ready_at_ms(min(1, bucket.burst), now_ms), now_ms)

    def _bucket(self, signer: str, kind: Bucket, now_ms: int) -> TokenBucket:
        found = self._buckets.get((signer, kind))
        if found is None:
            allowed = ALLOWANCES[self.tier(signer)]
            if kind == Bucket.ORDER:
                found = TokenBucket(allowed.orders_per_s, MS_PER_S, allowed.orders_burst, now_ms)
            else:
                found = TokenBucket(allowed.cancels_per_s, MS_PER_S, allowed.cancels_burst, now_ms)
            self._buckets[signer, kind] = found
        return found

    def _rows(self, signer: str, bucket: TokenBucket, reset_ms: int, now_ms: int) -> HeaderRows:
        return (
            ("Poly-RateLimit-Remaining", str(bucket.tokens(now_ms))),
            ("Poly-RateLimit-Reset", str(_up_to_s(reset_ms))),
            ("Poly-RateLimit-Tier", self.tier(signer)),
        )


def _up_to_s(time_ms: int) -> int:
    return -(-time_ms // MS_PER_S)
