"""Before real money there are two locks and a banner; play money has none; one wallet has one engine and one state."""

import json
import os
import re
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner

from engine.cli import going_live
from engine.cli.going_live import (
    CONFIRM_NAME,
    CONFIRM_VALUE,
    TYPED_WORD,
    Venue,
    Wishes,
    banner,
    confirm,
    live_root,
    lock_wallet,
    plan_live,
    stated_root,
    venue_of,
)
from engine.config.load import Config, parse_config
from engine.model.errors import InputError, ResourceError
from engine.model.events import Tick
from engine.runtime.account import API_NAMES, KEY_NAME, owner_of
from engine.runtime.compose import fresh_state, open_journal
from engine.runtime.live import Account, Hosts, hosts_of
from engine.runtime.live_session import LivePlan
from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address
from engine.venue.credentials import ApiCredentials
from feeder.sources.local import LocalExchange
from tests.marked_secrets import API_SECRET, PASSPHRASE, PRIVATE_KEY, PROXY_PASSWORD

LOCAL = Venue(
    hosts_of("http://127.0.0.1:1", "ws://127.0.0.1:1/ws/user", "http://127.0.0.1:1/data"), "http://127.0.0.1:1"
)
REAL = Venue(
    hosts_of("https://clob.polymarket.com", "wss://ws.polymarket.com/ws/user", "https://data-api.polymarket.com"),
    "https://clob.polymarket.com",
)
KEY_TEXT = PRIVATE_KEY
CREDENTIALS = ("key-1", API_SECRET, PASSPHRASE)
LIVE = Wishes("live", live=True, accept_foreign=False, spin=False)
UNASKED = LIVE._replace(live=False)


def config_of(mode: str = "live", **sections: Any) -> Config:
    return parse_config(json.dumps({"runtime": {"mode": mode}, **sections}).encode(), "test")


def exchange_at(run_dir: Path) -> None:
    """Let a local exchange seem to run: this very process."""
    run_dir.mkdir(exist_ok=True)
    where, streams = "http://127.0.0.1:1", "ws://127.0.0.1:1"
    found = LocalExchange(
        os.getpid(),
        where,
        where,
        streams,
        streams,
        f"{streams}/ws/user",
        f"{where}/data",
        where,
        where,
        ("btc",),
        (900,),
        1,
    )
    (run_dir / "exchange.json").write_bytes(msgspec.json.encode(found))


def confirmed(config: Config, wishes: Wishes, environment: dict[str, str], typed: str = "") -> str | None:
    """Try the locks of real money; None when they opened, else what was said."""

    @click.command()
    def locks() -> None:
        confirm(config, wishes, REAL, environment)

    result = CliRunner().invoke(locks, input=f"{typed}\n")
    if result.exit_code == 0:
        return None
    assert isinstance(result.exception, InputError), result.exception
    return str(result.exception)


@pytest.mark.parametrize("mode", ["dry", "live", "shadow"])
def test_a_venue_on_the_loopback_has_no_lock(mode: str) -> None:
    confirm(config_of(mode), UNASKED, LOCAL, {})


@pytest.mark.parametrize("mode", ["live", "shadow"])
def test_real_money_needs_the_mode_in_the_config_and_a_typed_word(mode: str) -> None:
    assert confirmed(config_of(mode), LIVE, {}, TYPED_WORD) is None


@pytest.mark.parametrize("mode", ["live", "shadow"])
def test_or_the_mode_in_the_config_and_the_environment(mode: str) -> None:
    assert confirmed(config_of(mode), UNASKED, {CONFIRM_NAME: CONFIRM_VALUE}) is None


@pytest.mark.parametrize("environment", [{}, {CONFIRM_NAME: CONFIRM_VALUE}])
def test_the_mode_on_the_command_line_alone_is_not_enough(environment: dict[str, str]) -> None:
    said = confirmed(config_of("dry"), LIVE, environment, TYPED_WORD)
    assert said is not None
    assert said.startswith("runtime.mode: expected live or shadow for orders at clob.polymarket.com, was dry")


@pytest.mark.parametrize("value", ["", "1", "true", CONFIRM_VALUE.upper(), f"{CONFIRM_VALUE} "])
def test_another_value_in_the_environment_opens_nothing(value: str) -> None:
    said = confirmed(config_of(), UNASKED, {CONFIRM_NAME: value}, TYPED_WORD)
    assert said == f"expected --live and a typed word, or {CONFIRM_NAME}={CONFIRM_VALUE}, for real money"


@pytest.mark.parametrize("typed", ["", "live", "yes", "LIVE!"])
def test_another_word_opens_nothing(typed: str) -> None:
    assert confirmed(config_of(), LIVE, {}, typed) == f"expected {TYPED_WORD} to be typed, was {typed!r}"


def test_the_banner_says_whose_money_it_is() -> None:
    wallet = known_account(0).address
    address = checksum_address(wallet)
    assert banner("live", LOCAL, wallet) == f"LIVE (local exchange): play money of {address} at 127.0.0.1:1"
    assert banner("shadow", REAL, wallet) == f"SHADOW: REAL MONEY of {address} at clob.polymarket.com"


def test_orders_go_where_the_market_data_comes_from(tmp_path: Path) -> None:
    real = venue_of(config_of(), "polymarket", tmp_path)
    assert (real.hosts.clob, real.clob_url) == (REAL.hosts.clob, REAL.clob_url)
    assert not real.hosts.is_local
    exchange_at(tmp_path / "run")
    assert venue_of(config_of(), "local", tmp_path / "run") == LOCAL
    with pytest.raises(InputError, match="expected market data of a venue for live orders, was a recording"):
        venue_of(config_of(), "recording", tmp_path)
    with pytest.raises(InputError, match="start bucketmm exchange"):
        venue_of(config_of(), "local", tmp_path)


def test_a_wallet_keeps_its_state_folder_and_another_ones_is_refused(tmp_path: Path) -> None:
    mine = owner_of(config_of(), {KEY_NAME: KEY_TEXT}, local=False)
    other = owner_of(config_of(), {}, local=True)
    assert live_root(tmp_path, REAL.hosts, mine) == tmp_path / "live"
    assert live_root(tmp_path, REAL.hosts, mine) == tmp_path / "live", "and again"
    assert live_root(tmp_path, LOCAL.hosts, other) == tmp_path / "live-local"
    theirs, ours = checksum_address(mine.wallet), checksum_address(other.wallet)
    with pytest.raises(InputError, match=re.escape(f"expected the state of {ours}, was that of {theirs}")):
        live_root(tmp_path, REAL.hosts, other)


@pytest.mark.parametrize("hosts", [REAL.hosts, LOCAL.hosts], ids=["real", "local"])
@pytest.mark.parametrize("before", ["dry", "live", "shadow", "live (local exchange)", "shadow (local exchange)", None])
def test_a_named_state_folder_has_to_be_of_the_same_kind_of_money(
    tmp_path: Path, hosts: Hosts, before: str | None
) -> None:
    owner = owner_of(config_of(), {}, local=True)
    account = Account(owner.key, owner.wallet, owner.signature_type, ApiCredentials("k", "c2VjcmV0", "p"))
    plan = LivePlan(account, hosts)
    if before is not None:
        journal = open_journal(
            tmp_path / "session-000001", config_of(), fresh_state(config_of()), clock="wall", mode=before
        )
        journal.event(1, Tick(1))
        journal.close(1)
        journal.abandon()
    if before is None or (("local" in before) == hosts.is_local and before != "dry"):
        assert stated_root(tmp_path, plan) == tmp_path
        other = msgspec.structs.replace(account, wallet=b"\x07" * 20)
        with pytest.raises(InputError, match="was that of"):
            stated_root(tmp_path, plan._replace(account=other))
    else:
        with pytest.raises(InputError, match=re.escape(f"sessions, the last one was {before}")):
            stated_root(tmp_path, plan)


def test_two_engines_on_one_wallet_are_refused_whatever_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    wallet, other = known_account(0).address, known_account(1).address
    first = lock_wallet(wallet)
    with pytest.raises(ResourceError, match="the engine with pid"):
        lock_wallet(wallet)
    lock_wallet(other).release()
    first.release()
    lock_wallet(wallet).release()


class Derived:
    """Stands in for asking the venue for credentials."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, str | None]] = []
        monkeypatch.setattr(going_live, "derive_credentials", self._derive)

    async def _derive(self, clob_url: str, key: object, now_s: int, proxy: str | None) -> ApiCredentials:
        self.asked.append((clob_url, proxy))
        return ApiCredentials(*CREDENTIALS)


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> Derived:
    for name in (*API_NAMES, KEY_NAME, CONFIRM_NAME):
        monkeypatch.delenv(name, raising=False)
    return Derived(monkeypatch)


def test_nothing_is_asked_of_the_venue_before_both_locks_are_open(
    derived: Derived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_NAME, KEY_TEXT)
    with pytest.raises(InputError, match="expected --live and a typed word"):
        plan_live(config_of(), UNASKED, "polymarket", tmp_path, None)
    assert derived.asked == []


def test_a_plan_for_real_money_has_key_wallet_proxy_and_credentials(
    derived: Derived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEY_NAME, KEY_TEXT)
    monkeypatch.setenv(CONFIRM_NAME, CONFIRM_VALUE)
    proxy = f"socks5://ada:{PROXY_PASSWORD}@127.0.0.1:1080"
    config = config_of("shadow", venue={"proxy": proxy})
    wishes = Wishes("shadow", live=False, accept_foreign=True, spin=True)
    plan = plan_live(config, wishes, "polymarket", tmp_path, None)
    assert (plan.mode, plan.accept_foreign, plan.spin, plan.proxy) == ("shadow", True, True, proxy)
    assert plan.account.wallet == owner_of(config, {KEY_NAME: KEY_TEXT}, local=False).wallet
    assert derived.asked == [("https://clob.polymarket.com", proxy)]
    assert "SHADOW: REAL MONEY of 0x" in capsys.readouterr().err
    shown = repr(plan)
    for secret in (KEY_TEXT[2:], *CREDENTIALS[1:], PROXY_PASSWORD):
        assert secret not in shown


def test_stated_credentials_are_used_for_real_money_instead_of_asking(
    derived: Derived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip((KEY_NAME, CONFIRM_NAME, *API_NAMES), (KEY_TEXT, CONFIRM_VALUE, *CREDENTIALS), strict=True):
        monkeypatch.setenv(name, value)
    plan = plan_live(config_of(), UNASKED, "polymarket", tmp_path, None)
    assert plan.account.credentials == ApiCredentials(*CREDENTIALS)
    assert derived.asked == []


def test_a_literal_key_in_a_file_that_others_may_read_is_refused_before_anything_else(
    derived: Derived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONFIRM_NAME, CONFIRM_VALUE)
    path = tmp_path / "config.json"
    path.write_text("{}")
    path.chmod(0o640)
    config = config_of(api={"PRIVATE_KEY": KEY_TEXT})
    with pytest.raises(InputError, match=f"chmod 600 {path}"):
        plan_live(config, UNASKED, "polymarket", tmp_path, path)
    assert derived.asked == []
    path.chmod(0o600)
    assert plan_live(config, UNASKED, "polymarket", tmp_path, path).account.wallet


def test_a_plan_for_play_money_needs_neither_key_nor_word_and_uses_nothing_of_the_real_one(
    derived: Derived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in zip(API_NAMES, CREDENTIALS, strict=True):
        monkeypatch.setenv(name, value)
    exchange_at(tmp_path)
    config = config_of("dry", venue={"proxy": "socks5://127.0.0.1:1080"})
    plan = plan_live(config, UNASKED, "local", tmp_path, None)
    assert plan.proxy is None
    assert plan.hosts.is_local
    assert derived.asked == [("http://127.0.0.1:1", None)], "the real venue's credentials are not tried here"
    assert capsys.readouterr().err.startswith("LIVE (local exchange): play money of 0x")
