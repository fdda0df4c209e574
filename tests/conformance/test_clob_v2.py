"""py-clob-client-v2 trades here unmodified: keys, discovery, books, all order types, cancels, reads, heartbeats."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("py_clob_client_v2", reason="the official clients are not installed: pip install -e '.[clients]'")

from py_clob_client_v2.client import ClobClient
from py_clob_client_v2.clob_types import (
    ApiCreds,
    AssetType,
    BalanceAllowanceParams,
    BookParams,
    MarketOrderArgsV2,
    OpenOrderParams,
    OrderArgsV1,
    OrderArgsV2,
    OrderMarketCancelParams,
    OrderPayload,
    OrderScoringParams,
    OrderType,
    PartialCreateOrderOptions,
    PricesHistoryParams,
    TradeParams,
)
from py_clob_client_v2.exceptions import PolyApiException

from tests.conformance.trader import Trader, split, stand
from tests.conformance.venue import Account, Venue

KINDS = pytest.mark.parametrize("kind", [0, 1, 2, 3])
FOK_KILLED = "order couldn't be fully filled. FOK orders are fully filled or killed."


def connected(venue: Venue, account: Account, kind: int = 3, **more: Any) -> ClobClient:
    """Return a client of one of an account's wallets."""
    api = account.api
    return ClobClient(
        host=venue.reach["clob_url"],
        chain_id=137,
        key=account.private_key,
        creds=ApiCreds(api_key=api.key, api_secret=api.secret, api_passphrase=api.passphrase),
        signature_type=kind,
        funder=account.wallets[kind],
        **more,
    )


def buy(token_id: str, price: float = 0.4, size: float = 10, **more: Any) -> OrderArgsV2:
    return OrderArgsV2(token_id=token_id, price=price, size=size, side="BUY", **more)


def refused(call: Any, *arguments: Any, **more: Any) -> str:
    """Return the text of the refusal that a call meets, of status 400."""
    with pytest.raises(PolyApiException) as caught:
        call(*arguments, **more)
    assert caught.value.status_code == 400
    return str(caught.value.error_msg["error"])


def test_creates_derives_lists_and_deletes_keys(venue: Venue) -> None:
    account = venue.account()
    bare = ClobClient(host=venue.reach["clob_url"], chain_id=137, key=account.private_key)
    assert bare.derive_api_key().api_key == account.api_key
    assert bare.create_or_derive_api_key().api_key == account.api_key
    second = bare.create_api_key(nonce=3)
    assert bare.derive_api_key(nonce=3).api_secret == second.api_secret
    with pytest.raises(PolyApiException):
        bare.create_api_key(nonce=3)
    client = connected(venue, account)
    assert set(client.get_api_keys()["apiKeys"]) == {account.api_key, second.api_key}
    assert client.get_closed_only_mode() == {"closed_only": False}
    bare.set_api_creds(second)
    assert bare.delete_api_key() == "OK"
    assert client.get_api_keys() == {"apiKeys": [account.api_key]}
    assert connected(venue, account, use_server_time=True).get_api_keys() == {"apiKeys": [account.api_key]}


def test_discovers_markets_and_reads_books(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, bid=0.48, ask=0.52, size=30)
    client = connected(venue, account)
    assert client.get_ok() == "OK"
    assert client.get_version() == 2
    assert abs(client.get_server_time() - time.time()) < 5
    assert client.get_market(market.condition_id)["tokens"][0]["token_id"] == market.up
    assert client.get_clob_market_info(market.condition_id)["t"][1]["t"] == market.down
    for listed in (client.get_markets, client.get_simplified_markets, client.get_sampling_markets):
        assert market.condition_id in {row["condition_id"] for row in everything(listed)}
    assert (client.get_tick_size(market.up), client.get_neg_risk(market.up)) == ("0.01", False)
    book = client.get_order_book(market.up)
    assert (book["bids"][-1]["price"], book["asks"][-1]["price"]) == ("0.48", "0.52")
    assert len(client.get_order_books([BookParams(token_id=token) for token in market.tokens])) == 2
    assert client.get_midpoint(market.up) == {"mid": "0.5"}
    assert client.get_midpoints([BookParams(token_id=market.up)]) == {market.up: "0.5"}
    assert client.get_price(market.up, "BUY") == {"price": "0.48"}
    assert client.get_prices([BookParams(token_id=market.up, side="SELL")]) == {market.up: {"SELL": "0.52"}}
    assert client.get_spread(market.up) == {"spread": "0.04"}
    assert client.get_spreads([BookParams(token_id=market.up)]) == {market.up: "0.04"}
    assert client.get_last_trade_price(market.up) == {"price": "0.5", "side": ""}
    assert len(client.get_last_trades_prices([BookParams(token_id=market.up)])) == 1
    assert "history" in client.get_prices_history(PricesHistoryParams(market=market.up, interval="1d"))
    assert client.calculate_market_price(market.up, "BUY", 5, OrderType.FOK) == 0.52


def everything(listed: Any) -> list[dict[str, Any]]:
    """Return all pages of a list."""
    rows: list[dict[str, Any]] = []
    cursor = "MA=="
    while cursor != "LTE=":
        page = listed(next_cursor=cursor)
        rows += page["data"]
        cursor = page["next_cursor"]
    return rows


def test_the_books_hash_is_what_the_client_computes(venue: Venue) -> None:
    from py_clob_client_v2.utilities import generate_orderbook_summary_hash, parse_raw_orderbook_summary

    market = venue.market()
    stand(venue, market, bid=0.48, ask=0.52, size=30)
    raw = connected(venue, venue.account()).get_order_book(market.up)
    summary = parse_raw_orderbook_summary(raw)
    told = summary.hash
    assert generate_orderbook_summary_hash(summary) == told


@KINDS
def test_places_reads_and_cancels_an_order_of_every_signature_type(venue: Venue, kind: int) -> None:
    account, market = venue.account(), venue.market()
    client = connected(venue, account, kind)
    placed = client.create_and_post_order(buy(market.up), order_type=OrderType.GTC)
    assert (placed["success"], placed["status"]) == (True, "live")
    found = client.get_order(placed["orderID"])
    assert (found["price"], found["original_size"], found["status"]) == ("0.4", "10", "LIVE")
    assert [row["id"] for row in client.get_open_orders(OpenOrderParams(market=market.condition_id))] == [found["id"]]
    assert client.cancel_order(OrderPayload(orderID=found["id"])) == {"canceled": [found["id"]], "not_canceled": {}}
    assert client.get_order(found["id"])["status"] == "CANCELED"


@KINDS
def test_buys_and_sells_again_with_every_signature_type(venue: Venue, kind: int) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, bid=0.45, ask=0.5)
    client = connected(venue, account, kind)
    spend = MarketOrderArgsV2(token_id=market.up, amount=5, side="BUY", order_type=OrderType.FOK)
    bought = client.create_and_post_market_order(spend, order_type=OrderType.FOK)
    assert (bought["status"], bought["makingAmount"], bought["takingAmount"]) == ("matched", "5", "10")
    assert len(bought["transactionsHashes"][0]) == 66, "the client waited for it"
    params = BalanceAllowanceParams(asset_type=AssetType.CONDITIONAL, token_id=market.up)
    client.update_balance_allowance(params)
    assert client.get_balance_allowance(params)["balance"] == "10000000"
    sale = MarketOrderArgsV2(token_id=market.up, amount=10, side="SELL", price=0.4, order_type=OrderType.FAK)
    sold = client.create_and_post_market_order(sale, order_type=OrderType.FAK)
    assert (sold["makingAmount"], sold["takingAmount"]) == ("10", "4.5")


def test_all_order_types(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, ask=0.5, size=10)
    client = connected(venue, account)
    dated = client.create_and_post_order(
        buy(market.up, expiration=int(time.time()) + 600), order_type=OrderType.GTD, post_only=True
    )
    assert client.get_order(dated["orderID"])["order_type"] == "GTD"
    assert refused(client.create_and_post_order, buy(market.up, 0.5, 20), order_type=OrderType.FOK) == FOK_KILLED
    partly = client.create_and_post_order(buy(market.up, 0.5, 20), order_type=OrderType.FAK)
    assert (partly["status"], partly["takingAmount"]) == ("matched", "10")
    text = refused(client.create_and_post_order, buy(market.up, 0.5, 20), order_type=OrderType.FAK)
    assert text.startswith("no orders found to match with FAK order.")


def test_post_only_and_batches(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, ask=0.5)
    client = connected(venue, account)
    text = refused(client.create_and_post_order, buy(market.up, 0.5), order_type=OrderType.GTC, post_only=True)
    assert text == "invalid post-only order: order crosses book"
    orders = [client.create_order(buy(market.up, price)) for price in (0.4, 0.5)]
    batch = [SimpleNamespace(order=order, orderType=OrderType.GTC) for order in orders]
    rested, refusal = client.post_orders(batch, post_only=True)
    assert (rested["status"], rested["errorMsg"]) == ("live", "")
    assert (refusal["success"], refusal["orderID"], refusal["errorMsg"]) == (True, "", text)


def test_cancels_in_all_four_ways(venue: Venue) -> None:
    account, first, second = venue.account(), venue.market(), venue.market()
    client = connected(venue, account)

    def place(token_id: str) -> str:
        return str(client.create_and_post_order(buy(token_id, 0.2), order_type=OrderType.GTC)["orderID"])

    one, two, three = (place(first.up) for _ in range(3))
    assert client.cancel_order(OrderPayload(orderID=one))["canceled"] == [one]
    assert client.cancel_orders([one, two])["not_canceled"] == {one: "already canceled or matched"}
    four, five = place(first.down), place(second.up)
    assert client.cancel_market_orders(OrderMarketCancelParams(asset_id=first.down))["canceled"] == [four]
    assert client.cancel_market_orders(OrderMarketCancelParams(market=first.condition_id))["canceled"] == [three]
    assert client.cancel_all()["canceled"] == [five]


def test_reads_trades_balances_and_the_rest(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, ask=0.5)
    client = connected(venue, account)
    bought = client.create_and_post_order(buy(market.up, 0.5), order_type=OrderType.GTC)
    (trade,) = client.get_trades(TradeParams(market=market.condition_id))
    assert (trade["id"], trade["trader_side"], trade["size"]) == (bought["tradeIDs"][0], "TAKER", "10")
    assert client.get_trades(TradeParams(after=int(time.time()) + 60)) == []
    money = client.get_balance_allowance(BalanceAllowanceParams(asset_type=AssetType.COLLATERAL))
    assert int(money["balance"]) == venue.held(account.deposit) == 995_000_000
    assert all(int(value) > 0 for value in money["allowances"].values())
    assert client.is_order_scoring(OrderScoringParams(orderId=bought["orderID"])) == {"scoring": False}
    assert client.get_notifications() == []


def test_heartbeats(venue: Venue) -> None:
    client = connected(venue, venue.account())
    first = client.post_heartbeat()["heartbeat_id"]
    second = client.post_heartbeat(first)["heartbeat_id"]
    with pytest.raises(PolyApiException) as caught:
        client.post_heartbeat(first)
    assert caught.value.error_msg == {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": second}


def test_markets_of_protocol_v2_and_of_neg_risk(venue: Venue) -> None:
    account = venue.account()
    client = connected(venue, account)
    market = venue.market(version="v2")
    placed = client.create_and_post_order(OrderArgsV2(position_id=market.up, price=0.4, size=10, side="BUY"))
    assert placed["status"] == "live"
    assert client.create_and_post_order(buy(venue.market(neg_risk=True).up))["status"] == "live"
    split(venue, account, market, 10)
    sale = OrderArgsV2(position_id=market.up, price=0.6, size=10, side="SELL")
    assert client.create_and_post_order(sale)["status"] == "live"


def test_orders_of_version_1_are_refused(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    client = connected(venue, account, 0)
    order = OrderArgsV1(token_id=market.up, price=0.4, size=10, side="BUY")
    options = PartialCreateOrderOptions(version=1)
    assert refused(client.create_and_post_order, order, options=options) == "order_version_mismatch"


def test_its_known_faults_meet_the_venues_refusals(venue: Venue) -> None:
    """protocol.md 0, traps 9 and 10: the client's own rounding is refused as in production, or taken as signed."""
    account, market = venue.account(), venue.market(tick_e4=10)
    stand(venue, market, ask=0.985, size=100)
    client = connected(venue, account)
    fine = MarketOrderArgsV2(token_id=market.up, amount=9.98, side="BUY", price=0.985, order_type=OrderType.FOK)
    text = refused(client.create_and_post_market_order, fine, order_type=OrderType.FOK)
    assert text.startswith("invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals")
    placed = client.create_and_post_order(buy(market.down, 0.01, 5.1))
    assert client.get_order(placed["orderID"])["original_size"] == "5.09"
    assert Trader(venue, account).delete("/cancel-all").json()["canceled"] == [placed["orderID"]]
