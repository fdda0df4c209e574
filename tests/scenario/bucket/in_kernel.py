"""The kernel around a scenario, where risk and firewall matter."""

from typing import Any

import msgspec

from engine.kernel.kernel import Kernel
from engine.kernel.state import KernelState
from engine.model.commands import Command
from engine.model.events import Event
from engine.model.records import RoundRecord, Verdict
from engine.runtime.compose import firewall_params
from engine.strategy.bucket.strategy import BucketStrategy
from tests.scenario.bucket.words import CONFIG, DOWN, PARAMS, UP, market


class Notes:
    """A recorder that keeps verdicts and round records."""

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.records: list[RoundRecord] = []

    def event(self, seq: int, event: Event) -> None:
        """Inputs are known to the scenario."""

    def decision(
        self, seq: int, intents: list[Command], verdicts: list[Verdict], commands: list[Command], stages: list[str]
    ) -> None:
        """Keep the verdicts."""
        self.verdicts += verdicts

    def round(self, seq: int, record: RoundRecord) -> None:
        """Keep the record."""
        self.records.append(record)


def kernel(bankroll_usd: int = 100, *, announced: bool = True, **firewall: Any) -> tuple[Kernel, Notes]:
    """Return a kernel with the default config, by default with the window announced."""
    notes = Notes()
    bounds = msgspec.structs.replace(firewall_params(CONFIG), **firewall)
    built = Kernel(BucketStrategy(PARAMS), bounds, KernelState(bankroll_u6=bankroll_usd * 1_000_000, rounds={}), notes)
    for asset in (UP, DOWN) if announced else ():
        built.receive(market(asset))
    return built, notes
