"""What a running engine shows of itself: one JSON file, replaced atomically, that `bucketmm status` and the scripts
read.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from engine.journal.writer import JournalWriter
from engine.kernel.kernel import Kernel
from engine.model.units import format_price, format_scaled
from engine.runtime.control import write_atomically
from engine.runtime.safety import manifest, reconciliations, state_of_trading
from engine.runtime.shell import Shell
from engine.runtime.tally import Tally
from engine.strategy.bucket.round import Round, record_of

LAST_ROUNDS: Final = 10
SAFETY_EVERY_S: Final = 2.0


@dataclass
class StatusWriter:
    """Writes run/engine.json for one shell; `say` tells a person what goes wrong, and `alerts` are what was told."""

    path: Path
    mode: str
    started_unix_seconds: float
    journal: JournalWriter
    tally: Tally
    alerts: list[str]
    say: Callable[[str], None]
    gateway: Callable[[], dict[str, Any]] = dict
    _safety: tuple[float, list[dict[str, Any]]] = (-SAFETY_EVERY_S, [])

    def write(self, shell: Shell, state: str = "running") -> None:
        """Write the file. A full disk is told once: not being seen is no reason to leave a position alone."""
        try:
            write_atomically(self.path, orjson.dumps(self.describe(shell, state), option=orjson.OPT_INDENT_2))
        except OSError as error:
            text = f"status_not_written: {error}"
            if text not in self.alerts:
                self.say(text)

    def describe(self, shell: Shell, state: str) -> dict[str, Any]:
        """Return everything there is to show."""
        kernel = shell.loop.kernel
        records = list(self.tally.rounds.values())
        return {
            "pid": os.getpid(),
            "state": "stopping" if shell.stopping and state == "running" else state,
            "mode": self.mode,
            "started_unix_seconds": self.started_unix_seconds,
            "ring": shell.feed.name,
            "journal": str(self.journal.folder),
            "now_ns": shell.loop.now_ns,
            "feeder_silent": shell.feed.is_silent(),
            "records": shell.feed.records,
            "records_lost": shell.feed.lost,
            "books_skipped": shell.feed.skipped,
            "events": self.tally.events,
            "decisions": self.tally.decisions,
            "refusals": dict(self.tally.refusals),
            "killed": kernel.state.kill_reason if kernel.state.killed else None,
            "broken": kernel.state.broken,
            "bankroll_usd": format_scaled(kernel.state.bankroll_u6, 6),
            "cash_usd": format_scaled(kernel.cash_u6(), 6),
            "pnl_usd": format_scaled(sum(record.pnl_u6 for record in records if record.settled), 6),
            "rounds_over": kernel.state.rounds_over,
            "rounds": [describe_round(one, shell.loop.now_ns) for one in kernel.state.rounds.values()],
            "last_rounds": [
                {
                    "slug": record.slug,
                    "leg": record.leg,
                    "stages": record.stages,
                    "pnl_usd": format_scaled(record.pnl_u6, 6),
                    "settled": record.settled,
                }
                for record in records[-LAST_ROUNDS:]
            ],
            "alerts": self.alerts[-LAST_ROUNDS:],
            "gateway": self.gateway(),
            "trading": state_of_trading(kernel).value,
            "reconciliations": reconciliations(kernel.state),
            "safety": self._safety_of(kernel),
            "budgets": {
                "mutations_in_a_minute": kernel.state.budget.used(
                    shell.loop.now_ns, kernel.firewall.mutations_window_ns
                ),
                "mutations_max": kernel.firewall.mutations_max,
            },
        }

    def _safety_of(self, kernel: Kernel) -> list[dict[str, Any]]:
        """Return the safety manifest; it costs more than all the rest, so it may be two seconds old."""
        now_s = time.monotonic()
        if now_s >= self._safety[0] + SAFETY_EVERY_S:
            self._safety = (now_s, [row.as_json() for row in manifest(kernel, self.mode)])
        return self._safety[1]


def describe_round(state: Round, now_ns: int) -> dict[str, Any]:
    """Return one round for a person."""
    record = record_of(state)
    return {
        "slug": state.slug,
        "stage": state.stage.name,
        "seconds_left": round((state.end_ns - now_ns) / 1e9, 1),
        "leg": record.leg,
        "held": format_scaled(state.held_u6, 6),
        "entry": format_price(state.entry_price_e4) if state.bought_u6 else None,
        "sellable": format_scaled(state.sellable_u6, 6),
        "books": {
            name: {
                "bid": format_price(view.bid1_price_e4) if view.bid1_size_u6 else None,
                "ask": format_price(view.ask1_price_e4) if view.ask1_size_u6 else None,
                "fresh": view.is_fresh,
            }
            for name, view in (("YES", state.up), ("NO", state.down))
        },
        "orders": [
            {
                "order": order.order,
                "side": order.side.name,
                "price": format_price(order.price_e4),
                "size": format_scaled(order.size_u6, 6),
                "filled": format_scaled(order.filled_u6, 6),
                "status": order.status.name,
            }
            for order in state.working()
        ],
        "pnl_usd": format_scaled(record.pnl_u6, 6),
    }
