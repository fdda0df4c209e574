"""Counterparties on the exchange: gives the participants of a crowd or a replay their turns and does what they want.

They trade through the same calls as everybody else, held and refused like everybody else; only their money is made
here.
"""

from collections import deque
from hashlib import blake2b
from typing import Final
from uuid import UUID

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.ledger import COLLATERAL, Account
from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import NewOrder
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import U6, notional_u6
from engine.venue.amounts import Amounts, limit_amounts, market_amounts
from engine.worlds.counterparties import Counterparties
from engine.worlds.participants.actions import (
    AnyAction,
    CancelOrder,
    CancelWindow,
    MergePairs,
    PlaceOrder,
    SplitCollateral,
    Token,
)
from engine.worlds.participants.view import BookView, Holdings, OpenOrder, Window

LEVELS_SEEN: Final = 2
PURSE_U6: Final = 10_000_000 * U6
"""What every account is given, and given again when a window opens and half of it is gone: they never lack money."""
_KEY_BITS: Final = 32
_CENT_U6: Final = 10_000


class Seat:
    """One account in one market: whose orders they are there, and how their ids are made of the participant's keys."""

    __slots__ = ("_first_id", "account", "market", "owner")

    def __init__(self, account: Account, market: Market, name: str) -> None:
        self.account = account
        self.market = market
        digest = blake2b(f"{name} in {market.spec.slug}".encode(), digest_size=28).digest()
        self.owner = str(UUID(bytes=digest[:16]))
        self._first_id = int.from_bytes(digest) << _KEY_BITS

    def order_id(self, key: int) -> str:
        """Return an id in the shape of a digest."""
        assert 0 <= key < 1 << _KEY_BITS, f"expected a key of {_KEY_BITS} bits, was {key}"
        return f"0x{self._first_id + key:064x}"

    def key_of(self, order_id: str) -> int:
        """Return the key that an own order's id was made of."""
        return int(order_id, 16) - self._first_id


class Background:
    """Drives a source through the exchange. `refused` counts what the exchange would not take, `last_refusal` says why.

    Some refusals are ordinary: a quote that would cross by now, a tick that became coarser between two orders.
    """

    def __init__(self, exchange: Exchange, source: Counterparties, purse_u6: int = PURSE_U6) -> None:
        self.source = source
        self.refused = 0
        self.last_refusal = ""
        self._exchange = exchange
        self._purse_u6 = purse_u6
        self._wallets = {name: _wallet(name) for name in source.accounts}
        self._windows: dict[str, Window] = {}
        self._seats: dict[tuple[str, str], Seat] = {}
        self._leaving: deque[tuple[int, Seat]] = deque()

    def open(self, market: Market, twap_ms: int, strike_e8: int | None = None) -> None:
        """Let the counterparties come to a market, whose settlement looks back `twap_ms`; see Crowd.open_window."""
        spec = market.spec
        window = Window(spec.slug, spec.start_ms, spec.end_ms, twap_ms, spec.min_size_u6)
        self._windows[spec.slug] = window
        for name, wallet in self._wallets.items():
            account = self._exchange.ledger.account(wallet, background=True)
            if account.spendable_u6(COLLATERAL) < self._purse_u6 // 2:
                self._exchange.deposit(wallet, self._purse_u6, background=True)
            self._seats[name, spec.slug] = Seat(account, market, name)
        self.source.open_window(window, strike_e8)

    def strike_e8(self, market: Market) -> int:
        """Return the price to beat of an open market whose window has begun, in 1e-8 USD."""
        return self.source.strike_e8(self._windows[market.spec.slug])

    def close(self, market: Market, now_ms: int) -> None:
        """Let nobody act in a market any more: cancel what rests there, and redeem it once the last trades are mined.

        A market that is closed without being resolved is not redeemed.
        """
        slug = market.spec.slug
        self.source.close_window(slug)
        self._windows.pop(slug, None)
        for name in self._wallets:
            seat = self._seats.pop((name, slug), None)
            if seat is not None:
                self._exchange.cancel_all(seat.owner, now_ms)
                self._leaving.append((now_ms + self._exchange.settings.confirmed_ms, seat))

    def next_ms(self) -> int | None:
        """Return when somebody wants to act next."""
        return self.source.next_turn_ms()

    def advance(self, now_ms: int) -> None:
        """Give everybody the turns that are due by now; a market that is not open passes its turns over."""
        exchange = self._exchange
        for turn in self.source.turns(now_ms):
            seat = self._seats[turn.account, turn.window.name]
            market = seat.market
            if market.phase != Phase.OPEN:
                continue
            at_ms = max(turn.at_ms, exchange.now_ms)  # somebody else's order may have come in between
            exchange.advance(at_ms)
            book = BookView(market.tick_e4, market.book.depth(True, LEVELS_SEEN), market.book.depth(False, LEVELS_SEEN))
            for action in self.source.act(turn, book, self._holdings(seat)):
                self._carry_out(seat, action, at_ms)
        while self._leaving and self._leaving[0][0] <= now_ms:
            _, seat = self._leaving.popleft()
            exchange.advance(max(now_ms, exchange.now_ms))
            exchange.settlement.redeem(seat.account, seat.market, exchange.now_ms)

    def _holdings(self, seat: Seat) -> Holdings:
        """Return what the exchange would let the account use, and its resting orders."""
        account = seat.account
        up_u6, down_u6 = (account.known_u6(token) - account.pending.get(token, 0) for token in seat.market.spec.tokens)
        orders = {
            seat.key_of(order_id): OpenOrder(
                Token.DOWN if order.token else Token.UP, order.side, order.price_e4, order.size_u6 - order.filled_u6
            )
            for order_id, order in self._exchange.open_by_owner.get(seat.owner, {}).items()
        }
        return Holdings(up_u6, down_u6, orders)

    def _carry_out(self, seat: Seat, action: AnyAction, now_ms: int) -> None:
        exchange, why = self._exchange, None
        match action:
            case PlaceOrder():
                answer = exchange.submit(_new_order(seat, action), now_ms)
                why = answer.refusal and answer.refusal.text
            case CancelOrder(key):
                exchange.cancel(seat.owner, [seat.order_id(key)], now_ms)
            case CancelWindow():
                exchange.cancel_all(seat.owner, now_ms)
            case SplitCollateral(size_u6):
                why = exchange.settlement.split(seat.account, seat.market, size_u6, now_ms)
            case MergePairs(size_u6):
                why = exchange.settlement.merge(seat.account, seat.market, size_u6, now_ms)
        if why:
            self.refused += 1
            self.last_refusal = why


def _new_order(seat: Seat, order: PlaceOrder) -> NewOrder:
    amounts = _amounts(order, seat.market.tick_e4)
    return NewOrder(
        order_id=seat.order_id(order.key),
        owner=seat.owner,
        wallet=seat.account.wallet,
        token_id=seat.market.spec.tokens[order.token - 1],
        side=order.side,
        maker_u6=amounts.maker_u6,
        taker_u6=amounts.taker_u6,
        tif=order.tif,
        expiration_s=order.expires_ms // 1_000 if order.tif == TimeInForce.GTD else 0,
        post_only=order.post_only,
    )


def _amounts(order: PlaceOrder, tick_e4: int) -> Amounts:
    """Return the amounts of an order; an immediate purchase is one by money, in whole cents (protocol.md 2.4)."""
    if order.tif not in (TimeInForce.FAK, TimeInForce.FOK):
        return limit_amounts(order.side, order.price_e4, order.size_u6)
    if order.side == Side.SELL:
        return market_amounts(Side.SELL, order.price_e4, order.size_u6, tick_e4)
    cost_u6 = notional_u6(order.price_e4, order.size_u6)
    return market_amounts(Side.BUY, order.price_e4, -(-cost_u6 // _CENT_U6) * _CENT_U6, tick_e4)


def _wallet(name: str) -> str:
    """Return an address for an account; no key belongs to it."""
    return "0x" + blake2b(f"background {name}".encode(), digest_size=20).hexdigest()
