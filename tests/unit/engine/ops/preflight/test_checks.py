"""Every check passes when all is well, and fails on what it is there for."""

import pytest
from msgspec.structs import replace

from engine.ops.preflight import checks
from engine.ops.preflight.checks import CHECKS, Result, Status, moved, run_checks, unmoved
from engine.ops.preflight.facts import Facts, Geoblock, Lost, TrialOrder, Untold
from engine.venue.contracts import EXCHANGE_V2
from tests.unit.engine.ops.preflight.wells import MACHINE, RING, VENUE, WELL

LOST = Lost("no answer")


def machine(**changes: object) -> Facts:
    return replace(WELL, machine=replace(MACHINE, **changes))


def venue(**changes: object) -> Facts:
    return replace(WELL, venue=replace(VENUE, **changes))


def ring(**changes: object) -> Facts:
    return machine(ring=replace(RING, **changes))


def result(facts: Facts, name: str) -> Result:
    return next(found for found in run_checks(facts) if found.name == name)


def test_all_is_well_with_these_facts() -> None:
    assert [(one.name, one.status, one.todo) for one in run_checks(WELL) if one.status is not Status.PASS] == []
    assert len(run_checks(WELL)) == len(CHECKS) == 19


@pytest.mark.parametrize(
    ("name", "facts", "found"),
    [
        ("credentials", replace(WELL, account=Lost("expected a key")), "expected a key"),
        ("credentials", venue(api_key=Lost("unknown key")), "unknown key"),
        ("proxy", venue(round_trip_ms=LOST), "no answer"),
        ("geoblock", venue(geoblock=Geoblock(True, "US")), "blocked in US"),
        ("geoblock", venue(geoblock=LOST), "no answer"),
        ("venue", venue(round_trip_ms=LOST), "no answer"),
        ("API version", venue(version=3), "expected 2, was 3"),
        ("API version", venue(version=LOST), "no answer"),
        ("clock", venue(skew_ms=2_001), "+2.0 s"),
        ("clock", venue(skew_ms=-5_000), "-5.0 s"),
        ("clock", venue(skew_ms=LOST), "no answer"),
        ("wallet type", venue(is_deployed=False), "not deployed"),
        ("wallet type", venue(is_deployed=LOST), "no answer"),
        ("collateral", venue(collateral_u6=9_999_999), "10.00 USD"),
        ("collateral", venue(collateral_u6=LOST), "no answer"),
        (
            "allowances",
            venue(allowances={EXCHANGE_V2.address.lower(): 10_000_000}),
            "missing: negRisk exchange V2, exch",
        ),
        ("allowances", venue(allowances=LOST), "no answer"),
        ("order version", venue(trial=TrialOrder("o", False, True, "invalid signature")), "invalid signature"),
        ("order version", venue(trial=TrialOrder("o", True, False, "timeout")), "not cancelled"),
        ("order version", venue(trial=LOST), "no answer"),
        ("state", machine(state=Lost("bad frame")), "bad frame"),
        ("kill switch", machine(killed="the spread"), "the spread"),
        ("kill switch", machine(killed=""), "no reason given"),
        ("engine", machine(engine="the engine with pid 7 uses it"), "pid 7"),
        ("foreign orders", venue(resting=("0xours", "0xtheirs")), "1 that our journals do not know, e.g. 0xtheirs"),
        ("foreign orders", venue(resting=LOST), "no answer"),
        ("foreign processes", machine(foreign_running=("old-bot.service",)), "old-bot.service"),
        ("ring", ring(fault="belongs to another user"), "another user"),
        ("ring", ring(free_bytes=0), "0 MiB free"),
        ("ring", ring(is_there=True), "its feeder is dead"),
        ("disk", machine(disk_free_bytes=1 << 20), "1 MiB free"),
    ],
)
def test_a_check_fails_on_what_it_is_there_for_and_says_what_to_do(name: str, facts: Facts, found: str) -> None:
    failed = result(facts, name)
    assert failed.status is Status.FAIL
    assert found in failed.found
    assert failed.todo


def test_every_check_that_can_fail_does_so_in_the_test_above() -> None:
    parameters = test_a_check_fails_on_what_it_is_there_for_and_says_what_to_do.pytestmark[0].args[1]  # type: ignore[attr-defined]
    tested = {name for name, _, _ in parameters}
    # a config that is wrong ends the command before, and a wallet that is not the key's fails the credentials
    assert {one.name for one in run_checks(WELL)} - tested == {"config", "funder"}


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("proxy", venue(proxy=None)),
        ("geoblock", venue(geoblock=Untold("on this machine"))),
        ("order version", venue(trial=Untold("not asked for"))),
        ("wallet type", replace(WELL, account=LOST)),
        ("funder", replace(WELL, account=LOST)),
        ("foreign processes", machine(foreign_units=())),
    ],
)
def test_what_was_not_asked_is_skipped(name: str, facts: Facts) -> None:
    assert result(facts, name).status is Status.SKIP


def test_an_eoa_has_no_contract_to_be_deployed() -> None:
    found = result(venue(is_deployed=Untold("an EOA needs none")), "wallet type")
    assert found.status is Status.PASS


def test_a_ring_that_a_feeder_writes_is_well_however_full_the_memory_is() -> None:
    assert result(ring(is_there=True, is_written=True, free_bytes=0), "ring").status is Status.PASS


def test_what_moves_on_the_wallet_is_seen() -> None:
    assert moved(VENUE, VENUE) is None
    spent = moved(VENUE, replace(VENUE, collateral_u6=4_000_000))
    assert spent is not None
    assert spent.found == "6.00 USD have left"
    come = moved(VENUE, replace(VENUE, resting=("0xOURS", "0xnew")))
    assert come is not None
    assert "0xnew" in come.found
    assert moved(VENUE, replace(VENUE, collateral_u6=50_000_000)) is None, "money that comes is no alarm"
    assert moved(replace(VENUE, resting=LOST), replace(VENUE, collateral_u6=LOST, resting=())) is None
    assert unmoved(600).status is Status.PASS


def test_every_check_says_what_it_is_about() -> None:
    assert all(check.__doc__ for check in CHECKS)
    assert checks.SKEW_MS_MAX == 2_000
