"""Requests without a proof: what anybody may read."""

from typing import Final
from urllib.parse import urlencode

from engine.execution.polymarket.dialling import Address

AGENT: Final = "bucketmm"


def public_read(address: Address, path: str, **query: str) -> bytes:
    """Return a GET as HTTP/1.1 bytes."""
    target = f"{address.path}{path}?{urlencode(query)}" if query else f"{address.path}{path}"
    return f"GET {target} HTTP/1.1\r\nHost: {address.authority}\r\nUser-Agent: {AGENT}\r\n\r\n".encode()
