"""`bucketmm order`: what it costs to sign and write an order."""

import os
import platform

import click
import orjson

from engine.cli.failing import clean_exit
from engine.execution.polymarket.bench import bench_orders


@click.group()
def order() -> None:
    """Sign and write orders as the venue wants them."""


@order.command("bench")
@click.option("--rounds", default=2_000, show_default=True, type=click.IntRange(100), help="Orders of each median.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench(rounds: int, as_json: bool) -> None:
    """Measure signing a deposit wallet's order, writing its request, and both clients of the venue beside it.

    Medians in microseconds on this machine as it was. The clients are measured where they are installed
    (pip install '.[clients]'), each in a process of its own: their call that makes a signed order of an unsigned one.
    """
    with clean_exit():
        report = bench_orders(rounds)
        report["conditions"] = {
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "load_1m": round(os.getloadavg()[0], 2),
        }
    if as_json:
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
        return
    for name, value in report.items():
        click.echo(f"{name}: {value}")
