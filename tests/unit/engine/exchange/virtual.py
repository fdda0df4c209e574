"""A whole exchange in virtual time, with its faults and its control API, but on no port."""

from collections.abc import Sequence
from typing import Any

from engine.exchange.accounts import TestAccount, open_accounts
from engine.exchange.app import App, AppOptions, SourceOf
from engine.exchange.calendar import SeriesOptions
from engine.exchange.control import Control
from engine.exchange.core.exchange import Settings
from engine.exchange.core.market import Market
from engine.exchange.scenario import Incident, What, check_incident
from engine.exchange.server.fault_board import FaultBoard
from engine.exchange.server.routes import Routes
from engine.worlds.counterparties import Counterparties
from engine.worlds.replayed import Replay, ReplayParams
from tests.unit.engine.exchange.desks import ask

START_MS = 1_795_262_415_000


def nobody(series: Sequence[SeriesOptions], now_ms: int) -> Counterparties:
    """Return counterparties that never come."""
    return Replay(iter(()), ReplayParams(), now_ms)


class Virtual:
    """An exchange that lives when the test says so; `wait` lets time pass."""

    def __init__(
        self, *series: SeriesOptions, source: SourceOf = nobody, at_ms: int = START_MS, accounts: int = 2, seed: int = 0
    ) -> None:
        self.at_ms = at_ms
        series = series or (SeriesOptions(length_s=60, ahead=1, hold_ms=0),)
        options = AppOptions(
            series=series, settings=Settings(mined_ms=20, confirmed_ms=40, balance_lag_ms=0), seed=seed
        )
        self.app = App(options, source, lambda: self.at_ms)
        self.app.board = FaultBoard(1, self.app.desk.now_ms)
        self.control = Control(self.app)
        self.routes = Routes()
        self.control.add_to(self.routes)
        self._count = accounts
        self.accounts: list[TestAccount] = []

    def begin(self) -> "Virtual":
        """Open the accounts and list the first windows, as `serve` does."""
        self.accounts = open_accounts(self.app.desk, self._count, 1_000)
        self.app.begin()
        return self

    def wait(self, ms: int, step_ms: int = 1_000) -> None:
        """Let time pass in steps, each awake."""
        end_ms = self.at_ms + ms
        while self.at_ms < end_ms:
            self.at_ms = min(end_ms, self.at_ms + step_ms)
            self.app.wake(self.at_ms)

    def market(self, number: int = 0) -> Market:
        """Return a market by the order of listing."""
        return [*self.app.exchange.markets.values()][number]

    def fault(self, what: What, name: str = "", **more: Any) -> str:
        """Let something go wrong; return its name."""
        incident = Incident(name=name or str(what), what=what, **more)
        check_incident(incident)
        self.control.incidents.add(incident)
        return incident.name

    def end(self, name: str) -> None:
        """End an incident that there is."""
        assert self.control.incidents.remove(name)

    def ask(self, method: str, path: str, content: object = None, body: bytes | None = None) -> tuple[int, Any]:
        """Call the control API."""
        return ask(self.routes, method, path, content, body=body)
