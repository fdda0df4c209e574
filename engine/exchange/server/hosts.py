"""The services of the venue, the host names they have there, and where they are on the loopback's one port.

Facts (protocol.md 1.3, 2026-11-21): the names below are what the official clients call by default; the RPC host is the
client library's choice, not the venue's.
"""

import ipaddress
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Service(StrEnum):
    """One of the venue's services."""

    CLOB = "clob"
    GAMMA = "gamma"
    DATA = "data"
    RELAYER = "relayer"
    RPC = "rpc"
    CLOB_STREAMS = "clob_streams"  # market and user channel
    RTDS = "rtds"  # the older price stream
    POLYBOLT = "polybolt"  # the newer one


VENUE_HOSTS: Final = {
    "clob.polymarket.com": Service.CLOB,
    "gamma-api.polymarket.com": Service.GAMMA,
    "data-api.polymarket.com": Service.DATA,
    "relayer-v2.polymarket.com": Service.RELAYER,
    "polygon.drpc.org": Service.RPC,
    "ws-subscriptions-clob.polymarket.com": Service.CLOB_STREAMS,
    "ws-live-data.polymarket.com": Service.RTDS,
    "ws-live-v2.polymarket.com": Service.POLYBOLT,
}

LOOPBACK_PREFIXES: Final = {
    Service.CLOB: "",
    Service.GAMMA: "/gamma",
    Service.DATA: "/data",
    Service.RELAYER: "/relayer",
    Service.RPC: "/rpc",
    Service.CLOB_STREAMS: "",
    Service.RTDS: "/rtds",
    Service.POLYBOLT: "/polybolt",
}
"""Where a service is on the loopback; those with a prefix are at the root, too, where the CLOB has nothing."""


def host_of(authority: str) -> str:
    """Return the host of `host`, `host:port` or `[address]:port`, in lower case, without brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower()


@lru_cache(maxsize=256)
def is_local(host: str) -> bool:
    """Tell whether a host stands for this machine: localhost or an address in numbers, which nobody's DNS resolves."""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
