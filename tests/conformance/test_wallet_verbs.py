"""`bucketmm wallet` as a user calls it, against a running exchange."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("polymarket", reason="the official clients are not installed: pip install -e '.[clients]'")

from tests.conformance.trader import Trader
from tests.conformance.venue import BUCKETMM, USD, Account, Venue, running


class User:
    """Somebody with a key in the environment."""

    def __init__(self, venue: Venue, account: Account, folder: Path) -> None:
        self.account = account
        self._venue = venue
        self._folder = folder

    def wallet(self, *arguments: str, status: int = 0) -> str:
        """Run a verb; return what it printed. The key is in nothing of it."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYMARKET_")}
        result = subprocess.run(
            [str(BUCKETMM), "wallet", "--run-dir", str(self._venue.run_dir), *arguments],
            env=environment | {"POLYMARKET_PK": self.account.private_key},
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = result.stdout + result.stderr
        assert result.returncode == status, said
        assert self.account.private_key.removeprefix("0x") not in said
        return said


@pytest.fixture
def user(venue: Venue, tmp_path: Path) -> User:
    return User(venue, venue.account(), tmp_path)


def test_splits_merges_and_redeems(venue: Venue, user: User) -> None:
    market, wallet = venue.market(), user.account.deposit
    start = venue.held(wallet)
    assert "split: 0x" in user.wallet("split", market.slug, "10")
    assert [venue.held(wallet, token) for token in market.tokens] == [10 * USD, 10 * USD]
    assert "merged: 0x" in user.wallet("merge", market.condition_id, "4")
    assert venue.held(wallet, market.up) == 6 * USD
    venue.resolve(market, 1)
    assert "redeemed: 0x" in user.wallet("redeem", market.slug)
    assert venue.held(wallet) == start


def test_balance_tells_collateral_approvals_and_positions(venue: Venue, user: User) -> None:
    market = venue.market()
    user.wallet("split", market.slug, "2.5")
    found = json.loads(user.wallet("balance", "--json"))
    assert found["wallet"] == user.account.deposit
    assert found["collateral_usd"] == "997.5"
    assert found["approvals_missing"] == 0
    assert [(one["slug"], one["size"], one["mergeable"]) for one in found["positions"]] == [
        (market.slug, "2.5", True),
        (market.slug, "2.5", True),
    ]


def test_approves_what_is_missing_and_says_when_nothing_is(venue: Venue, user: User) -> None:
    venue.wallet(user.account, approved=False)
    assert "approvals were missing, none is now" in user.wallet("approve")
    assert "nothing was missing" in user.wallet("approve")


def test_tidies_pairs_and_winners_but_not_where_an_order_rests(venue: Venue, user: User) -> None:
    paired, won, resting = venue.market(), venue.market(), venue.market()
    wallet, trader = user.account.deposit, Trader(venue, user.account)
    for market in (paired, won, resting):
        user.wallet("split", market.slug, "10")
    trader.post("/balance-allowance/update")
    sold = trader.place(resting.up, "SELL", 0.9, 10)
    venue.resolve(won, 0)
    said = user.wallet("tidy")
    assert f"{resting.slug}: left alone" in said
    assert f"{paired.slug}: merged" in said
    assert f"{won.slug}: redeemed" in said
    assert venue.held(wallet, paired.up) == venue.held(wallet, won.up) == 0
    assert venue.held(wallet, resting.up) == 10 * USD
    trader.delete("/order", {"orderID": sold})
    assert f"{resting.slug}: merged" in user.wallet("tidy")
    assert "nothing to do" in user.wallet("tidy")


def test_derives_keys_into_a_file_for_its_owner_alone(venue: Venue, user: User, tmp_path: Path) -> None:
    del venue
    api = user.account.api
    said = user.wallet("derive-keys", "--out", "api.env")
    path = tmp_path / "api.env"
    assert api.key in said
    assert api.secret not in said
    assert api.passphrase not in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().splitlines() == [
        f"POLYMARKET_API_KEY={api.key}",
        f"POLYMARKET_API_SECRET={api.secret}",
        f"POLYMARKET_PASSPHRASE={api.passphrase}",
    ]
    assert "exists" in user.wallet("derive-keys", "--out", "api.env", status=2)


def test_what_the_venue_refuses_is_said_and_not_a_traceback(venue: Venue, user: User) -> None:
    market = venue.market()
    said = user.wallet("split", market.slug, "5000", status=3)
    assert "error: the venue or its SDK refused" in said
    assert "Traceback" not in said
    user.wallet("redeem", "no-such-market", status=3)


def test_goes_by_tls_where_the_config_says_so(tmp_path: Path) -> None:
    with running("--tls") as sealed:
        account, url = sealed.account(), sealed.reach["tls_url"]
        paths = {
            "clob_url": "",
            "gamma_url": "/gamma",
            "data_url": "/data",
            "relayer_url": "/relayer",
            "rpc_url": "/rpc",
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"venue": {name: url + end for name, end in paths.items()}}))
        market = sealed.market()
        result = subprocess.run(
            [str(BUCKETMM), "wallet", "--source", "polymarket", "--config", str(path), "split", market.slug, "3"],
            env=os.environ
            | {"POLYMARKET_PK": account.private_key, "SSL_CERT_FILE": sealed.reach["environment"]["SSL_CERT_FILE"]},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert sealed.held(account.deposit, market.up) == 3 * USD
