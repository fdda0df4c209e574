"""The windows of one series: listed ahead, hydrated, opened, resolved on the reference price's average, retired.

Facts (protocol.md 8.1, 7.1; 2026-11-21): windows are created about 24 h ahead and their books appear minutes later;
they trade before they start and until they are resolved, 20-90 s after their end; Up if the average at the end is at
least the one at the start. Here fewer windows are listed ahead, and the delays shrink with the window (decision 11).
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Final, Protocol

import msgspec

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import HOLD_MS, Market, MarketSpec, Phase
from engine.model.fees import CRYPTO_FEES, FeeSchedule
from engine.model.rounds import bucket_start_s, slug_of, twap_lookback_s
from engine.worlds.settlement import up_wins

PRODUCTION_LENGTH_S: Final = 900
SETTLE_PRODUCTION_MS: Final = 45_000
HYDRATE_PRODUCTION_MS: Final = 60_000
KEPT_WINDOWS: Final = 10
"""How many resolved windows are remembered with their orders and trades."""


class Reference(Protocol):
    """The price that windows are settled on."""

    @property
    def first_ms(self) -> int:
        """Return since when the price is known, Unix ms."""
        ...

    def average_e8(self, at_ms: int, lookback_ms: int) -> int:
        """Return the average over the time before `at_ms`, in 1e-8 USD; `at_ms` is not in the future."""
        ...


class SeriesOptions(msgspec.Struct, frozen=True, kw_only=True):
    """One series of windows. `version` is Gamma's: "v1", or "v2" for Protocol V2."""

    asset: str = "btc"
    length_s: int = PRODUCTION_LENGTH_S
    ahead: int = 4
    hold_ms: int = HOLD_MS
    fees: FeeSchedule = CRYPTO_FEES
    version: str = "v1"
    neg_risk: bool = False
    seed: int = 0

    @property
    def settle_ms(self) -> int:
        """Return how long after its end a window is resolved."""
        return SETTLE_PRODUCTION_MS * self.length_s // PRODUCTION_LENGTH_S

    @property
    def hydrate_ms(self) -> int:
        """Return how long after its listing a window's book appears."""
        return HYDRATE_PRODUCTION_MS * self.length_s // PRODUCTION_LENGTH_S

    @property
    def lookback_ms(self) -> int:
        """Return how long the settlement average looks back."""
        return twap_lookback_s(self.length_s) * 1_000


class Settled(msgspec.Struct, frozen=True):
    """The prices that a window was resolved on, in 1e-8 USD."""

    strike_e8: int
    final_e8: int


class Calendar:
    """Keeps a series going. `on_open(market)` and `on_end(market, now_ms)` tell of books that appear and of markets
    that are resolved.
    """

    def __init__(self, exchange: Exchange, options: SeriesOptions, reference: Reference) -> None:
        self.options = options
        self.on_open: Callable[[Market], None] = lambda market: None
        self.on_end: Callable[[Market, int], None] = lambda market, now_ms: None
        self.on_retired: Callable[[Market], None] = lambda market: None
        self.settled: dict[str, Settled] = {}
        self.strikes_e8: dict[str, int] = {}
        """By condition id, of windows that have begun and are not resolved."""
        self.hydration_extra_ms = 0
        """What a scenario adds to the time until a new window's book appears."""
        self._exchange = exchange
        self._reference = reference
        self._over: list[Market] = []
        self._listed_until_s = 0

    def restore(self, strikes_e8: Mapping[str, int]) -> None:
        """Take the prices to beat of own windows from what a state file has of all series."""
        for market in self._own():
            if market.spec.condition_id in strikes_e8:
                self.strikes_e8[market.spec.condition_id] = strikes_e8[market.spec.condition_id]

    def begin(self, now_ms: int) -> None:
        """List the window that runs and those ahead, their books open at once; then one with every new window.

        A window that ended while the exchange did not run is settled on the first prices after that.
        """
        start_s = bucket_start_s(now_ms // 1_000, self.options.length_s)
        for market in self._own():
            if market.phase == Phase.RESOLVED:
                self._over.append(market)
            elif market.spec.start_ms < start_s * 1_000:
                self._keep(market, now_ms)
        for number in range(self.options.ahead + 1):
            self._list(start_s + number * self.options.length_s, now_ms, hydrate_ms=0)

    def _list(self, start_s: int, now_ms: int, hydrate_ms: int) -> None:
        spec = make_spec(self.options, start_s, now_ms)
        known = next((market for market in self._own() if market.spec.slug == spec.slug), None)
        market = known or self._exchange.list_market(spec, now_ms, Phase.HYDRATING)
        self._listed_until_s = start_s
        self._keep(market, now_ms, hydrate_ms)
        self._exchange.schedule.at(max(spec.start_ms, now_ms + 1), self._roll)

    def _own(self) -> list[Market]:
        """Return the windows of this series, those that a state file has brought back included, whatever their ids."""
        own = (self.options.asset, self.options.length_s)
        return [
            market for market in self._exchange.markets.values() if (market.spec.asset, market.spec.length_s) == own
        ]

    def _keep(self, market: Market, now_ms: int, hydrate_ms: int = 0) -> None:
        """Let a listed window open, begin and end in time."""
        if market.phase == Phase.RESOLVED:
            return
        spec = market.spec
        at = self._exchange.schedule.at
        if spec.start_ms <= now_ms:
            self._begin(market, now_ms)
        else:
            at(spec.start_ms, lambda at_ms: self._begin(market, at_ms))
        if market.phase == Phase.HYDRATING and hydrate_ms:
            at(now_ms + hydrate_ms, lambda at_ms: self._open(market, at_ms))
        else:
            self._open(market, now_ms)
        at(max(spec.end_ms, now_ms) + self.options.settle_ms, lambda at_ms: self._resolve(market, at_ms))

    def _roll(self, now_ms: int) -> None:
        """A window starts: the next one that is not listed is."""
        start_s = bucket_start_s(now_ms // 1_000, self.options.length_s) + self.options.ahead * self.options.length_s
        if start_s > self._listed_until_s:
            self._list(start_s, now_ms, self.options.hydrate_ms + self.hydration_extra_ms)

    def _begin(self, market: Market, now_ms: int) -> None:
        """A window starts: its price to beat is known. One that began before us is given what is known now."""
        strike_e8 = self._reference.average_e8(now_ms, self.options.lookback_ms)
        self.strikes_e8.setdefault(market.spec.condition_id, strike_e8)

    def _open(self, market: Market, now_ms: int) -> None:
        if market.phase == Phase.RESOLVED:
            return  # it ended before its book appeared
        if market.phase == Phase.HYDRATING:
            self._exchange.set_phase(market, Phase.OPEN, now_ms)
        self.on_open(market)

    def _resolve(self, market: Market, now_ms: int) -> None:
        """Settle a window, unless the control API has done it, and let go of the oldest that is kept."""
        spec = market.spec
        strike_e8 = self.strikes_e8.pop(spec.condition_id)
        if market.phase != Phase.RESOLVED:
            final_e8 = self._final_e8(spec, now_ms)
            self.settled[spec.condition_id] = Settled(strike_e8, final_e8)
            self._exchange.resolve(market, 0 if up_wins(final_e8, strike_e8) else 1, now_ms)
        self.on_end(market, now_ms)
        self._over.append(market)
        if len(self._over) > KEPT_WINDOWS:
            old = self._over.pop(0)
            self._exchange.retire(old)
            self.settled.pop(old.spec.condition_id, None)
            self.on_retired(old)

    def _final_e8(self, spec: MarketSpec, now_ms: int) -> int:
        lookback_ms = self.options.lookback_ms
        if self._reference.first_ms + lookback_ms > spec.end_ms:  # it ended while the exchange did not run
            return self._reference.average_e8(now_ms, lookback_ms)
        return self._reference.average_e8(spec.end_ms, lookback_ms)


def make_spec(options: SeriesOptions, start_s: int, now_ms: int) -> MarketSpec:
    """Return a window's facts; the same seed gives the same ids."""
    slug = slug_of(options.asset, start_s, options.length_s)
    condition_id, tokens = make_ids(f"{options.seed}:{slug}", options.version)
    return MarketSpec(
        slug=slug,
        event_slug=slug,
        condition_id=condition_id,
        tokens=tokens,
        question=f"{options.asset.upper()} Up or Down - {slug.rsplit('-', 1)[1]} ({options.length_s} s)",
        asset=options.asset,
        created_ms=now_ms,
        start_ms=start_s * 1_000,
        end_ms=(start_s + options.length_s) * 1_000,
        length_s=options.length_s,
        hold_ms=options.hold_ms,
        fees=options.fees,
        version=options.version,
        neg_risk=options.neg_risk,
    )


def make_ids(name: str, version: str) -> tuple[str, tuple[str, str]]:
    """Return (condition id, both token ids) of a market by this name, in the shape of its version (protocol.md 1.1)."""
    digest = blake2b(name.encode(), digest_size=32).digest()
    if version != "v2":
        tokens = [int.from_bytes(blake2b(digest, digest_size=32, salt=salt).digest()) for salt in (b"up", b"down")]
        return f"0x{digest.hex()}", (str(tokens[0]), str(tokens[1]))
    condition = (1 << 240) | (int.from_bytes(digest[:17]) << 96) | int.from_bytes(digest[17:21])
    first = condition << 8
    return f"0x{condition:062x}", (str(first), str(first | 1))
