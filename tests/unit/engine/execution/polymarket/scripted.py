"""A gateway whose calls are kept and answered by the test; nothing is sent."""

from typing import Any, NamedTuple

import orjson

from engine.execution.polymarket.bench import CREDENTIALS
from engine.execution.polymarket.gateway import PolymarketGateway
from engine.execution.polymarket.http_line import Answer, LostAnswer, OnAnswer
from engine.execution.polymarket.requests import RequestWriter
from engine.execution.polymarket.signing import WalletSigner
from engine.execution.polymarket.wire import Wire
from engine.model.commands import Place, Purpose, TimeInForce
from engine.model.events import Event, Market, MarketChange, Side
from engine.model.fees import FeeSchedule
from engine.model.units import SHARE_U6
from engine.venue.accounts import known_account
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of

KEY = known_account(0)
WALLET = wallets_of(KEY.address).deposit
SIGNER = WalletSigner(KEY, WALLET, SignatureType.DEPOSIT_WALLET)
OWNER = CREDENTIALS.key
S = 1_000_000_000
NOW = 1_795_000_000 * S
CONDITION = "0x" + "c" * 64
UP, DOWN = str(11 << 200), str(12 << 200)
FEES = FeeSchedule(70_000)


class Call(NamedTuple):
    """One call that was made: its name, what it named, its query, and how to answer it."""

    name: str
    what: str
    query: dict[str, str]
    answer: OnAnswer

    def reply(self, content: object, status: int = 200, **headers: str) -> None:
        """Answer with JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer(Answer(status, named, orjson.dumps(content)))

    def lose(self) -> None:
        """Let the answer be lost."""
        self.answer(LostAnswer("the connection ended"))


class ScriptedWire:
    """Stands in for engine.execution.polymarket.wire.Wire."""

    def __init__(self) -> None:
        self.writer = RequestWriter("clob.polymarket.com", KEY.address, CREDENTIALS)
        self.offset_ns = 0
        self.calls: list[Call] = []
        self.free = True

    def venue_s(self) -> int:
        return NOW // S

    def place(self, body: bytes, answer: OnAnswer) -> bool:
        if self.free:
            self.calls.append(Call("place", body.decode(), {}, answer))
        return self.free

    def cancel(self, remote_id: str, answer: OnAnswer) -> None:
        self.calls.append(Call("cancel", remote_id, {}, answer))

    def cancel_market(self, condition_id: str, answer: OnAnswer) -> None:
        self.calls.append(Call("cancel_market", condition_id, {}, answer))

    def cancel_all(self, answer: OnAnswer) -> None:
        self.calls.append(Call("cancel_all", "", {}, answer))

    def heartbeat(self, beat_id: str, answer: OnAnswer) -> None:
        self.calls.append(Call("heartbeat", beat_id, {}, answer))

    def read(self, path: str, answer: OnAnswer, **query: str) -> None:
        self.calls.append(Call("read", path, query, answer))

    def public(self, path: str, answer: OnAnswer, **query: str) -> None:
        self.calls.append(Call("public", path, query, answer))

    def positions(self, answer: OnAnswer, **query: str) -> None:
        self.calls.append(Call("positions", "", query, answer))

    ask = Wire.ask

    def take(self, name: str) -> Call:
        """Return the oldest call and forget it; it must have this name."""
        call = self.calls.pop(0)
        assert call.name == name, f"expected {name}, was {call}"
        return call


def market(asset: int = 0, change: MarketChange = MarketChange.OPENED, tick_e4: int = 100) -> Market:
    """Return a fact of one of the market's two tokens: 0 Up, 1 Down."""
    return Market(
        NOW, asset, 1 - asset, change, (UP, DOWN)[asset], CONDITION, "btc-updown-15m-1795000000", 1_795_000_000, 900,
        asset + 1, tick_e4, 5 * SHARE_U6, FEES,
    )  # fmt: skip


def place(number: int = 1, **changes: Any) -> Place:
    """Return a stamped order: a post-only buy of 10 Up at 0.60."""
    fields: dict[str, Any] = {
        "order": f"slug/{number}/entry", "asset": 0, "side": Side.BUY, "price_e4": 6_000, "size_u6": 10 * SHARE_U6,
        "tif": TimeInForce.GTC, "purpose": Purpose.ENTRY, "post_only": True, "salt": number,
        "timestamp_ms": 1_795_000_000_000 + number,
    }  # fmt: skip
    return Place(**(fields | changes))


def stop(number: int = 2, **changes: Any) -> Place:
    """Return a stamped stop: an immediate sale of 10 Up at 0.01."""
    return place(
        number,
        **{"order": f"slug/{number}/stop", "side": Side.SELL, "price_e4": 100, "tif": TimeInForce.FAK,
           "purpose": Purpose.STOP, "post_only": False, **changes},
    )  # fmt: skip


class Bench:
    """A gateway over a scripted wire that knows one market."""

    def __init__(self) -> None:
        self.wire = ScriptedWire()
        self.woken = 0
        self.complaints: list[str] = []
        self.gateway = PolymarketGateway(self.wire, SIGNER, self._wake, self.complaints.append)  # type: ignore[arg-type]
        for asset in (0, 1):
            self.gateway.observe(market(asset), NOW)

    def _wake(self) -> None:
        self.woken += 1

    def submit(self, command: Any) -> None:
        """Give the gateway one command."""
        self.gateway.submit(command, NOW)

    def told(self, *kinds: type[Event]) -> list[Any]:
        """Take the answers; only those of some kinds where any are given."""
        return [event for event in self.gateway.take(NOW) if not kinds or isinstance(event, kinds)]

    def remote_id(self, order: str) -> str:
        """Return the venue's name of an order that was submitted."""
        own = self.gateway.orders.named(order)
        assert own is not None
        return own.remote_id

    def live(self, command: Place) -> str:
        """Place an order that comes to rest; return its id at the venue."""
        self.submit(command)
        remote_id = self.remote_id(command.order)
        self.wire.take("place").reply(placed(remote_id))
        self.told()
        return remote_id


def placed(remote_id: str, status: str = "live", making: str = "", taking: str = "") -> dict[str, object]:
    """Return what POST /order answers to an order that was taken."""
    return {
        "success": True, "errorMsg": "", "orderID": remote_id, "status": status, "makingAmount": making,
        "takingAmount": taking,
    }  # fmt: skip


def order_row(remote_id: str, status: str = "LIVE", matched: str = "0", trades: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an order as GET /data/order has it."""
    return {
        "id": remote_id, "status": status, "size_matched": matched, "associate_trades": list(trades), "asset_id": UP,
    }  # fmt: skip


def maker_trade(remote_id: str, trade_id: str = "t1", size: str = "10", status: str = "MATCHED") -> dict[str, Any]:
    """Return a trade in which our buy of Up at 0.60 was the maker."""
    return {
        "event_type": "trade", "id": trade_id, "taker_order_id": "0xother", "asset_id": UP, "side": "SELL",
        "size": size, "price": "0.6", "status": status, "owner": "somebody", "trader_side": "MAKER",
        "maker_orders": [
            {"order_id": remote_id, "owner": OWNER, "matched_amount": size, "price": "0.6", "asset_id": UP,
             "side": "BUY"},
        ],
    }  # fmt: skip
