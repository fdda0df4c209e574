"""`bucketmm latency`: how long it takes from a record in the ring to an order's bytes at the socket."""

from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from engine.cli.failing import clean_exit
from engine.runtime.latency_bench import RECORDS_PER_S, measure
from engine.runtime.latency_marks import STAGES


@click.group()
def latency() -> None:
    """Measure the way of an order."""


@latency.command("bench")
@click.option("--samples", default=200, show_default=True, type=click.IntRange(20, 1_800), help="Markets of each case.")
@click.option(
    "--records-per-second",
    default=RECORDS_PER_S,
    show_default=True,
    type=click.IntRange(0, 1_000),
    help="Of the market between what is measured; 0 = silence.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench(samples: int, records_per_second: int, as_json: bool) -> None:
    """Measure a live engine over TLS on the loopback: entry with the default wait and spinning, cancel, stop, a stop
    that was signed ahead, and the kill switch from its file to the confirmed cancel; beside them the official clients,
    from the call of their limit order to its bytes at the socket.

    Microseconds, for the kill milliseconds, on this machine as it was; the network is not in it. About two seconds for
    three samples.

    Example: bucketmm latency bench --samples 100 --json
    """
    with clean_exit():
        report = measure(samples, lambda text: click.echo(text, err=True), records_per_second)
        if as_json:
            click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
        else:
            _show(report)


def _show(report: dict[str, Any]) -> None:
    table = Table(title="from the record in the ring to the bytes at the socket, microseconds")
    for name in ("stage", "p50", "p99", "p99.9"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for case in ("default", "spin", "presigned_stop"):
        found = report[case]
        for stage in STAGES:
            table.add_row(f"{case}: {stage}", *_cells(found["stages"][stage]))
        total = {name: found[f"total_us_{name}"] for name in ("p50", "p99", "p999")}
        table.add_row(f"{case}: total of {found['samples']}", *_cells(total), end_section=True)
        for name in ("tick_to_cancel_us", "cancel_to_stop_us"):
            if name in found:
                table.add_row(f"{case}: {name.removesuffix('_us').replace('_', ' ')}", *_cells(found[name]))
    for name in ("kill_to_cancelled_ms", "kill_to_none_resting_ms"):
        table.add_row(f"{name.removesuffix('_ms').replace('_', ' ')}, milliseconds", *_cells(report["kill"][name]))
    for name, found in report["clients_us"].items():
        table.add_row(f"{name}: from the call", *([found, "", ""] if isinstance(found, str) else _cells(found)))
    Console().print(table)
    for name, value in report["conditions"].items():
        click.echo(f"{name}: {value}")


def _cells(row: dict[str, float]) -> list[str]:
    return [f"{row[name]:,.1f}" for name in ("p50", "p99", "p999")]
