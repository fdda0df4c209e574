"""Orders and trades as REST and the user channel write them (protocol.md 4.5, 6)."""

from typing import Any

from engine.exchange.core.notices import AnyNotice, OrderChanged, TradeChanged
from engine.exchange.render.orders import order_event, order_row, trade_event, trade_row
from engine.venue.statuses import OrderEventType, TradeStatus
from tests.unit.engine.exchange.counter import Counter


class Heard(Counter):
    """A counter whose notices are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.notices: list[AnyNotice] = []
        self.desk.listeners.append(self.notices.extend)

    def orders(self) -> list[OrderChanged]:
        return [notice for notice in self.notices if isinstance(notice, OrderChanged)]

    def trades(self) -> list[TradeChanged]:
        return [notice for notice in self.notices if isinstance(notice, TradeChanged)]


def test_a_placement_is_told_with_all_fields() -> None:
    counter = Heard()
    counter.place(5_200)
    (change,) = counter.orders()
    account = counter.accounts[0]
    assert order_event(change) == {
        "event_type": "order",
        "id": change.order.order_id,
        "owner": account.credentials.key,
        "market": counter.market.spec.condition_id,
        "asset_id": counter.market.spec.tokens[0],
        "side": "BUY",
        "order_owner": account.credentials.key,
        "original_size": "10",
        "size_matched": "0",
        "price": "0.52",
        "associate_trades": None,
        "outcome": "Up",
        "type": "PLACEMENT",
        "created_at": str(counter.desk.at_ms // 1_000),
        "expiration": "0",
        "order_type": "GTC",
        "status": "LIVE",
        "maker_address": account.wallets[3],
        "timestamp": str(counter.desk.at_ms),
    }


def test_a_taking_orders_placement_names_no_trades_and_its_update_does() -> None:
    counter = Heard()
    counter.place(4_000)
    counter.place(6_000, account=1, token=1)
    taker = [order_event(change) for change in counter.orders() if change.order.owner != counter.owner(0)]
    assert [(each["type"], each["size_matched"]) for each in taker] == [("PLACEMENT", "0"), ("UPDATE", "10")]
    assert taker[0]["associate_trades"] is None
    assert taker[1]["associate_trades"] == [counter.trades()[0].trade.trade_id]


def test_a_killed_order_may_be_told_with_empty_sizes() -> None:
    counter = Heard()
    counter.place(4_000, tif="FOK")
    killed = counter.orders()[-1]
    assert killed.what is OrderEventType.CANCELLATION
    plain, blank = order_event(killed), order_event(killed, blank_killed=True)
    text = "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed."
    assert (plain["status"], plain["size_matched"]) == (text, "0")
    assert (blank["size_matched"], blank["created_at"]) == ("", "")
    assert {name for name in plain if plain[name] != blank[name]} == {"size_matched", "created_at"}


def test_an_ordinary_cancel_is_never_blank() -> None:
    counter = Heard()
    counter.place(4_000)
    counter.send("DELETE", "/cancel-all")
    assert order_event(counter.orders()[-1], blank_killed=True)["size_matched"] == "0"


def test_a_row_of_rest_lists_trades_and_has_its_time_as_a_number() -> None:
    counter = Heard()
    counter.place(4_000)
    row = order_row(counter.orders()[0].order)
    assert (row["associate_trades"], row["created_at"]) == ([], counter.desk.at_ms // 1_000)


def events(counter: Heard, owner: str) -> list[dict[str, Any]]:
    return [trade_event(each.trade, owner, each.status, each.at_ms) for each in counter.trades()]


def test_a_trade_event_is_told_from_the_owners_side_at_each_status() -> None:
    counter = Heard()
    counter.place(4_000)
    counter.place(6_000, account=1, token=1)
    counter.desk.wait(1_000)
    taker, maker = (events(counter, counter.owner(number)) for number in (1, 0))
    assert [each["status"] for each in taker] == ["MATCHED", "MINED", "CONFIRMED"]
    assert [each["transaction_hash"] is None for each in taker] == [True, False, False]
    assert {each["trader_side"] for each in taker} == {"TAKER"}
    assert {each["trader_side"] for each in maker} == {"MAKER"}
    first = taker[0]
    assert (first["event_type"], first["type"], first["trade_owner"]) == ("trade", "TRADE", counter.owner(1))
    assert first["timestamp"] == str(counter.desk.at_ms - 1_000)
    assert first["maker_orders"][0]["owner"] == counter.owner(0)


def test_a_row_of_rest_has_an_empty_hash_until_it_is_mined() -> None:
    counter = Heard()
    counter.place(4_000)
    counter.place(6_000, account=1, token=1)
    trade = counter.trades()[0].trade
    row = trade_row(trade, counter.owner(1))
    assert (row["status"], row["transaction_hash"], row["bucket_index"]) == (TradeStatus.MATCHED, "", 0)
