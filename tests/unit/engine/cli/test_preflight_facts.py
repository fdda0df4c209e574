import json
from pathlib import Path

import pytest

from engine.cli.going_live import lock_wallet
from engine.cli.preflight_facts import Question, collect, look_again
from engine.config.load import parse_config
from engine.ops.endpoints import Endpoints
from engine.ops.preflight.checks import Status, proxy
from engine.ops.preflight.facts import AccountFacts, Lost, Untold
from engine.runtime.account import owner_of
from engine.venue.accounts import known_secret
from shm.layout import RECORD_BYTES

NOWHERE = Endpoints(*["http://127.0.0.1:1"] * 5)


@pytest.fixture
def question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Question:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("POLYMARKET_PK", raising=False)
    key = f"0x{known_secret(3).hex()}"
    config = parse_config(json.dumps({"api": {"PRIVATE_KEY": key}}).encode(), "test")
    return Question(config, None, NOWHERE, tmp_path / "run", tmp_path / "state" / "live-local", with_order=True)


def test_nothing_that_is_missing_is_an_exception(question: Question) -> None:
    facts = collect(question)
    assert isinstance(facts.account, AccountFacts)
    assert not facts.account.is_stated
    assert isinstance(facts.venue.round_trip_ms, Lost)
    assert isinstance(facts.venue.collateral_u6, Lost)
    assert isinstance(facts.venue.trial, Untold), "no order where nobody answers"
    assert facts.machine.engine == ""
    assert facts.machine.ring.needed_bytes == 65_536 * RECORD_BYTES
    assert look_again(question).collateral_u6 == facts.venue.collateral_u6


def test_a_key_that_is_none_is_a_fact(question: Question) -> None:
    bad = parse_config(b'{"api": {"PRIVATE_KEY": "0x12"}}', "test")
    facts = collect(question._replace(config=bad))
    assert isinstance(facts.account, Lost)
    assert "0x12" not in facts.account.why


def test_an_engine_that_holds_the_wallet_is_seen_and_not_disturbed(question: Question) -> None:
    owner = owner_of(question.config, {}, local=True)
    lock = lock_wallet(owner.wallet)
    try:
        assert "uses it" in collect(question).machine.engine
    finally:
        lock.release()
    assert collect(question).machine.engine == ""


@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_a_proxy_that_does_not_answer_is_what_the_venue_cannot_be_reached_by(question: Question, scheme: str) -> None:
    text = json.dumps({"venue": {"proxy": f"{scheme}://user:hidden@127.0.0.1:1"}})
    elsewhere = Endpoints(*["http://192.0.2.1:9"] * 5)  # TEST-NET-1: nobody's, and only the proxy is dialled
    found = collect(question._replace(config=parse_config(text.encode(), "test"), endpoints=elsewhere))
    assert isinstance(found.venue.round_trip_ms, Lost)
    assert found.venue.proxy == f"{scheme}://***@127.0.0.1:1"
    assert "hidden" not in str(found)
    assert proxy(found).status is Status.FAIL
