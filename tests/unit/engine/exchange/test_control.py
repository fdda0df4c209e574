"""The control API: money, wallets, markets, faults, the audit; mistakes are answered 400 with what was expected."""

from typing import Any

import pytest

from engine.exchange.calendar import SeriesOptions
from engine.exchange.core.market import Phase
from engine.exchange.scenario import Incident, Scenario, What
from engine.model.events import Side
from engine.model.units import U6
from engine.venue.contracts import EXCHANGE_V2
from tests.unit.engine.exchange.desks import order
from tests.unit.engine.exchange.virtual import Virtual

ADDRESS = "0x0000000000000000000000000000000000000001"


@pytest.fixture
def venue() -> Virtual:
    return Virtual().begin()


def test_money_comes_and_goes(venue: Virtual) -> None:
    status, answer = venue.ask("POST", "/deposits", {"wallet": ADDRESS, "usd": 50})
    assert (status, answer["chain"], answer["visible"]) == (200, {"": 50 * U6}, {"": 50 * U6})
    assert venue.ask("POST", "/deposits", {"wallet": ADDRESS, "usd": -20})[1]["chain"] == {"": 30 * U6}
    status, answer = venue.ask("POST", "/deposits", {"wallet": ADDRESS, "usd": -31})
    assert (status, "at most 30000000" in answer["error"]) == (400, True)
    assert venue.ask("GET", f"/wallets/{ADDRESS}")[1]["chain"] == {"": 30 * U6}


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "/deposits", {"wallet": "0x12", "usd": 1}),
        ("POST", "/deposits", {"wallet": ADDRESS}),
        ("POST", "/deposits", {"wallet": ADDRESS, "usd": 1.5}),
        ("POST", "/deposits", {"wallet": ADDRESS, "usd": 10**12}),
        ("POST", "/deposits", {"wallet": ADDRESS, "usd": 1, "eur": 2}),
        ("GET", "/wallets/me", None),
        ("POST", "/wallets", {"address": ADDRESS, "owner": ADDRESS, "signature_type": 4}),
        ("POST", "/wallets", {"address": ADDRESS, "owner": "x"}),
        ("POST", "/markets", {"slug": "a", "version": "v3"}),
        ("POST", "/markets", {"slug": "a", "tick_e4": 0}),
        ("POST", "/markets", {"slug": "a", "tick_e4": 33}),
        ("POST", "/markets", {"slug": "a", "min_size": 0}),
        ("POST", "/markets", {"slug": "a", "hold_ms": -1}),
        ("POST", "/markets", {"slug": "a", "for_s": 0}),
        ("POST", "/markets", {"slug": "a", "outcomes": ["one"]}),
        ("POST", "/markets/0x12/resolve", {"winner": 0}),
        ("POST", "/markets/0x12/halt", None),
        ("POST", "/faults", {"name": "x", "what": "nonsense"}),
        ("POST", "/faults", {"name": "x", "what": "slow", "count": 0}),
    ],
)
def test_a_mistake_is_answered_with_what_was_expected(venue: Virtual, method: str, path: str, content: Any) -> None:
    status, answer = venue.ask(method, path, content)
    assert status == 400
    assert "xpected" in answer["error"] or "Object" in answer["error"] or "Invalid enum" in answer["error"]


def test_what_is_no_json_is_a_mistake(venue: Virtual) -> None:
    assert venue.ask("POST", "/deposits", body=b"{")[0] == 400
    assert venue.ask("POST", "/faults", body=b"")[0] == 400


def test_a_wallet_is_made_what_it_shall_be(venue: Virtual) -> None:
    account = venue.accounts[0]
    wallet = venue.app.members.wallets[account.wallets[3]]
    wanted = {"address": wallet.address.lower(), "owner": ADDRESS, "signature_type": 2}
    changes = {"deployed": False, "allowed": False, "approved": False, "banned": True, "closed_only": True}
    assert venue.ask("POST", "/wallets", wanted | changes) == (200, "OK")
    assert venue.app.members.wallets[wallet.address] is wallet
    assert (wallet.owner, wallet.signature_type, wallet.deployed, wallet.allowed) == (ADDRESS, 2, False, False)
    assert (wallet.allowances, wallet.operators) == ({}, set())
    assert wallet.address in venue.app.members.banned & venue.app.members.closed_only
    assert venue.ask("POST", "/wallets", wanted) == (200, "OK")
    assert EXCHANGE_V2.address in wallet.allowances
    assert wallet.address not in venue.app.members.banned | venue.app.members.closed_only


def test_a_market_is_listed_traded_halted_and_resolved(venue: Virtual) -> None:
    wanted = {"slug": "rain", "question": "Rain?", "event_slug": "weather", "neg_risk": True, "tick_e4": 10}
    status, row = venue.ask("POST", "/markets", wanted)
    assert (status, row["phase"], row["outcomes"], row["tick_e4"]) == (200, "OPEN", ["Yes", "No"], 10)
    market = venue.app.exchange.markets[row["condition_id"]]
    assert (market.spec.neg_risk, market.spec.event_slug, market.spec.fees.rate_e6) == (True, "weather", 0)
    path = f"/markets/{row['condition_id']}"
    assert venue.ask("POST", f"{path}/halt")[1]["phase"] == "HALTED"
    assert venue.ask("POST", f"{path}/open")[1]["phase"] == "OPEN"
    assert venue.ask("POST", f"{path}/resolve", {"winner": 2})[0] == 400
    assert venue.ask("POST", f"{path}/resolve", {"winner": 1})[1]["winner"] == 1
    for call in ("halt", "open", "resolve"):
        status, answer = venue.ask("POST", f"{path}/{call}", {"winner": 0})
        assert (status, "is resolved" in answer["error"]) == (400, True)
    assert venue.ask("GET", "/markets")[1][-1]["slug"] == "rain"


def test_a_slug_is_listed_once(venue: Virtual) -> None:
    assert venue.ask("POST", "/markets", {"slug": "rain"})[0] == 200
    for slug in ("rain", venue.market().spec.slug):
        assert venue.ask("POST", "/markets", {"slug": slug}) == (400, {"error": f"{slug} is listed already"})


def test_a_window_that_is_resolved_by_hand_does_not_disturb_the_series(venue: Virtual) -> None:
    condition_id = venue.market().spec.condition_id
    assert venue.ask("POST", f"/markets/{condition_id}/resolve", {"winner": 1})[0] == 200
    venue.wait(120_000)
    assert venue.app.exchange.markets[condition_id].winner == 1
    assert venue.market(1).phase == Phase.RESOLVED
    assert venue.ask("GET", "/audit") == (200, {"wrong": []})


def test_faults_are_listed_begun_and_ended(venue: Virtual) -> None:
    assert venue.ask("POST", "/faults", {"name": "x", "what": "cancel_only"}) == (200, {"name": "x"})
    found = venue.ask("GET", "/faults")[1]
    assert found["faults"] == {"x": {"what": "cancel_only", "active": True, "happened": 1}}
    assert found["known"].keys() == {str(what) for what in What}
    assert venue.ask("DELETE", "/faults/x") == (200, "OK")
    assert venue.ask("DELETE", "/faults/x") == (404, {"error": "no such fault"})


def test_a_scenario_counts_from_when_it_is_played(venue: Virtual) -> None:
    venue.wait(10_000)
    fault = Incident(name="later", what=What.CLOCK_SKEW, at_ms=5_000, delay_ms=1)
    venue.control.play(Scenario(3, (fault,)))
    venue.wait(4_000)
    assert venue.app.desk.skew_ms == 0
    venue.wait(1_000)
    assert venue.app.desk.skew_ms == 1


def test_a_trade_can_fail_until_it_is_mined() -> None:
    venue = Virtual(SeriesOptions(length_s=60, ahead=0, hold_ms=0)).begin()
    exchange, market = venue.app.exchange, venue.market()
    buyer, seller = (account.wallets[3] for account in venue.accounts)
    for wallet, token, order_id in ((buyer, 0, "a"), (seller, 1, "b")):
        new = order(wallet, market.spec.tokens[token], Side.BUY, 5_000, 10, order_id)
        answer = exchange.submit(new, venue.at_ms)
    (trade_id,) = answer.trade_ids
    assert venue.ask("POST", f"/trades/{trade_id}/fail") == (200, "OK")
    assert venue.ask("POST", f"/trades/{trade_id}/fail")[0] == 404
    assert venue.ask("GET", f"/wallets/{buyer}")[1]["chain"] == {"": 1_000 * U6}
    assert venue.ask("GET", "/audit") == (200, {"wrong": []})
