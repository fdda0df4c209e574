"""Signed orders and requests of a test account, for every client of the tests that writes its own."""

from typing import Any

import msgspec

from engine.model.events import Side
from engine.venue.addresses import parse_address
from engine.venue.amounts import Amounts
from engine.venue.contracts import Exchange
from engine.venue.credentials import ApiCredentials, request_headers
from engine.venue.keys import OwnerKey
from engine.venue.order_wire import wire_order
from engine.venue.orders import OrderFields, SignatureType
from engine.venue.signatures import sign_order


def signed_order(
    key: OwnerKey, wallet: bytes, kind: SignatureType, token_id: str, side: Side, amounts: Amounts, *,
    salt: int, timestamp_ms: int, contract: Exchange, expiration_s: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Return the `order` object of POST /order."""
    fields = OrderFields(
        salt=salt,
        maker=wallet,
        signer=wallet if kind == SignatureType.DEPOSIT_WALLET else key.address,
        token_id=int(token_id),
        maker_amount=amounts.maker_u6,
        taker_amount=amounts.taker_u6,
        side=side,
        signature_type=kind,
        timestamp_ms=timestamp_ms,
    )
    wire: dict[str, Any] = msgspec.to_builtins(wire_order(fields, sign_order(key, fields, contract), expiration_s))
    return wire


def proof(
    address: str, credentials: ApiCredentials, timestamp_s: int, method: str, path: str, body: bytes
) -> dict[str, str]:
    """Return the L2 headers of a request."""
    headers = request_headers(parse_address(address), credentials, timestamp_s, method, path, body)
    return headers | {"Content-Type": "application/json"}
