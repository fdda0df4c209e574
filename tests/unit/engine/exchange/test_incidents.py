"""Incidents of the venue in virtual time: they begin, end by themselves, overlap, and leave nothing behind."""

import pytest

from engine.exchange.core.market import Phase
from engine.exchange.core.mode import POST_ONLY_MS, RESTART_MS
from engine.exchange.scenario import What
from engine.exchange.server.limits import Mode as LimitMode
from engine.model.events import VenueState
from tests.unit.engine.exchange.virtual import Virtual


@pytest.fixture
def venue() -> Virtual:
    return Virtual().begin()


def state(venue: Virtual) -> VenueState:
    return venue.app.exchange.mode.state


def test_an_incident_begins_and_ends_in_its_time(venue: Virtual) -> None:
    venue.fault(What.CLOCK_SKEW, at_ms=2_000, for_ms=3_000, delay_ms=-7_000)
    assert venue.app.desk.skew_ms == 0
    venue.wait(2_000)
    assert venue.app.desk.skew_ms == -7_000
    assert venue.control.incidents.listed()["clock_skew"] == {"what": "clock_skew", "active": True, "happened": 1}
    venue.wait(3_000)
    assert venue.app.desk.skew_ms == 0
    assert venue.control.incidents.listed()["clock_skew"] == {"what": "clock_skew", "active": False, "happened": 1}


def test_one_that_is_removed_before_its_time_never_begins(venue: Virtual) -> None:
    name = venue.fault(What.CLOCK_SKEW, at_ms=2_000)
    venue.end(name)
    assert not venue.control.incidents.remove(name)
    venue.wait(5_000)
    assert venue.app.desk.skew_ms == 0


def test_one_of_the_same_name_takes_the_place_of_the_first(venue: Virtual) -> None:
    venue.fault(What.CLOCK_SKEW, "x", delay_ms=1_000, for_ms=2_000)
    venue.fault(What.BALANCE_LAG, "x", delay_ms=9_000, for_ms=60_000)
    assert venue.app.desk.skew_ms == 0
    venue.wait(2_000)
    assert venue.app.exchange.settlement.lag_ms == 9_000, "the end of the first is not that of the second"


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_of_overlapping_values_the_latest_counts(venue: Virtual, first_to_end: int) -> None:
    names = [venue.fault(What.CLOCK_SKEW, "a", delay_ms=1_000), venue.fault(What.CLOCK_SKEW, "b", delay_ms=2_000)]
    assert venue.app.desk.skew_ms == 2_000
    venue.end(names.pop(first_to_end))
    assert venue.app.desk.skew_ms == (2_000, 1_000)[first_to_end]
    venue.end(names.pop())
    assert venue.app.desk.skew_ms == 0


def test_a_mode_that_ends_gives_way_to_the_one_that_is_still_on(venue: Virtual) -> None:
    venue.fault(What.POST_ONLY, for_ms=10_000)
    venue.wait(1_000)
    venue.fault(What.CANCEL_ONLY, for_ms=3_000)
    assert state(venue) == VenueState.CANCEL_ONLY
    venue.wait(3_000)
    assert state(venue) == VenueState.POST_ONLY
    refusal = venue.app.exchange.mode.refusal(post_only=False, now_ms=venue.at_ms)
    assert refusal is not None
    assert refusal.retry_after_s == 6
    venue.wait(6_000)
    assert state(venue) == VenueState.NORMAL


def test_a_mode_without_an_end_lasts_until_it_is_removed(venue: Virtual) -> None:
    name = venue.fault(What.DISABLED)
    venue.fault(What.POST_ONLY, for_ms=1_000)
    venue.wait(60_000)
    assert state(venue) == VenueState.DISABLED
    venue.end(name)
    assert state(venue) == VenueState.NORMAL


def test_two_of_one_mode_last_as_long_as_the_longer(venue: Virtual) -> None:
    venue.fault(What.POST_ONLY, "short", for_ms=2_000)
    venue.fault(What.POST_ONLY, "long", for_ms=5_000)
    venue.wait(2_000)
    assert state(venue) == VenueState.POST_ONLY
    venue.wait(3_000)
    assert state(venue) == VenueState.NORMAL


def test_a_restart_takes_its_documented_time_unless_told_otherwise(venue: Virtual) -> None:
    venue.fault(What.RESTART)
    venue.wait(RESTART_MS - 1, RESTART_MS)
    assert state(venue) == VenueState.RESTARTING
    venue.wait(1)
    assert state(venue) == VenueState.POST_ONLY
    venue.wait(POST_ONLY_MS - 1, POST_ONLY_MS)
    assert state(venue) == VenueState.POST_ONLY
    venue.wait(1)
    assert state(venue) == VenueState.NORMAL
    venue.fault(What.RESTART, for_ms=500, delay_ms=1_000)
    venue.wait(500, 500)
    assert state(venue) == VenueState.POST_ONLY
    venue.wait(1_000)
    assert state(venue) == VenueState.NORMAL


def test_a_mode_that_ends_during_a_restart_leaves_it_alone(venue: Virtual) -> None:
    venue.fault(What.CANCEL_ONLY, for_ms=1_000)
    venue.fault(What.RESTART, for_ms=5_000, delay_ms=0)
    venue.wait(1_000)
    assert state(venue) == VenueState.RESTARTING
    venue.wait(4_000)
    assert state(venue) == VenueState.NORMAL


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_ticks_come_back_when_the_last_flip_ends(venue: Virtual, first_to_end: int) -> None:
    names = [venue.fault(What.TICK_FLIP, name) for name in ("a", "b")]
    market = venue.market()
    assert (market.tick_e4, market.tick_flips) == (10, False)
    venue.end(names.pop(first_to_end))
    assert (market.tick_e4, market.tick_flips) == (10, False)
    venue.end(names.pop())
    assert (market.tick_e4, market.tick_flips) == (100, True)


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_markets_open_when_the_last_halt_ends(venue: Virtual, first_to_end: int) -> None:
    names = [venue.fault(What.MARKET_HALTED, name) for name in ("a", "b")]
    venue.end(names.pop(first_to_end))
    assert venue.market().phase == Phase.HALTED
    venue.end(names.pop())
    assert venue.market().phase == Phase.OPEN


def test_a_window_that_is_resolved_while_halted_or_flipped_stays_resolved(venue: Virtual) -> None:
    venue.fault(What.MARKET_HALTED, for_ms=90_000)
    venue.fault(What.TICK_FLIP, for_ms=90_000)
    first = venue.market()
    venue.wait(120_000)
    assert first.phase == Phase.RESOLVED
    assert [m.phase.name for m in venue.app.exchange.markets.values() if m is not first].count("HALTED") == 0


def test_limits_are_enforced_for_a_time(venue: Virtual) -> None:
    venue.fault(What.RATE_LIMITS, for_ms=1_000)
    assert venue.app.desk.limits.mode is LimitMode.ENFORCE
    venue.wait(1_000)
    assert venue.app.desk.limits.mode is LimitMode.WARN


def test_new_windows_appear_later(venue: Virtual) -> None:
    venue.fault(What.HYDRATION_DELAY, delay_ms=20_000, for_ms=50_000)
    venue.wait(45_000)
    venue.wait(20_000)
    assert venue.market(2).phase == Phase.HYDRATING
    venue.wait(5_000)
    assert venue.market(2).phase == Phase.OPEN


def test_transport_faults_are_the_boards(venue: Virtual) -> None:
    venue.fault(What.SLOW, count=2)
    listed = venue.control.incidents.listed()["slow"]
    assert listed == {"what": "slow", "active": True, "happened": 0}
    venue.end("slow")
    assert venue.app.board.active(venue.at_ms) == {}


def test_settlement_goes_as_the_latest_incident_says_and_then_as_ever(venue: Virtual) -> None:
    ordinary = venue.app.exchange.settlement.plan
    names = [venue.fault(What.TRADE_FAILED), venue.fault(What.SETTLEMENT_SLOW)]
    assert venue.app.exchange.settlement.plan is not ordinary
    for name in names:
        venue.end(name)
    assert venue.app.exchange.settlement.plan is ordinary
