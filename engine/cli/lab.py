"""`bucketmm lab`: experiments on the whole system; `faults` lets things go wrong and checks what must hold."""

import signal
import sys

import click
import orjson

from engine.cli.failing import clean_exit
from engine.lab.faults.campaign import Campaign, as_json, run_campaign
from engine.lab.faults.processes import end_by_signal
from engine.lab.faults.world import RunResult, run_seed
from engine.lab.sockets.world import run_seed_on_sockets


@click.group()
def lab() -> None:
    """Experiments on the whole system."""


@lab.command()
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(1), help="How many runs.")
@click.option("--first-seed", default=0, show_default=True, type=click.IntRange(0), help="The first run's seed.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes at a time.")
@click.option("--sockets", is_flag=True, help="With real processes and sockets: about 85 s a run.")
@click.option("--json", "as_json_", is_flag=True, help="Print the result as one JSON object.")
def faults(seeds: int, first_seed: int, jobs: int, sockets: bool, as_json_: bool) -> None:
    """Let things go wrong by seeds, and check what must hold when they are over.

    Each run has the real exchange, feeder and engine in virtual time, over connections in memory: requests that are
    never answered, streams that lose frames, restarts, failed trades, cut networks, processes that die. Even seeds have
    one fault each in turn, odd ones several. After each run: no double position, no order outside cap and budget, no
    order unknown or resting, inventory and cash as at the exchange to the unit, every journal replays equal.

    Exit status 1 when anything of that does not hold; the seed plays it again.

    Example: bucketmm lab faults --seeds 100 --jobs 2
    """
    with clean_exit():
        signal.signal(signal.SIGTERM, end_by_signal)
        world = run_seed_on_sockets if sockets else run_seed
        campaign = run_campaign(range(first_seed, first_seed + seeds), jobs, _progress, world)
        if sys.stderr.isatty():
            click.echo(err=True)
        if as_json_:
            sys.stdout.buffer.write(orjson.dumps(as_json(campaign), option=orjson.OPT_INDENT_2) + b"\n")
        else:
            _show(campaign)
        if campaign.violations:
            sys.exit(1)


def _progress(result: RunResult) -> None:
    if sys.stderr.isatty():
        click.echo(f"\rseed {result.seed}: {result.orders} orders, {result.trades} trades   ", nl=False, err=True)
    if result.violations:
        click.echo(f"\nseed {result.seed}:", err=True)
        for line in (*result.violations, "what went wrong by its seed:", *result.troubles):
            click.echo(f"  {line}", err=True)


def _show(campaign: Campaign) -> None:
    for name, count in campaign.by_fault.items():
        click.echo(f"{name:28} {count:5} runs")
    click.echo(
        f"{campaign.seeds} runs, {campaign.decisions:,} decisions, {campaign.orders:,} orders,"
        f" {campaign.trades:,} trades, {len(campaign.violations)} runs with violations"
    )
