"""`bucketmm feed bench`: the feed's hot path and the transports, measured and shown."""

import os
import platform
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from engine.cli.failing import clean_exit
from engine.model.errors import InputError
from feeder import bench, bench_transport


@click.command("bench")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def bench_command(path: Path, as_json: bool) -> None:
    """Measure frame bytes to record in the ring on recorded frames: PATH is a *.jsonl.gz file or a folder of them."""
    with clean_exit():
        click.echo("measuring the session, then the transports ...", err=True)
        try:
            result = bench.run(path)
        except bench.BenchInputError as error:
            raise InputError(str(error)) from error
        result |= {"transports": bench_transport.run(), "conditions": _conditions(path)}
        if as_json:
            click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
        else:
            _show(result)


def _conditions(path: Path) -> dict[str, Any]:
    return {
        "path": str(path),
        "cpus": os.cpu_count(),
        "load_1min": os.getloadavg()[0],
        "affinity": sorted(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "one_core_does": "the whole path, in one thread; the ring has no reader",
        "transports_over": "loopback, plain, uvloop, sender in its own process",
    }


def _show(result: dict[str, Any]) -> None:
    console = Console(width=110)
    table = Table("message", "by", "frames", "bytes p50", "us p50", "us p99", "frames/s", "records/frame")
    for kind in ("book", "price_change"):
        for name, timing in (("compiled", result["kinds"][kind]), ("Python oracle", result["oracle"][kind])):
            row = [f"{timing[key]:,.1f}" for key in ("us_p50", "us_p99")]
            table.add_row(
                kind,
                name,
                f"{timing['frames']:,}",
                f"{timing['bytes_p50']:,.0f}",
                *row,
                f"{timing['frames_per_s']:,.0f}",
                f"{timing['records_per_frame']:.2f}",
            )
    console.print(table)
    transports = Table("transport", "burst: us a message (CPU)", "send to callback us p50", "us p99")
    for name, numbers in result["transports"].items():
        transports.add_row(name, *(f"{value:.1f}" for value in numbers.values()))
    console.print(transports)
    console.print(f"price_change frames: {result['price_changes_are']}.")
    console.print(f"Each timing includes {result['clock_us']:.2f} us for reading the clock.")
    console.print(f"Conditions: {result['conditions']}")
