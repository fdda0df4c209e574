"""Where the services of a venue are."""

import msgspec

from engine.execution.polymarket.dialling import parse_url


class Endpoints(msgspec.Struct, frozen=True):
    """The base URLs of a venue: order book service, discovery, Data API, relayer, and the chain."""

    clob_url: str
    gamma_url: str
    data_url: str
    relayer_url: str
    rpc_url: str

    @property
    def is_local(self) -> bool:
        """Whether every one of them is on this machine's loopback: play money."""
        return all(parse_url(url).is_loopback for url in msgspec.structs.astuple(self))
