"""The `bucketmm` command: a table of verbs, each imported only when it is called, so that `--help` and `status` stay
quick.
"""

import importlib
from typing import Final

import click

VERBS: Final = {
    "backtest": "engine.cli.backtest:backtest",
    "compare": "engine.cli.parity:compare_command",
    "config": "engine.cli.config:config",
    "exchange": "engine.cli.exchange:exchange",
    "feed": "engine.cli.feed:feed",
    "kernel": "engine.cli.kernel:kernel",
    "kill": "engine.cli.control:kill",
    "lab": "engine.cli.lab:lab",
    "latency": "engine.cli.latency:latency",
    "order": "engine.cli.order:order",
    "preflight": "engine.cli.preflight:preflight",
    "record": "engine.cli.record:record",
    "recordings": "engine.cli.recordings:recordings",
    "replay": "engine.cli.replay:replay_command",
    "resume": "engine.cli.control:resume",
    "ring": "engine.cli.ring:ring",
    "run": "engine.cli.run:run",
    "status": "engine.cli.status:status",
    "store": "engine.cli.store:store",
    "wallet": "engine.cli.wallet:wallet",
    "worlds": "engine.cli.worlds:worlds",
}


class VerbTable(click.Group):
    """A group whose commands live in modules of their own and are loaded by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in alphabetical order."""
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the verb's command, or None when there is no such verb."""
        target = VERBS.get(cmd_name)
        if target is None:
            return None
        module_name, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module_name), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=VerbTable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="bucketmm")
def main() -> None:
    """Make markets in Polymarket's 15-minute BTC Up/Down markets, on one machine and without keys to begin with.

    Exit statuses: 0 done; 1 the check that was asked for failed; 2 bad arguments or bad input; 3 a needed process,
    file or shared memory is missing or is not ours; 130 ended by Ctrl-C.
    """
