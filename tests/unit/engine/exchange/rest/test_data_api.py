"""The Data API: envelopes, filters, pages, errors."""

from typing import Any

import pytest

from engine.exchange.chain import Chain, contract_of
from engine.exchange.positions import Positions
from engine.exchange.rest.data_api import DataApi
from engine.exchange.server.routes import Routes
from engine.model.units import U6
from engine.venue.addresses import parse_address
from engine.venue.calls import Split
from engine.venue.contracts import COLLATERAL_SPENDERS, POSITION_OPERATORS
from tests.unit.engine.exchange.desks import TestDesk, ask


class Scene:
    """`own` bought 10 Up at 0.40 from `other`, which had split 100; and split 5 itself in a second market."""

    def __init__(self) -> None:
        self.desk = TestDesk()
        self.first, self.second = self.desk.list_market("one"), self.desk.list_market("two", "v2")
        accounts = self.desk.accounts(2)
        self.own, self.other = accounts[0].wallets[3], accounts[1].wallets[3]
        self.chain = Chain(self.desk.exchange, self.desk.members)
        positions = Positions(self.desk.exchange.ledger, lag_ms=1_000)
        self.desk.listeners.append(positions.hear)
        self.chain.listeners.append(positions.hear_deed)
        self.routes = Routes()
        DataApi(self.desk, positions).add_to(self.routes)
        self.desk.split(self.other, self.first, 100)
        self.desk.trade(self.own, self.other, self.first, 0, 4_000, 10)
        self.desk.wait(1_000)
        condition = bytes.fromhex(self.second.spec.condition_id[2:])
        split = Split(parse_address(contract_of(self.second)), condition, 5 * U6)
        self.chain.perform(self.desk.members.wallets[self.own], [split], "0x" + "cd" * 32, self.desk.now_ms())
        self.desk.wait(1_020)

    def get(self, target: str) -> Any:
        status, answer = ask(self.routes, "GET", target)
        assert status == 200, answer
        return answer

    def rows(self, target: str) -> list[dict[str, Any]]:
        answer = self.get(target)
        assert answer["pagination"]["has_more"] is (answer["pagination"]["next_cursor"] is not None)
        found: list[dict[str, Any]] = answer["data"]
        return found

    def found(self, status: str) -> set[tuple[str, int]]:
        rows = self.rows(f"/v2/positions?user={self.own}&status={status}")
        return {(row["slug"], row["outcome_index"]) for row in rows}


def test_positions_of_a_wallet_by_value() -> None:
    scene = Scene()
    rows = scene.rows(f"/data/v2/positions?user={scene.own.lower()}&limit=100")
    assert (rows[0]["slug"], rows[0]["outcome_index"], rows[0]["current_size"]) == ("one", 0, 10)
    assert {row["proxy_wallet"] for row in rows} == {scene.own}
    assert len(rows) == 3
    ascending = scene.rows(f"/v2/positions?user={scene.own}&sort_by=TOKENS&sort_direction=ASC")
    assert [row["current_size"] for row in ascending] == [5, 5, 10]


def test_a_status_narrows_positions() -> None:
    scene = Scene()
    assert scene.found("MERGEABLE") == {("two", 0), ("two", 1)}
    assert scene.found("REDEEMABLE") == scene.found("CLOSED") == set()
    scene.desk.exchange.resolve(scene.second, 1, scene.desk.now_ms())
    assert scene.found("OPEN") == {("one", 0), ("two", 0), ("two", 1)}
    assert scene.found("REDEEMABLE") == {("two", 1)}
    assert scene.found("REDEEMABLE_LOST") == {("two", 0)}
    scene.desk.trade(scene.other, scene.own, scene.first, 0, 5_000, 10)
    scene.desk.wait(2_000)
    assert scene.found("CLOSED") == {("one", 0)}
    assert scene.found("OPEN") == {("two", 0), ("two", 1)}


def test_a_market_can_be_the_anchor_and_dust_is_left_out() -> None:
    scene = Scene()
    condition = scene.second.spec.condition_id
    for written in (condition, condition + "00"):
        rows = scene.rows(f"/v2/positions?condition_id={written}")
        assert {row["proxy_wallet"] for row in rows} == {scene.own}
    assert scene.rows(f"/v2/positions?user={scene.own}&filter_amount=6")[0]["slug"] == "one"
    assert len(scene.rows(f"/v2/positions?user={scene.own}&filter_amount=6&filter_type=CASH")) == 0


def test_pages_follow_each_other() -> None:
    scene = Scene()
    first = scene.get(f"/v2/positions?user={scene.own}&limit=2")
    assert (len(first["data"]), first["pagination"]["has_more"]) == (2, True)
    cursor = first["pagination"]["next_cursor"]
    second = scene.get(f"/v2/positions?user={scene.own}&limit=2&cursor={cursor}")
    assert (len(second["data"]), second["pagination"]["has_more"]) == (1, False)
    keys = [(row["slug"], row["outcome_index"]) for row in first["data"] + second["data"]]
    assert len(set(keys)) == 3


def test_trades_show_takers_alone_unless_asked() -> None:
    scene = Scene()
    assert [row["proxy_wallet"] for row in scene.rows("/v2/trades")] == [scene.own]
    assert scene.rows(f"/v2/trades?user={scene.other}") == []
    made = scene.rows(f"/v2/trades?user={scene.other}&taker_only=false")
    assert [(row["side"], row["size"], row["price"]) for row in made] == [("SELL", 10, 0.4)]
    assert scene.rows("/v2/trades?side=SELL") == []
    assert scene.rows(f"/v2/trades?condition_id={scene.second.spec.condition_id}") == []
    future = scene.desk.now_ms() // 1_000 + 9
    assert scene.rows(f"/v2/trades?start={future}") == []
    assert len(scene.rows(f"/v2/trades?end={future}")) == 1


def test_activities_of_all_kinds() -> None:
    scene = Scene()
    everything = scene.rows(f"/v2/activity?user={scene.own}&exclude_deposits_withdrawals=false")
    assert [row["type"] for row in everything] == ["SPLIT", "TRADE"]
    oldest = scene.rows(f"/v2/activity?user={scene.own}&sort_direction=ASC")
    assert [row["type"] for row in oldest] == ["TRADE", "SPLIT"]
    assert [row["type"] for row in scene.rows(f"/v2/activity?user={scene.own}&type=SPLIT,MERGE")] == ["SPLIT"]
    assert scene.rows(f"/v2/activity?user={scene.own}&side=SELL") == []


def test_nothing_younger_than_the_lag_is_shown() -> None:
    scene = Scene()
    scene.desk.trade(scene.own, scene.other, scene.first, 0, 4_000, 10)
    scene.desk.wait(500)
    assert len(scene.rows("/v2/trades")) == 1
    scene.desk.wait(600)
    assert len(scene.rows("/v2/trades")) == 2


def test_a_portfolios_value() -> None:
    scene = Scene()
    scene.desk.exchange.resolve(scene.first, 0, scene.desk.now_ms())
    scene.desk.exchange.resolve(scene.second, 0, scene.desk.now_ms())
    expected = {"data": {"proxy_wallet": scene.own, "value": 15}}
    assert scene.get(f"/v2/value?user={scene.own}") == expected
    assert scene.get(f"/v2/value?user={scene.own}&condition_id={scene.first.spec.condition_id}")["data"]["value"] == 10


def test_approvals_name_every_pair_once() -> None:
    scene = Scene()
    wallet = scene.desk.members.wallets[scene.own]
    wallet.allowances[COLLATERAL_SPENDERS[0]] = 17
    wallet.operators.clear()
    data = scene.get(f"/v2/approvals?user={scene.own}")["data"]
    assert (data["address"], data["chain_id"]) == (scene.own, 137)
    pairs = {(row["token"], row["spender"]) for row in data["contracts"]}
    assert len(pairs) == len(data["contracts"]) == len(COLLATERAL_SPENDERS) + len(POSITION_OPERATORS)
    amounts = [row["amount"] for row in data["contracts"] if row["standard"] == "ERC20"]
    assert amounts == ["17"] + ["max"] * (len(COLLATERAL_SPENDERS) - 1)
    assert not any(row["approved"] for row in data["contracts"] if row["standard"] == "ERC1155")


def test_resolutions_tokens_and_status() -> None:
    scene = Scene()
    condition = scene.first.spec.condition_id
    assert scene.get(f"/v2/resolutions?condition_id={condition}")["data"][0]["status"] == "initialized"
    assert scene.get(f"/v2/resolutions?question_id={condition}")["data"] != []
    by_token = scene.get(f"/v2/tokens?token_id={scene.first.spec.tokens[1]},99")["data"]
    assert [row["outcome"] for row in by_token] == ["Down"]
    assert len(scene.get(f"/v2/tokens?condition={condition}")["data"]) == 2
    as_of_s = scene.get("/v2/status")["data"]["as_of"]
    assert as_of_s == (scene.desk.now_ms() - 1_000) // 1_000


@pytest.mark.parametrize(
    "target",
    [
        "/v2/positions",
        "/v2/positions?user=0x12",
        "/v2/positions?condition_id=0x12",
        "/v2/positions?condition_id=0x" + "ab" * 32 + "&status=MERGEABLE",
        "/v2/positions?user=0x" + "ab" * 20 + "&status=open",
        "/v2/positions?user=0x" + "ab" * 20 + "&filter_amount=-1",
        "/v2/positions?user=0x" + "ab" * 20 + "&sort_by=SIZE",
        "/v2/positions?user=0x" + "ab" * 20 + "&cursor=nonsense",
        "/v2/trades?limit=0",
        "/v2/trades?limit=1001",
        "/v2/trades?start=yesterday",
        "/v2/activity",
        "/v2/value",
        "/v2/approvals",
        "/v2/resolutions",
        "/v2/tokens",
    ],
)
def test_wrong_parameters_are_named(target: str) -> None:
    scene = Scene()
    status, answer = ask(scene.routes, "GET", target)
    assert (status, answer["code"], answer["retryable"]) == (400, "invalid_request", False)
    assert len(answer["error"]) > 10
