"""What `bucketmm wallet` refuses before it talks to anybody; the rest is in tests/conformance/test_wallet_verbs.py."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.main import main
from engine.venue.accounts import known_secret

SECRET = known_secret(7).hex()


def wallet(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, ["wallet", *arguments], input=typed)


def config(tmp_path: Path, **api: object) -> str:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"api": {"PRIVATE_KEY": f"0x{SECRET}", **api}}))
    path.chmod(0o600)
    return str(path)


def test_without_an_exchange_nothing_is_guessed(tmp_path: Path) -> None:
    result = wallet("--run-dir", str(tmp_path), "balance")
    assert result.exit_code == 2
    assert "start bucketmm exchange" in result.stderr


def test_a_real_venue_needs_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYMARKET_PK", raising=False)
    result = wallet("--source", "polymarket", "--run-dir", str(tmp_path), "balance")
    assert result.exit_code == 2
    assert "POLYMARKET_PK" in result.stderr


@pytest.mark.parametrize("verb", [("split", "m", "1"), ("merge", "m"), ("redeem", "m"), ("approve",), ("tidy",)])
def test_real_money_asks_for_a_word_and_the_key_is_never_shown(tmp_path: Path, verb: tuple[str, ...]) -> None:
    result = wallet("--source", "polymarket", "--config", config(tmp_path), *verb, typed="no\n")
    assert result.exit_code == 2
    assert "nothing was done" in result.stderr
    assert SECRET not in result.stdout + result.stderr


def test_the_relayers_key_is_asked_for_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYMARKET_RELAYER_API_KEY", raising=False)
    result = wallet("--source", "polymarket", "--config", config(tmp_path), "--yes", "redeem", "m")
    assert result.exit_code == 2
    assert "POLYMARKET_RELAYER_API_KEY" in result.stderr


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_other_wallets_are_refused_with_the_reason(tmp_path: Path, kind: int) -> None:
    path = config(tmp_path, SIGNATURE_TYPE=kind)
    result = wallet("--source", "polymarket", "--config", path, "--yes", "split", "m", "1")
    assert result.exit_code == 2
    assert "expected a deposit wallet" in result.stderr


@pytest.mark.parametrize("amount", ["0", "-1", "1e3", "0.0000001", "all"])
def test_an_amount_that_is_none_is_refused(tmp_path: Path, amount: str) -> None:
    result = wallet("--source", "polymarket", "--config", config(tmp_path), "--yes", "split", "m", "--", amount)
    assert result.exit_code == 2
    assert "expected" in result.stderr
