"""From the bytes of an order to what the core takes: shape, owner, signature, wallet and approvals are checked here.

The order of the checks is ours; each text is the venue's (protocol.md 4.8). The order id is computed, never trusted.
"""

from typing import Any, Final

import msgspec
import orjson

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import Market
from engine.exchange.core.orders import NewOrder
from engine.exchange.members import Members, Wallet
from engine.exchange.rest.callers import Caller
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.venue import refusals
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.contracts import (
    CONDITIONAL_TOKENS,
    EXCHANGES,
    POSITION_MANAGER,
    RETIRED_EXCHANGES,
    exchange_of,
)
from engine.venue.contracts import Exchange as Contract
from engine.venue.order_wire import WireOrder, is_v1_order, parse_order, parse_signature
from engine.venue.orders import OrderFields, SignatureType, order_id
from engine.venue.refusals import Refusal
from engine.venue.signatures import recover_owner, signed_for
from engine.venue.wallets import OwnershipFault, classify

BATCH_MAX: Final = 15
_TIFS: Final = {"GTC": TimeInForce.GTC, "GTD": TimeInForce.GTD, "FOK": TimeInForce.FOK, "FAK": TimeInForce.FAK}


class Envelope(msgspec.Struct, rename="camel"):
    """One entry of POST /order or /orders."""

    order: dict[str, Any]
    owner: str
    order_type: str = "GTC"
    defer_exec: bool = False
    post_only: bool = False


def read_one(body: bytes) -> Envelope | Refusal:
    """Return the entry of POST /order."""
    try:
        return msgspec.json.decode(body, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return refusals.INVALID_PAYLOAD


def read_batch(body: bytes) -> list[Envelope] | Refusal:
    """Return the entries of POST /orders: 1 to 15."""
    try:
        entries = msgspec.convert(orjson.loads(body), list[Envelope])
    except (orjson.JSONDecodeError, msgspec.ValidationError):
        return refusals.INVALID_PAYLOAD
    if len(entries) > BATCH_MAX:
        return refusals.too_many_orders(len(entries), BATCH_MAX)
    return entries or refusals.INVALID_PAYLOAD


class Admission:
    """Checks what of an order does not depend on the book."""

    def __init__(self, exchange: Exchange, members: Members) -> None:
        self._exchange = exchange
        self._members = members

    def admit(self, entry: Envelope, caller: Caller) -> NewOrder | Refusal:
        """Return the order for the core, or the refusal."""
        if is_v1_order(entry.order):
            return refusals.VERSION_MISMATCH
        tif = _TIFS.get(entry.order_type)
        if tif is None:
            return refusals.INVALID_PAYLOAD
        try:
            wire = msgspec.convert(entry.order, WireOrder)
            fields = parse_order(wire)
            signature = parse_signature(wire.signature)
        except (msgspec.ValidationError, ValueError):
            return refusals.INVALID_PAYLOAD
        if entry.owner != caller.api_key:
            return refusals.OWNER_MISMATCH
        if not (wire.expiration.isascii() and wire.expiration.isdigit() and len(wire.expiration) <= 12):
            return refusals.INVALID_EXPIRATION
        market = self._exchange.by_token.get(wire.token_id)
        if market is None:
            return refusals.NO_BOOK
        contract = exchange_of(market.spec.version, neg_risk=market.spec.neg_risk)
        assert contract is not None, f"{market.spec.slug} has no exchange"
        refusal = self._wallet_refusal(fields, signature, contract, parse_address(caller.address))
        if refusal is None:
            refusal = self._approval_refusal(fields, market, contract)
        if refusal is not None:
            return refusal
        return NewOrder(
            order_id="0x" + order_id(fields, contract).hex(),
            owner=entry.owner,
            wallet=checksum_address(fields.maker),
            token_id=wire.token_id,
            side=Side(fields.side),
            maker_u6=fields.maker_amount,
            taker_u6=fields.taker_amount,
            tif=tif,
            expiration_s=int(wire.expiration),
            post_only=entry.post_only,
        )

    def _wallet_refusal(
        self, fields: OrderFields, signature: bytes, contract: Contract, owner: bytes
    ) -> Refusal | None:
        """Return why this key may not sign for this wallet, or None."""
        kind = SignatureType(fields.signature_type)
        fault = classify(fields.maker, fields.signer, kind, owner)
        if fault == OwnershipFault.SIGNER:
            return refusals.SIGNER_MISMATCH
        if fault is not None:
            return refusals.MAKER_NOT_ALLOWED
        if recover_owner(fields, signature, contract) != owner:
            others = (each for each in (*EXCHANGES, *RETIRED_EXCHANGES) if each is not contract)
            other = signed_for(fields, signature, owner, others)
            return refusals.INVALID_SIGNATURE if other is None else refusals.VERSION_MISMATCH
        wallet = self._members.wallet(checksum_address(fields.maker))
        if kind == SignatureType.DEPOSIT_WALLET and (wallet is None or not wallet.deployed):
            return refusals.SIGNER_MISMATCH
        if wallet is None or not wallet.allowed:
            return refusals.MAKER_NOT_ALLOWED
        for address in (wallet.address, wallet.owner):
            if address in self._members.banned:
                return refusals.banned(address)
            if address in self._members.closed_only and fields.side == Side.BUY:
                return refusals.closed_only(address)
        return None

    def _approval_refusal(self, fields: OrderFields, market: Market, contract: Contract) -> Refusal | None:
        """Return the refusal of an order whose exchange contract may not take what it offers."""
        wallet = self._members.wallets[checksum_address(fields.maker)]
        if fields.side == Side.BUY:
            allowance = wallet.allowances.get(contract.address, 0)
            if allowance < fields.maker_amount:
                return refusals.allowance_too_low(contract.address, allowance)
            return None
        if not is_operator(wallet, market, contract):
            return refusals.allowance_too_low(contract.address, 0)
        return None


def is_operator(wallet: Wallet, market: Market, contract: Contract) -> bool:
    """Tell whether an exchange may move a wallet's shares of a market."""
    holder = POSITION_MANAGER if market.spec.version == "v2" else CONDITIONAL_TOKENS
    return f"{holder}:{contract.address}" in wallet.operators
