"""What the exchange knows of the engine's wallet when a run is over: all that the checks believe."""

from collections.abc import Mapping
from typing import Final

import msgspec

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.orders import Order
from engine.model.units import U6
from engine.runtime.live import Account
from engine.venue.addresses import checksum_address

BALANCE_USD: Final = 1_000
BALANCE_U6: Final = BALANCE_USD * U6
"""What the wallet has to begin with."""


class Evidence(msgspec.Struct):
    """What the exchange knows of one wallet: its core, our account, our orders, and what our trades come to in all."""

    exchange: Exchange
    account: Account
    orders: Mapping[str, Order]
    shares_u6: Mapping[str, int]
    cash_u6: int

    @property
    def wallet(self) -> str:
        """Return our wallet's address as the exchange writes it."""
        return checksum_address(self.account.wallet)
