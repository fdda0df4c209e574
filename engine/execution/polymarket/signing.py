"""Signs orders of one wallet: the id is known before anything is sent; an order may be signed before it is wanted."""

from typing import Final

import msgspec

from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.venue.addresses import to_hex
from engine.venue.amounts import Amounts, limit_amounts, market_amounts
from engine.venue.contracts import Exchange
from engine.venue.keys import OwnerKey
from engine.venue.orders import OrderFields, SignatureType, order_id
from engine.venue.signatures import sign_order
from engine.venue.wallets import classify


class SignedOrder(msgspec.Struct, frozen=True, gc=False):
    """An order ready to be written: its id as 0x and 64 hex digits, the signed fields and the signature's hex text."""

    order_id: str
    fields: OrderFields
    signature: str


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What an order is about: all that its signature covers but salt and time. Prices in 1e-4 USD, sizes in 1e-6.

    A FAK or FOK buy is signed for the money that its shares cost at the price (protocol.md 2.4).
    """

    token_id: int
    side: Side
    price_e4: int
    size_u6: int
    tick_e4: int
    tif: TimeInForce

    def amounts(self) -> Amounts:
        """Return the two amounts, exact and with as many decimals as the venue takes."""
        if self.tif < TimeInForce.FOK:
            return limit_amounts(self.side, self.price_e4, self.size_u6)
        given_u6 = self.size_u6 if self.side == Side.SELL else self.size_u6 * self.price_e4 // 10_000
        return market_amounts(self.side, self.price_e4, given_u6, self.tick_e4)


class WalletSigner:
    """Signs for one wallet. Raises ValueError where the key is not that wallet's."""

    def __init__(self, key: OwnerKey, wallet: bytes, signature_type: SignatureType) -> None:
        self.wallet: Final = wallet
        self.signature_type: Final = signature_type
        self._key = key
        self._signer = wallet if signature_type == SignatureType.DEPOSIT_WALLET else key.address
        fault = classify(wallet, self._signer, signature_type, key.address)
        if fault is not None:
            raise ValueError(f"expected a wallet of type {int(signature_type)} of the key's EOA: {fault}")

    def fields(self, terms: Terms, salt: int, timestamp_ms: int) -> OrderFields:
        """Return what is signed."""
        amounts = terms.amounts()
        return OrderFields(
            salt=salt,
            maker=self.wallet,
            signer=self._signer,
            token_id=terms.token_id,
            maker_amount=amounts.maker_u6,
            taker_amount=amounts.taker_u6,
            side=terms.side,
            signature_type=self.signature_type,
            timestamp_ms=timestamp_ms,
        )

    def order_id(self, terms: Terms, salt: int, timestamp_ms: int, exchange: Exchange) -> str:
        """Return the id that the order will have, without signing it: what a recovery computes again."""
        return to_hex(order_id(self.fields(terms, salt, timestamp_ms), exchange))

    def sign(self, terms: Terms, salt: int, timestamp_ms: int, exchange: Exchange) -> SignedOrder:
        """Return the signed order; the same arguments give the same bytes."""
        fields = self.fields(terms, salt, timestamp_ms)
        return SignedOrder(to_hex(order_id(fields, exchange)), fields, to_hex(sign_order(self._key, fields, exchange)))
