"""Asks the venue: what became of an order, what can be sold, how a book stands, what the wallet holds.

Facts (protocol.md 4.5, 4.6; 2026-11-21): an order's row names its trades but not their prices, so the trades are read
before the order's state is told; the balance is a cached view that `balance-allowance/update` refreshes.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, NamedTuple

from engine.execution.polymarket.http_line import Answer, LostAnswer
from engine.execution.polymarket.own_orders import OwnOrder, OwnOrders
from engine.execution.polymarket.reads import (
    FIRST_CURSOR,
    OrderRow,
    order_row,
    read_balance,
    read_book,
    read_order,
    read_page,
    read_redeemable_u6,
)
from engine.execution.polymarket.signing import WalletSigner
from engine.execution.polymarket.telling import Teller
from engine.execution.polymarket.user_channel import read_trade
from engine.execution.polymarket.wire import Wire
from engine.model.events import Book, Event, Position, Sellable, Unknown, Wallet
from engine.model.market import View
from engine.venue.addresses import checksum_address

OK: Final = 200
NOT_FOUND: Final = 404
PAGES_MOST: Final = 20
"""Pages of trades that are looked through for one order: 2,000 trades of one market."""


class _Reading(Enum):
    """How far a reading that takes several calls is."""

    DONE = 1
    UNDER_WAY = 2
    FAILED = 3


class _Search(NamedTuple):
    """Trades of one order that are looked for: `wanted` are those not seen yet, new ones and such as may fail."""

    own: OwnOrder
    condition_id: str
    row: OrderRow
    wanted: set[str]


class Inquiry:
    """Sends reads and tells what comes back; a read that fails is said to have failed, by the kernel's `Unknown`."""

    def __init__(
        self, wire: Wire, orders: OwnOrders, teller: Teller, say: Callable[[Event], None], signer: WalletSigner
    ) -> None:
        self._wire = wire
        self._orders = orders
        self._teller = teller
        self._say = say
        self._signature_type = str(int(signer.signature_type))
        self._wallet = checksum_address(signer.wallet)
        self._wallet_reading = _Reading.DONE

    def order(self, own: OwnOrder, condition_id: str) -> None:
        """Read one order, then the trades of it that were not told yet, then tell its state."""
        path = f"/data/order/{own.remote_id}"
        self._wire.read(path, lambda answer: self._order_read(own, condition_id, answer))

    def _order_read(self, own: OwnOrder, condition_id: str, answer: Answer | LostAnswer) -> None:
        if isinstance(answer, LostAnswer):
            self._failed(own)
        elif answer.status == NOT_FOUND:
            self._teller.state(own, None)
        elif answer.status != OK:  # an unknown order may be a 500: the list says it without doubt
            self._wire.read("/data/orders", lambda listed: self._listed(own, condition_id, listed), id=own.remote_id)
        else:
            try:
                row = read_order(answer.body)
            except ValueError:
                self._failed(own)
                return
            self._known(own, condition_id, row)

    def _listed(self, own: OwnOrder, condition_id: str, answer: Answer | LostAnswer) -> None:
        try:
            rows = _rows(answer)
            row = next((found for found in map(order_row, rows) if found.remote_id == own.remote_id), None)
        except ValueError:
            self._failed(own)
            return
        self._known(own, condition_id, row)

    def _known(self, own: OwnOrder, condition_id: str, row: OrderRow | None) -> None:
        wanted = own.unsettled if row is None else own.unsettled | (set(row.trade_ids) - own.trades.keys())
        if row is None or (row.matched_u6 <= own.filled_u6 and not wanted):
            self._teller.state(own, row)
        else:
            self._trades(_Search(own, condition_id, row, wanted), FIRST_CURSOR, PAGES_MOST)

    def _trades(self, search: _Search, cursor: str, pages_left: int) -> None:
        self._wire.read(
            "/data/trades",
            lambda answer: self._trades_read(search, pages_left, answer),
            market=search.condition_id,
            next_cursor=cursor,
        )

    def _trades_read(self, search: _Search, pages_left: int, answer: Answer | LostAnswer) -> None:
        try:
            page = read_page(_body(answer))
            for trade in page.rows:
                self._tell_own(search, trade)
        except ValueError:
            self._failed(search.own)
            return
        missing = search.row.matched_u6 > search.own.filled_u6 or bool(search.wanted)
        if missing and page.next_cursor and pages_left > 1:
            self._trades(search, page.next_cursor, pages_left - 1)
        else:
            self._teller.state(search.own, search.row)

    def _tell_own(self, search: _Search, trade: dict[str, Any]) -> None:
        """Tell what a trade did to the order. Raises ValueError for one that names it and cannot be read."""
        try:
            fills = read_trade(trade, self._wire.writer.owner)
        except ValueError:
            if search.own.remote_id in str(trade).lower():
                raise
            return
        for fill in fills:
            if fill.order_id == search.own.remote_id:
                search.wanted.discard(fill.trade_id)
                self._teller.fill(fill)

    def _failed(self, own: OwnOrder) -> None:
        self._say(Unknown(0, own.order, "read"))

    def position(self, view: View) -> None:
        """Refresh and read the balance of a token: what can be sold, and what the venue thinks that we hold."""
        query = {
            "asset_type": "CONDITIONAL",
            "signature_type": self._signature_type,
            "token_id": view.token_id,
        }
        self._wire.read(
            "/balance-allowance/update",
            lambda _: self._wire.read("/balance-allowance", lambda answer: self._balance(view, answer), **query),
            **query,
        )

    def _balance(self, view: View, answer: Answer | LostAnswer) -> None:
        try:
            size_u6 = read_balance(_body(answer))
        except ValueError:
            return  # asked again by whoever needs it
        self._say(Sellable(0, view.asset, size_u6))
        self._say(Position(0, view.asset, size_u6, source="balance"))

    def book(self, view: View) -> None:
        """Read a token's book."""
        self._wire.public("/book", lambda answer: self._book(view, answer), token_id=view.token_id)

    def _book(self, view: View, answer: Answer | LostAnswer) -> None:
        try:
            top = read_book(_body(answer))
        except ValueError:
            self._say(Unknown(0, f"book:{view.asset}", "read"))
            return
        bid, ask = top.bid, top.ask
        self._say(Book(0, view.asset, bid.price_e4, bid.size_u6, ask.price_e4, ask.size_u6, top.venue_ts_ns))

    def wallet(self) -> None:
        """Read collateral, and what winning shares can be redeemed for; nothing is said unless both are known, and
        `wallet_again` asks anew where they are not.
        """
        if self._wallet_reading is _Reading.UNDER_WAY:
            return
        self._wallet_reading = _Reading.UNDER_WAY
        query = {"asset_type": "COLLATERAL", "signature_type": self._signature_type}
        self._wire.read(
            "/balance-allowance/update",
            lambda _: self._wire.read("/balance-allowance", self._collateral, **query),
            **query,
        )

    def wallet_again(self) -> None:
        """Read the wallet again where the last reading failed."""
        if self._wallet_reading is _Reading.FAILED:
            self.wallet()

    def _collateral(self, answer: Answer | LostAnswer) -> None:
        try:
            collateral_u6 = read_balance(_body(answer))
        except ValueError:
            self._wallet_reading = _Reading.FAILED
            return
        self._wire.positions(
            lambda positions: self._redeemable(collateral_u6, positions),
            user=self._wallet,
            status="REDEEMABLE",
            limit="1000",
        )

    def _redeemable(self, collateral_u6: int, answer: Answer | LostAnswer) -> None:
        try:
            redeemable_u6 = read_redeemable_u6(_body(answer))
        except ValueError:
            self._wallet_reading = _Reading.FAILED
            return
        self._wallet_reading = _Reading.DONE
        self._say(Wallet(0, collateral_u6, redeemable_u6, "venue"))


def _body(answer: Answer | LostAnswer) -> bytes:
    """Return the body of a good answer. Raises ValueError for any other."""
    if isinstance(answer, LostAnswer):
        raise ValueError(answer.why)
    if answer.status != OK:
        raise ValueError(f"status {answer.status}")
    return answer.body


def is_empty_page(answer: Answer | LostAnswer) -> bool:
    """Whether this is a list with nothing in it; an answer that is no list is not empty."""
    try:
        return not _rows(answer)
    except ValueError:
        return False


def _rows(answer: Answer | LostAnswer) -> tuple[dict[str, Any], ...]:
    return read_page(_body(answer)).rows
