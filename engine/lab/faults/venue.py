"""The local exchange in virtual time: real server bytes over connections in memory, a crowd, faults by name."""

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.exchange.accounts import open_accounts
from engine.exchange.app import App, AppOptions
from engine.exchange.calendar import SeriesOptions
from engine.exchange.control import Control
from engine.exchange.core.exchange import Settings
from engine.exchange.core.market import Market
from engine.exchange.scenario import Incident, check_incident
from engine.exchange.server.server import Server
from engine.lab.faults.evidence import BALANCE_USD, Evidence
from engine.lab.faults.record import WalletRecord
from engine.lab.virtual.loop import VirtualLoop
from engine.lab.virtual.transport import Address
from engine.runtime.live import Account
from engine.venue.addresses import parse_address
from engine.venue.orders import SignatureType
from engine.worlds.counterparties import Counterparties
from engine.worlds.crowd import Crowd
from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style

HOST: Final = "127.0.0.1"
FOR_ENGINE: Final[Address] = (HOST, 8_001)
FOR_FEEDER: Final[Address] = (HOST, 8_002)
"""One server; who is meant by a cut can be told by the port that is dialled."""
MINED_MS: Final = 1_000
CONFIRMED_MS: Final = 2_000
AHEAD: Final = 2
MAKERS: Final = 3
"""So many of a styled crowd's makers, the quickest: a book that moves, at a fraction of the work."""


class Venue:
    """An exchange of one series, already reachable; its first test account is the engine's. Requires the loop running.

    `record` has what the exchange knows of that account's wallet.
    """

    def __init__(self, loop: VirtualLoop, seed: int, style: Style, length_s: int) -> None:
        series = SeriesOptions(length_s=length_s, ahead=AHEAD, seed=seed)
        settings = Settings(seed=seed, mined_ms=MINED_MS, confirmed_ms=CONFIRMED_MS)
        options = AppOptions(series=(series,), settings=settings, seed=seed, compression=False)

        def crowd(series: Sequence[SeriesOptions], now_ms: int) -> Counterparties:
            params = styled_crowd(style, seed, series[0].length_s)
            return Crowd(msgspec.structs.replace(params, makers=params.makers[:MAKERS]), seed, now_ms)

        self.app = App(options, crowd, loop.wall_ms)
        opened = open_accounts(self.app.desk, 1, BALANCE_USD)[0]
        self.wallet = opened.wallets[SignatureType.DEPOSIT_WALLET]
        self.account = Account(opened.key, parse_address(self.wallet), SignatureType.DEPOSIT_WALLET, opened.credentials)
        self.record = WalletRecord(self.wallet)
        self.app.desk.listeners.append(self.record.hear)
        self._server: Server = self.app.open_server()
        self.control = Control(self.app, seed)
        for address in (FOR_ENGINE, FOR_FEEDER):
            loop.network.listen(address, self._server.protocol)

    @property
    def markets(self) -> list[Market]:
        """Return every market that is known."""
        return list(self.app.exchange.markets.values())

    def evidence(self) -> Evidence:
        """Return what the checks want to know."""
        record = self.record
        return Evidence(self.app.exchange, self.account, record.orders, record.shares_u6(), record.cash_u6())

    def begin(self, incident: Incident) -> None:
        """Let something go wrong, now."""
        check_incident(incident)
        self.control.incidents.add(incident)

    def end(self, name: str) -> int:
        """End it; return how often it has happened."""
        happened = self.control.incidents.listed().get(name, {}).get("happened", 0)
        self.control.incidents.remove(name)
        assert isinstance(happened, int)
        return happened

    def advance(self) -> None:
        """Let everything be done that is due."""
        self.app.wake(self.app.desk.now_ms())

    async def close(self) -> None:
        """Drop every connection."""
        await self._server.stop()
