"""Orders and fills between the fold of a journal and the rows of the store, both ways."""

from sqlalchemy.orm import Session

from engine.journal.orders import FillHistory, OrderHistory
from engine.model.commands import Purpose, TimeInForce
from engine.model.events import Settlement, Side
from engine.model.orders import Order, OrderStatus
from engine.store.tables import FillRow, OrderRow


def order_values(history: OrderHistory) -> dict[str, object]:
    """Return the columns that an order's history fills."""
    order = history.order
    return {
        "slug": order.order.partition("/")[0],
        "asset": order.asset,
        "side": order.side.name,
        "price_e4": order.price_e4,
        "size_u6": order.size_u6,
        "tif": order.tif.name,
        "purpose": order.purpose.name,
        "post_only": order.post_only,
        "expiration_s": history.expiration_s,
        "salt": history.salt,
        "timestamp_ms": history.timestamp_ms,
        "remote_id": history.remote_id,
        "status": order.status.name,
        "filled_u6": order.filled_u6,
        "told_filled_u6": order.told_filled_u6,
        "refusal": history.refusal,
        "sent_ns": order.sent_ns,
        "answered_ns": history.answered_ns,
        "filled_ns": history.filled_ns,
        "cancel_sent_ns": order.cancel_sent_ns,
        "not_found_ns": order.not_found_ns,
        "ended_ns": history.ended_ns,
    }


def order_history(row: OrderRow) -> OrderHistory:
    """Return the history that a row holds."""
    order = Order(
        order=row.order_id,
        asset=row.asset,
        side=Side[row.side],
        price_e4=row.price_e4,
        size_u6=row.size_u6,
        tif=TimeInForce[row.tif],
        purpose=Purpose[row.purpose],
        post_only=row.post_only,
        sent_ns=row.sent_ns,
        status=OrderStatus[row.status],
        filled_u6=row.filled_u6,
        cancel_sent_ns=row.cancel_sent_ns,
        not_found_ns=row.not_found_ns,
        told_filled_u6=row.told_filled_u6,
    )
    return OrderHistory(
        order=order,
        expiration_s=row.expiration_s,
        salt=row.salt,
        timestamp_ms=row.timestamp_ms,
        remote_id=row.remote_id,
        answered_ns=row.answered_ns,
        filled_ns=row.filled_ns,
        ended_ns=row.ended_ns,
        refusal=row.refusal,
    )


def fill_values(history: FillHistory) -> dict[str, object]:
    """Return the columns that a fill's history fills."""
    return {
        "asset": history.asset,
        "side": history.side.name,
        "price_e4": history.price_e4,
        "size_u6": history.size_u6,
        "fee_u6": history.fee_u6,
        "maker": history.maker,
        "ts_ns": history.ts_ns,
        "settlement": history.settlement.name,
        "is_reversed": history.is_reversed,
    }


def fill_history(row: FillRow) -> FillHistory:
    """Return the history that a row holds."""
    return FillHistory(
        order=row.order_id,
        trade_id=row.trade_id,
        asset=row.asset,
        side=Side[row.side],
        price_e4=row.price_e4,
        size_u6=row.size_u6,
        fee_u6=row.fee_u6,
        maker=row.maker,
        ts_ns=row.ts_ns,
        settlement=Settlement[row.settlement],
        is_reversed=row.is_reversed,
    )


class StoredHistories:
    """The fold's memory: what is not known yet is read from the database, what changed is written by `flush`."""

    def __init__(self, database: Session) -> None:
        self._database = database
        self._orders: dict[str, OrderHistory] = {}
        self._fills: dict[tuple[str, str], FillHistory] = {}
        self._origin: dict[object, tuple[int, int]] = {}
        self._changed: dict[object, None] = {}
        self.at = (0, 0)
        """(session_id, seq) of the entry that is being folded: where a new row comes from."""

    def order(self, order_id: str) -> OrderHistory | None:
        """Return an order, None for one that was never sent."""
        if order_id not in self._orders:
            row = self._database.get(OrderRow, order_id)
            if row is None:
                return None
            self._orders[order_id] = order_history(row)
        return self._orders[order_id]

    def keep_order(self, history: OrderHistory) -> None:
        """Keep an order as it is known now."""
        key = history.order.order
        self._orders[key] = history
        self._note(key)

    def fill(self, order_id: str, trade_id: str) -> FillHistory | None:
        """Return a fill, None for one that was not counted yet."""
        key = (order_id, trade_id)
        if key not in self._fills:
            row = self._database.get(FillRow, key)
            if row is None:
                return None
            self._fills[key] = fill_history(row)
        return self._fills[key]

    def keep_fill(self, history: FillHistory) -> None:
        """Keep a fill as it is known now."""
        key = (history.order, history.trade_id)
        self._fills[key] = history
        self._note(key)

    def _note(self, key: object) -> None:
        self._changed[key] = None
        self._origin.setdefault(key, self.at)

    def flush(self) -> None:
        """Write what changed since the last time, and forget everything: the database knows it now."""
        for key in self._changed:
            if isinstance(key, str):
                self._write(OrderRow, key, {"order_id": key}, order_values(self._orders[key]))
            elif isinstance(key, tuple):
                names = {"order_id": key[0], "trade_id": key[1]}
                self._write(FillRow, key, names, fill_values(self._fills[key]))
        for memory in (self._orders, self._fills, self._origin, self._changed):
            memory.clear()

    def _write(
        self, table: type[OrderRow | FillRow], key: object, names: dict[str, str], values: dict[str, object]
    ) -> None:
        row = self._database.get(table, key)
        if row is None:
            session_id, seq = self._origin[key]
            self._database.add(table(**names, session_id=session_id, seq=seq, **values))
            return
        for name, value in values.items():
            setattr(row, name, value)
