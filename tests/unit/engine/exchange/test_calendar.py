"""A series of windows in virtual time, settled on a reference price that the test sets."""

import pytest

from engine.exchange.calendar import KEPT_WINDOWS, Calendar, SeriesOptions, make_ids, make_spec
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import Market, Phase
from engine.exchange.core.snapshot import capture, restore
from engine.venue.contracts import is_v2_position_id

LENGTH_S = 900
START_MS = 1_795_262_400_000
MIDDLE_MS = START_MS + 300_000
SETTLE_MS = 45_000
HYDRATE_MS = 60_000


class Prices:
    """A reference price that is `at[ms]` from that time on; averages are the price at their end."""

    def __init__(self, first_ms: int = START_MS - 10_000_000) -> None:
        self.first_ms = first_ms
        self.at = {0: 100}
        self.asked: list[tuple[int, int]] = []

    def average_e8(self, at_ms: int, lookback_ms: int) -> int:
        self.asked.append((at_ms, lookback_ms))
        return self.at[max(ms for ms in self.at if ms <= at_ms)]


class Scene:
    """A calendar, and what it has told."""

    def __init__(self, now_ms: int = MIDDLE_MS, exchange: Exchange | None = None, ahead: int = 2) -> None:
        self.prices = Prices()
        self.exchange = exchange or Exchange()
        self.calendar = Calendar(self.exchange, SeriesOptions(ahead=ahead), self.prices)
        self.told: list[tuple[str, str]] = []
        self.calendar.on_open = lambda market: self.told.append(("open", market.spec.slug[-10:]))
        self.calendar.on_end = lambda market, now_ms: self.told.append(("end", market.spec.slug[-10:]))
        self.calendar.on_retired = lambda market: self.told.append(("retired", market.spec.slug[-10:]))
        self.now_ms = now_ms

    def begin(self) -> "Scene":
        self.exchange.advance(self.now_ms)
        self.calendar.begin(self.now_ms)
        return self

    def until(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.exchange.advance(now_ms)

    def window(self, number: int) -> Market:
        slug = f"btc-updown-15m-{START_MS // 1_000 + number * LENGTH_S}"
        return next(market for market in self.exchange.markets.values() if market.spec.slug == slug)

    def phases(self) -> list[str]:
        return [market.phase.name for market in self.exchange.markets.values()]


def start_ms(number: int) -> int:
    return START_MS + number * LENGTH_S * 1_000


def test_at_the_beginning_the_running_window_and_those_ahead_are_open() -> None:
    scene = Scene().begin()
    assert scene.phases() == ["OPEN", "OPEN", "OPEN"]
    assert [scene.window(number).spec.start_ms for number in range(3)] == [start_ms(number) for number in range(3)]
    assert [what for what, _ in scene.told] == ["open"] * 3


def test_with_each_window_another_is_listed_whose_book_appears_later() -> None:
    scene = Scene().begin()
    scene.until(start_ms(1) - 1)
    assert len(scene.phases()) == 3
    scene.until(start_ms(1))
    assert scene.phases() == ["OPEN", "OPEN", "OPEN", "HYDRATING"]
    scene.until(start_ms(1) + HYDRATE_MS - 1)
    assert scene.window(3).phase == Phase.HYDRATING
    scene.until(start_ms(1) + HYDRATE_MS)
    assert scene.window(3).phase == Phase.OPEN
    assert scene.told[-1] == ("open", str(start_ms(3) // 1_000))


def test_a_window_trades_until_it_is_resolved_some_time_after_its_end() -> None:
    scene = Scene().begin()
    scene.until(start_ms(1) + SETTLE_MS - 1)
    assert scene.window(0).phase == Phase.OPEN
    scene.until(start_ms(1) + SETTLE_MS)
    assert scene.window(0).phase == Phase.RESOLVED
    assert scene.told[-1] == ("end", str(start_ms(0) // 1_000))


@pytest.mark.parametrize(("final", "winner"), [(101, 0), (100, 0), (99, 1)])
def test_equality_is_up(final: int, winner: int) -> None:
    scene = Scene().begin()
    scene.prices.at |= {start_ms(1): 100, start_ms(2): final, start_ms(2) + 1: 12_345}
    scene.until(start_ms(2) + SETTLE_MS)
    assert scene.window(1).winner == winner
    settled = scene.calendar.settled[scene.window(1).spec.condition_id]
    assert (settled.strike_e8, settled.final_e8) == (100, final)
    assert (start_ms(2), 60_000) in scene.prices.asked


def test_one_windows_final_price_is_the_next_ones_price_to_beat() -> None:
    scene = Scene().begin()
    scene.prices.at |= {start_ms(1): 105}
    scene.until(start_ms(1) + SETTLE_MS)
    assert scene.calendar.settled[scene.window(0).spec.condition_id].final_e8 == 105
    assert scene.calendar.strikes_e8[scene.window(1).spec.condition_id] == 105


def test_a_jump_over_several_windows_lists_and_ends_each_of_them() -> None:
    scene = Scene().begin()
    scene.until(start_ms(6) + SETTLE_MS)
    assert [scene.window(number).phase for number in range(6)] == [Phase.RESOLVED] * 6
    assert [scene.window(number).phase for number in (6, 7, 8)] == [Phase.OPEN, Phase.OPEN, Phase.HYDRATING]


def test_only_the_last_windows_are_kept() -> None:
    scene = Scene().begin()
    scene.until(start_ms(KEPT_WINDOWS + 2) + SETTLE_MS)
    assert [what for what, _ in scene.told].count("retired") == 2
    assert len([phase for phase in scene.phases() if phase == "RESOLVED"]) == KEPT_WINDOWS
    assert len(scene.calendar.settled) == KEPT_WINDOWS


def test_a_late_book_appears_only_if_its_window_is_not_over() -> None:
    scene = Scene(ahead=1).begin()
    scene.calendar.hydration_extra_ms = 3 * LENGTH_S * 1_000
    scene.until(start_ms(1))
    scene.calendar.hydration_extra_ms = 0
    late = scene.window(2)
    scene.until(start_ms(3) + SETTLE_MS)
    assert late.phase == Phase.RESOLVED
    scene.until(start_ms(5))
    assert late.phase == Phase.RESOLVED
    assert ("open", late.spec.slug[-10:]) not in scene.told


def test_a_window_that_somebody_else_has_resolved_ends_like_any_other() -> None:
    scene = Scene().begin()
    scene.exchange.resolve(scene.window(0), 1, scene.now_ms)
    scene.until(start_ms(1) + SETTLE_MS)
    assert scene.told[-1] == ("end", str(start_ms(0) // 1_000))
    assert scene.window(0).winner == 1
    assert scene.window(0).spec.condition_id not in scene.calendar.strikes_e8
    scene.until(start_ms(KEPT_WINDOWS + 1) + SETTLE_MS)
    assert ("retired", str(start_ms(0) // 1_000)) in scene.told


def test_a_halted_window_is_resolved() -> None:
    scene = Scene().begin()
    scene.exchange.set_phase(scene.window(0), Phase.HALTED, scene.now_ms)
    scene.until(start_ms(1) + SETTLE_MS)
    assert scene.window(0).phase == Phase.RESOLVED


def restarted(scene: Scene, now_ms: int, options: SeriesOptions | None = None) -> Scene:
    """Return a scene that takes up at `now_ms` what another one has saved."""
    scene.exchange.stop(scene.now_ms)
    again = Scene(now_ms)
    restore(again.exchange, capture(scene.exchange))
    if options is not None:
        again.calendar.options = options
    again.calendar.restore(scene.calendar.strikes_e8)
    again.prices.first_ms = now_ms - 1_000
    return again


def test_a_restart_within_a_window_keeps_its_price_to_beat() -> None:
    scene = Scene().begin()
    again = restarted(scene, MIDDLE_MS + 60_000)
    again.prices.at = {0: 90}
    again.begin()
    assert len(again.phases()) == 3
    again.until(start_ms(1) + SETTLE_MS)
    assert again.calendar.settled[again.window(0).spec.condition_id].strike_e8 == 100
    assert again.window(0).winner == 1


def test_a_window_that_ended_meanwhile_is_settled_on_the_first_prices() -> None:
    scene = Scene().begin()
    now_ms = start_ms(1) + 400_000
    again = restarted(scene, now_ms)
    again.prices.at = {0: 500, now_ms + 1: 120}
    again.begin()
    assert again.window(0).phase == Phase.OPEN
    again.until(now_ms + SETTLE_MS)
    settled = again.calendar.settled[again.window(0).spec.condition_id]
    assert (settled.strike_e8, settled.final_e8, again.window(0).winner) == (100, 120, 0)
    assert again.calendar.strikes_e8[again.window(1).spec.condition_id] == 500, "it began while nobody looked"


def test_a_restart_with_another_seed_keeps_the_windows_that_there_are() -> None:
    scene = Scene().begin()
    again = restarted(scene, MIDDLE_MS, SeriesOptions(ahead=2, seed=77, version="v2")).begin()
    slugs = [market.spec.slug for market in again.exchange.markets.values()]
    assert len(slugs) == len(set(slugs)) == 3
    again.until(start_ms(1))
    assert [again.window(number).spec.version for number in (2, 3)] == ["v1", "v2"]


def test_a_series_takes_only_its_own_prices_to_beat() -> None:
    scene = Scene().begin()
    own = scene.window(0).spec.condition_id
    scene.calendar.restore({"0xanother": 7, own: 8})
    assert scene.calendar.strikes_e8 == {own: 8}


def test_a_resolved_window_that_comes_back_is_still_retired() -> None:
    scene = Scene().begin()
    scene.until(start_ms(1) + SETTLE_MS)
    again = restarted(scene, scene.now_ms + 1_000).begin()
    assert again.window(0).phase == Phase.RESOLVED
    again.until(start_ms(KEPT_WINDOWS + 1) + SETTLE_MS)
    assert ("retired", str(start_ms(0) // 1_000)) in again.told


def test_two_series_of_one_asset_keep_out_of_each_others_way() -> None:
    scene = Scene()
    other = Calendar(scene.exchange, SeriesOptions(ahead=1, length_s=300), scene.prices)
    scene.begin()
    other.begin(scene.now_ms)
    scene.until(start_ms(1) + SETTLE_MS)
    lengths = {market.spec.length_s for market in scene.exchange.markets.values() if market.phase == Phase.RESOLVED}
    assert lengths == {300, 900}
    assert scene.calendar.settled.keys().isdisjoint(other.settled.keys())
    assert len(scene.calendar.settled) == 1
    assert len(other.settled) == 2


@pytest.mark.parametrize(("length_s", "settle_ms", "hydrate_ms"), [(900, 45_000, 60_000), (60, 3_000, 4_000)])
def test_delays_shrink_with_the_window(length_s: int, settle_ms: int, hydrate_ms: int) -> None:
    options = SeriesOptions(length_s=length_s)
    assert (options.settle_ms, options.hydrate_ms) == (settle_ms, hydrate_ms)


def test_the_same_seed_gives_the_same_ids() -> None:
    one, same, other = (make_spec(SeriesOptions(seed=seed), START_MS // 1_000, 0) for seed in (1, 1, 2))
    assert one == same
    assert {one.condition_id, *one.tokens}.isdisjoint({other.condition_id, *other.tokens})


def test_ids_have_the_shape_of_their_version() -> None:
    condition_id, tokens = make_ids("x", "v1")
    assert len(condition_id) == 66
    assert not any(is_v2_position_id(int(token)) for token in tokens)
    condition_id, tokens = make_ids("x", "v2")
    assert len(condition_id) == 64
    assert condition_id.startswith("0x01")
    assert all(is_v2_position_id(int(token)) for token in tokens)
    assert [f"0x{int(token):064x}" for token in tokens] == [f"{condition_id}00", f"{condition_id}01"]
