import os
from pathlib import Path

import pytest

from engine.cli.endpoints import confirm, endpoints_of, proxied
from engine.config.load import parse_config
from engine.model.errors import InputError
from engine.ops.endpoints import Endpoints

LOCAL = Endpoints(*["http://127.0.0.1:1"] * 5)
REAL = Endpoints(*["https://clob.polymarket.com"] * 5)


def test_the_configs_hosts_are_the_venue(tmp_path: Path) -> None:
    found = endpoints_of(parse_config(b"{}", "test"), "polymarket", tmp_path)
    assert found.relayer_url == "https://relayer-v2.polymarket.com"
    assert not found.is_local


def test_a_local_exchange_that_does_not_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="start bucketmm exchange"):
        endpoints_of(parse_config(b"{}", "test"), None, tmp_path)


def test_play_money_and_yes_need_no_word() -> None:
    confirm(LOCAL, "split", yes=False)
    confirm(REAL, "split", yes=True)


@pytest.mark.parametrize(("said", "passes"), [("YES", True), ("yes", False), ("", False)])
def test_real_money_needs_the_word(said: str, passes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.prompt", lambda *_, **__: said)
    if passes:
        confirm(REAL, "split", yes=False)
        return
    with pytest.raises(InputError, match="nothing was done"):
        confirm(REAL, "split", yes=False)


def test_the_configs_proxy_is_in_the_environment_as_long_as_the_block_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.setenv("ALL_PROXY", "http://before")
    loaded = parse_config(b'{"venue": {"proxy": "socks5://127.0.0.1:9"}}', "test")
    with proxied(loaded, REAL):
        assert os.environ["HTTPS_PROXY"] == os.environ["ALL_PROXY"] == "socks5://127.0.0.1:9"
    assert "HTTPS_PROXY" not in os.environ
    assert os.environ["ALL_PROXY"] == "http://before"
    with proxied(loaded, LOCAL):
        assert os.environ["NO_PROXY"] == "*"
