"""`bucketmm preflight` against a running exchange: all passes; what is spoiled there fails by name."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.trader import Trader
from tests.conformance.venue import BUCKETMM, Account, Venue, running

Preflight = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def short() -> Iterator[Venue]:
    """Yield an exchange with short windows of its own."""
    with running("--bucket-seconds", "300") as found:
        yield found


@pytest.fixture
def account(short: Venue) -> Account:
    return short.account()


@pytest.fixture
def preflight(short: Venue, account: Account, tmp_path: Path) -> Preflight:
    """Return a way to run it that gives the checks by name and looks at the exit status."""

    def run(*arguments: str) -> dict[str, dict[str, Any]]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYMARKET_")}
        own = {"POLYMARKET_PK": account.private_key, "XDG_STATE_HOME": str(tmp_path / "xdg")}
        result = subprocess.run(
            [str(BUCKETMM), "preflight", "--json", "--run-dir", str(short.run_dir), *arguments],
            env=environment | own,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.stdout, result.stderr
        report = json.loads(result.stdout)
        assert result.returncode == (0 if report["passed"] else 1)
        assert account.private_key.removeprefix("0x") not in result.stdout + result.stderr
        assert account.api.secret not in result.stdout + result.stderr
        return {one["name"]: one for one in report["checks"]}

    return run


def failures(checks: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, one in checks.items() if one["status"] == "FAIL"}


def test_all_is_well_and_an_order_goes_and_comes(short: Venue, account: Account, preflight: Preflight) -> None:
    checks = preflight("--with-order", "--watch", "1")
    assert failures(checks) == set()
    assert checks["order version"]["found"].endswith("placed and cancelled")
    assert checks["collateral"]["found"] == "1000.00 USD"
    assert checks["wallet watched"]["status"] == "PASS"
    assert Trader(short, account).get("/data/orders")["data"] == []


def test_a_wallet_without_money_and_approvals_fails(short: Venue, account: Account, preflight: Preflight) -> None:
    short.wallet(account, approved=False)
    assert failures(preflight()) == {"allowances"}


def test_an_order_of_somebody_else_fails(short: Venue, account: Account, preflight: Preflight) -> None:
    market = short.market()
    Trader(short, account).place(market.up, "BUY", 0.1, 10)
    assert failures(preflight()) == {"foreign orders"}


def test_a_new_key_has_no_wallet_money_or_approvals(short: Venue, preflight: Preflight, tmp_path: Path) -> None:
    stranger = short.stranger()
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"api": {"PRIVATE_KEY": stranger.private_key}}))
    path.chmod(0o600)
    checks = preflight("--config", str(path))
    assert failures(checks) == {"wallet type", "collateral", "allowances"}


def test_a_clock_that_is_wrong_fails(short: Venue, preflight: Preflight) -> None:
    with short.fault("clock_skew", delay_ms=5_000):
        assert "clock" in failures(preflight())


def test_a_venue_that_takes_no_orders_fails_the_trial(short: Venue, preflight: Preflight) -> None:
    with short.fault("cancel_only"):
        checks = preflight("--with-order")
    assert failures(checks) == {"order version"}
    assert "cancel-only" in checks["order version"]["found"]
