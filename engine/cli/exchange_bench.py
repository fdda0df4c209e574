"""`bucketmm exchange bench`: how many orders a second the local exchange takes on this machine."""

import os
import platform
from typing import Final

import click
import orjson
import uvloop

from engine.cli.failing import clean_exit
from engine.exchange.bench import bench_matching
from engine.runtime.exchange_bench import measure

PASSES: Final = 3


@click.command("bench")
@click.option("--orders", default=6_000, show_default=True, type=click.IntRange(80), help="HTTP orders of a pass.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench_command(orders: int, as_json: bool) -> None:
    """Measure matching alone, orders over HTTP with one and eight clients, and frames fanned out.

    Matching goes through the same submit() that the server calls, with ledger, fees and notices. Over HTTP each order
    is signed (deposit wallet) and both signatures are checked; the client runs in this process, the exchange in
    another one. Numbers are medians of three passes; they hold for this machine as it was.
    """
    with clean_exit():
        conditions = {
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "load_1m_before": round(os.getloadavg()[0], 2),
        }
        report = {**bench_matching(), **uvloop.run(measure(orders, PASSES))}
        conditions["load_1m_after"] = round(os.getloadavg()[0], 2)
        report = {**report, "conditions": conditions}
    if as_json:
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
        return
    for name, value in report.items():
        click.echo(f"{name}: {value}")
