"""Rows of the Data API: fields, numbers and statuses."""

from engine.exchange.core.market import Market
from engine.exchange.positions import Entry, Position
from engine.exchange.render.activity import (
    activity_row,
    full_condition_id,
    position_row,
    resolution_row,
    token_row,
    trade_entry_row,
)
from engine.model.events import Side
from engine.model.units import U6
from tests.unit.engine.exchange.desks import START_MS, TestDesk, order

WALLET = "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50"
HASH = "0x" + "0780" * 16


def quoted(version: str = "v1") -> tuple[TestDesk, Market]:
    """Return a market whose first token is worth 0.8."""
    desk = TestDesk()
    market = desk.list_market("one", version)
    maker = desk.accounts()[0].wallets[0]
    desk.split(maker, market, 100)
    for side, price_e4 in ((Side.BUY, 7_900), (Side.SELL, 8_100)):
        new = order(maker, market.spec.tokens[0], side, price_e4, 50, side.name)
        assert desk.exchange.submit(new, desk.now_ms()).refusal is None
    return desk, market


def held(market: Market, token: int = 0) -> Position:
    """Return a position of 84.115385 shares at 0.74."""
    position = Position(wallet=WALLET, market=market, token=token)
    position.add(84_115_385, 62_245_385, 0, START_MS)
    return position


def test_a_position_has_the_documented_numbers() -> None:
    _, market = quoted()
    row = position_row(held(market), opposite_u6=0)
    expected = {
        "proxy_wallet": WALLET,
        "token_id": market.spec.tokens[0],
        "condition_id": market.spec.condition_id,
        "current_size": 84.115385,
        "avg_price": 0.74,
        "entry_cost_usdc": 62.245385,
        "entry_fees_usdc": 0,
        "total_cost_usdc": 62.245385,
        "current_price": 0.8,
        "current_value": 67.292308,
        "total_size": 84.115385,
        "realized_pnl": 0,
        "unrealized_pnl": 5.046923,
        "total_pnl": 5.046923,
        "percent_pnl": 8.1081,
        "percent_realized_pnl": 0,
        "status": "OPEN",
        "redeemable": False,
        "mergeable": False,
        "negative_risk": False,
        "archived": False,
        "verified": True,
        "outcome": "Up",
        "outcome_index": 0,
        "opposite_outcome": "Down",
        "opposite_token_id": market.spec.tokens[1],
        "last_event_at": START_MS // 1_000,
        "first_entry_at": START_MS // 1_000,
    }
    assert {name: row[name] for name in expected} == expected
    assert position_row(held(market), opposite_u6=1)["mergeable"] is True


def test_a_resolved_position_is_worth_one_or_nothing() -> None:
    desk, market = quoted()
    desk.exchange.resolve(market, 1, desk.now_ms())
    lost, won = (position_row(held(market, token), 0) for token in (0, 1))
    assert [(each["status"], each["redeemable"], each["current_price"]) for each in (lost, won)] == [
        ("REDEEMABLE", True, 0),
        ("REDEEMABLE", True, 1),
    ]


def test_a_closed_position_keeps_its_average() -> None:
    _, market = quoted()
    position = held(market)
    position.take(84_115_385, 70 * U6, 0, START_MS)
    row = position_row(position, 0)
    assert (row["status"], row["avg_price"], row["current_size"]) == ("CLOSED", 0.74, 0)
    assert row["realized_pnl"] == 7.754615


def test_trades_and_activities() -> None:
    _, market = quoted()
    entry = Entry(
        at_ms=START_MS, kind="TRADE", wallet=WALLET, market=market, transaction_hash=HASH, size_u6=9 * U6,
        cash_u6=6_660_000, token=1, side=Side.SELL, price_e4=7_400,
    )  # fmt: skip
    trade = trade_entry_row(entry)
    assert (trade["side"], trade["size"], trade["price"], trade["outcome"]) == ("SELL", 9, 0.74, "Down")
    assert (trade["timestamp"], trade["transaction_hash"]) == (START_MS // 1_000, HASH)
    row = activity_row(entry)
    assert (row["type"], row["usdc_size"], row["token_id"]) == ("TRADE", 6.66, market.spec.tokens[1])
    split = Entry(
        at_ms=START_MS, kind="SPLIT", wallet=WALLET, market=market, transaction_hash=HASH, size_u6=U6, cash_u6=U6
    )
    assert (activity_row(split)["token_id"], activity_row(split)["side"]) == ("", "")
    deposit = Entry(
        at_ms=START_MS, kind="DEPOSIT", wallet=WALLET, market=None, transaction_hash=HASH, size_u6=U6, cash_u6=U6
    )
    assert activity_row(deposit)["condition_id"] == ""


def test_facts_of_tokens_and_resolutions() -> None:
    desk, market = quoted("v2")
    assert len(full_condition_id(market)) == 66
    before = token_row(market, 0)
    assert (before["module"], before["resolved"], before["final_price"]) == ("binary", False, None)
    assert resolution_row(market)["status"] == "initialized"
    desk.exchange.resolve(market, 1, desk.now_ms())
    assert [token_row(market, token)["final_price"] for token in (0, 1)] == [0, 1]
    resolution = resolution_row(market)
    assert (resolution["status"], resolution["price"], resolution["payouts"]) == ("resolved", 0, ["0", "1000000"])
