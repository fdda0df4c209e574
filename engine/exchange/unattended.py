"""The exchange with nobody but its counterparties, through consecutive windows in virtual time, as typed events."""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Final

from engine.exchange.background import Background
from engine.exchange.core.exchange import Exchange, Settings
from engine.exchange.core.market import Market, MarketSpec, Phase
from engine.exchange.told import Teller
from engine.model.events import Event, Feed, FeedChange, MarketChange, Spot
from engine.model.rounds import slug_of
from engine.model.units import NS_PER_MS
from engine.worlds.counterparties import Counterparties
from engine.worlds.params import WorldParams
from engine.worlds.settlement import up_wins
from engine.worlds.world import ALL_ASSETS, SPOT_EVERY_MS, SPOT_SYNTHETIC

SourceAt = Callable[[int], Counterparties]
"""Makes the counterparties, told the time in Unix ms at which they begin."""
SHOWN_BEFORE: Final = 5
"""A window's market opens this part of its length before its start."""


class Unattended:
    """A run over `rounds` windows of a world's length, from its start, settled as the world says.

    The same parameters and counterparties give the same events. `levels_per_s` tells, when the run is over, how many
    price levels changed a second while windows traded.
    """

    def __init__(self, world: WorldParams, rounds: int, source_at: SourceAt) -> None:
        if rounds < 1:
            raise ValueError(f"expected at least one round, was {rounds}")
        self._world = world
        self._rounds = rounds
        self._length_ms = world.window_length_s * 1_000
        self._start_ms = world.start_s * 1_000
        self._now_ms = self._start_ms - self._length_ms // SHOWN_BEFORE
        self._exchange = Exchange(Settings(seed=world.seed))
        self.background = Background(self._exchange, source_at(self._now_ms))
        self.teller = Teller()
        self._markets: list[Market] = []

    @property
    def levels_per_s(self) -> float:
        """Return the changes of price levels a second of all windows' time."""
        return round(self.teller.levels_changed / (self._rounds * self._world.window_length_s), 1)

    def events(self) -> Iterator[Event]:
        """Yield everything, from the first market's opening to the last one's resolution."""
        for at_ms, step, number in self._agenda():
            yield from self._run_until(at_ms - 1)
            self._now_ms = at_ms
            self._exchange.advance(at_ms)
            self.background.source.advance(at_ms)
            yield from step(number)
            yield from self._tell()
        yield Feed(self._now_ms * NS_PER_MS, ALL_ASSETS, FeedChange.ENDED)

    def _agenda(self) -> list[tuple[int, Callable[[int], Iterator[Event]], int]]:
        """Return (when, what, number of its window) of all that happens at fixed times, in order."""
        end_ms = self._start_ms + self._rounds * self._length_ms + self._world.settlement_ms
        first_spot_ms = -(-self._now_ms // SPOT_EVERY_MS) * SPOT_EVERY_MS
        rows: list[tuple[int, Callable[[int], Iterator[Event]], int]] = [
            (at_ms, self._tell_spot, 0) for at_ms in range(first_spot_ms, end_ms + 1, SPOT_EVERY_MS)
        ]
        for number in range(self._rounds):
            start_ms = self._start_ms + number * self._length_ms
            rows += [
                (start_ms - self._length_ms // SHOWN_BEFORE, self._open, number),
                (start_ms + self._length_ms, self._end, number),
                (start_ms, self._begin, number),
                (start_ms + self._length_ms + self._world.settlement_ms, self._resolve, number),
            ]
        return sorted(rows, key=lambda row: row[0])

    def _run_until(self, until_ms: int) -> Iterator[Event]:
        """Let everybody act up to a time, telling what happened at each moment."""
        while True:
            due_ms = [at_ms for at_ms in (self.background.next_ms(), self._exchange.schedule.next_ms()) if at_ms]
            if not due_ms or min(due_ms) > until_ms:
                return
            self._now_ms = max(self._now_ms, min(due_ms))
            self.background.advance(self._now_ms)
            self._exchange.advance(self._now_ms)
            yield from self._tell()

    def _tell(self) -> Iterator[Event]:
        yield from self.teller.tell(self._exchange.take_notices(), self._now_ms)

    def _tell_spot(self, _: int) -> Iterator[Event]:
        ts_ns = self._now_ms * NS_PER_MS
        yield Spot(ts_ns, SPOT_SYNTHETIC, self.background.source.tape.spot_e8(self._now_ms), ts_ns)

    def _open(self, number: int) -> Iterator[Event]:
        market = self._exchange.list_market(self._spec(number), self._now_ms, Phase.OPEN)
        market.tick_flips = self._world.has_fine_tick
        self._markets.append(market)
        self.background.open(market, self._world.twap_ms)
        yield from ()

    def _begin(self, number: int) -> Iterator[Event]:
        ts_ns = self._now_ms * NS_PER_MS
        yield Spot(ts_ns, SPOT_SYNTHETIC, self.background.strike_e8(self._markets[number]), ts_ns, strike=True)

    def _end(self, number: int) -> Iterator[Event]:
        yield from self.teller.facts(self._markets[number], MarketChange.CLOSED, self._now_ms)

    def _resolve(self, number: int) -> Iterator[Event]:
        market = self._markets[number]
        final_e8 = self.background.source.tape.twap_e8(market.spec.end_ms, self._world.twap_ms)
        up_won = up_wins(final_e8, self.background.strike_e8(market))
        self._exchange.resolve(market, 0 if up_won else 1, self._now_ms)
        self.background.close(market, self._now_ms)
        yield from ()

    def _spec(self, number: int) -> MarketSpec:
        world = self._world
        start_s = world.start_s + number * world.window_length_s
        slug = slug_of(world.asset_name, start_s, world.window_length_s)
        up_id, down_id, condition_id = (
            blake2b(f"{world.seed}:{slug}:{what}".encode(), digest_size=32).hexdigest() for what in (1, 2, 0)
        )
        return MarketSpec(
            slug=slug,
            condition_id=f"0x{condition_id}",
            tokens=(str(int(up_id, 16)), str(int(down_id, 16))),
            asset=world.asset_name,
            start_ms=start_s * 1_000,
            end_ms=(start_s + world.window_length_s) * 1_000,
            length_s=world.window_length_s,
        )
