"""Writes the venue's private requests as HTTP/1.1 bytes: heads are rendered once, what changes is put in.

Facts (protocol.md 3.2, 4.2; 2026-11-21): the L2 proof covers timestamp, method, path and the exact bytes of the body;
the official client's body has the keys in the order below, `postOnly` only where it is true.
"""

from typing import Final
from urllib.parse import urlencode

from engine.execution.polymarket.signing import SignedOrder
from engine.model.commands import TimeInForce
from engine.venue.addresses import checksum_address, to_hex
from engine.venue.credentials import (
    ADDRESS_HEADER,
    API_KEY_HEADER,
    PASSPHRASE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    ApiCredentials,
    request_signature,
    secret_bytes,
)

_SIDES: Final = ("BUY", "SELL")


class RequestWriter:
    """Requests of one API key to one host. Neither its secrets nor its heads are shown by repr."""

    def __init__(self, host: str, address: bytes, credentials: ApiCredentials, prefix: str = "") -> None:
        """`host` is what the Host header says, `prefix` what stands before every path in the host's URL."""
        self._prefix = prefix
        self.owner: Final = credentials.key
        self._secret = secret_bytes(credentials.secret)
        self._fixed = (
            f"Host: {host}\r\n{ADDRESS_HEADER}: {checksum_address(address)}\r\n{API_KEY_HEADER}: {credentials.key}\r\n"
            f"{PASSPHRASE_HEADER}: {credentials.passphrase}\r\nContent-Type: application/json\r\n"
        )
        self._heads: dict[tuple[str, str], str] = {}
        self._tail = f'"owner":"{credentials.key}"'

    def request(self, method: str, path: str, body: bytes, now_s: int) -> bytes:
        """Return a signed request; `path` is without a query, `now_s` Unix seconds."""
        head = self._heads.get((method, path))
        if head is None:
            head = self._heads[method, path] = f"{method} {self._prefix}{path} HTTP/1.1\r\n{self._fixed}"
        return self._signed(head, method, path, body, now_s)

    def read(self, path: str, now_s: int, **query: str) -> bytes:
        """Return a signed GET; the proof covers the path alone."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._signed(f"GET {self._prefix}{target} HTTP/1.1\r\n{self._fixed}", "GET", path, b"", now_s)

    def _signed(self, head: str, method: str, path: str, body: bytes, now_s: int) -> bytes:
        timestamp_s = str(now_s)
        signature = request_signature(self._secret, timestamp_s, method, path, body)
        text = (
            f"{head}{TIMESTAMP_HEADER}: {timestamp_s}\r\n{SIGNATURE_HEADER}: {signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return text.encode() + body

    def order_body(
        self, order: SignedOrder, tif: TimeInForce, *, post_only: bool = False, expiration_s: int = 0
    ) -> bytes:
        """Return the body of POST /order; a list of them, in brackets, is that of POST /orders."""
        fields = order.fields
        text = (
            f'{{"deferExec":false,"order":{{"builder":"{to_hex(fields.builder)}","expiration":"{expiration_s}",'
            f'"maker":"{checksum_address(fields.maker)}","makerAmount":"{fields.maker_amount}",'
            f'"metadata":"{to_hex(fields.metadata)}","salt":{fields.salt},"side":"{_SIDES[fields.side]}",'
            f'"signature":"{order.signature}","signatureType":{int(fields.signature_type)},'
            f'"signer":"{checksum_address(fields.signer)}","takerAmount":"{fields.taker_amount}",'
            f'"timestamp":"{fields.timestamp_ms}","tokenId":"{fields.token_id}"}},"orderType":"{tif.name}",{self._tail}'
        )
        return (text + (',"postOnly":true}' if post_only else "}")).encode()

    def place(self, body: bytes, now_s: int) -> bytes:
        """Return the request that places one order."""
        return self.request("POST", "/order", body, now_s)

    def cancel(self, order_id: str, now_s: int) -> bytes:
        """Return the request that cancels one order."""
        return self.request("DELETE", "/order", f'{{"orderID":"{order_id}"}}'.encode(), now_s)

    def cancel_market(self, condition_id: str, now_s: int) -> bytes:
        """Return the request that cancels everything of one market, both tokens."""
        return self.request("DELETE", "/cancel-market-orders", f'{{"market":"{condition_id}"}}'.encode(), now_s)

    def heartbeat(self, beat_id: str, now_s: int) -> bytes:
        """Return one beat of the dead man's switch: the id that the last answer gave, "" first."""
        return self.request("POST", "/v1/heartbeats", f'{{"heartbeat_id":"{beat_id}"}}'.encode(), now_s)

    def cancel_all(self, now_s: int) -> bytes:
        """Return the request that cancels everything."""
        return self.request("DELETE", "/cancel-all", b"", now_s)

    def __repr__(self) -> str:
        return f"RequestWriter(owner={self.owner!r})"
