"""`bucketmm backtest`: recordings through the simulated shell, all rounds, one table, the same result every time."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.analytics.rounds import Summary, summarise
from engine.cli.failing import clean_exit
from engine.config.load import Config, load_config
from engine.fills.strict import NAME as FILL_MODEL
from engine.model.records import RoundRecord
from engine.model.units import format_cash, format_scaled
from engine.runtime.backtest import BacktestResult, run_recording, write_manifest
from feeder.recording.reader import choose, open_recordings


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--slug", "slugs", multiple=True, help="Play only the recordings that hold this window; repeatable.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Config file; the defaults without it.")
@click.option(
    "--journal", "journal_root", type=click.Path(path_type=Path), help="Write one journal a recording under it."
)
@click.option("--rounds", "show_rounds", is_flag=True, help="Show every round, not only the sums.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def backtest(
    paths: tuple[Path, ...],
    slugs: tuple[str, ...],
    config_path: Path | None,
    journal_root: Path | None,
    show_rounds: bool,
    as_json: bool,
) -> None:
    """Play recordings (files or folders) through strategy, firewall and paper venue, without a ring and without a
    clock.

    Example: bucketmm backtest tests/fixtures/recordings --journal state/backtest
    """
    with clean_exit():
        config = load_config(config_path)
        begun = time.monotonic()
        results = _run(paths, slugs, config, journal_root)
        report = _report(results, time.monotonic() - begun)
        if journal_root is not None:
            write_manifest(journal_root, {"finished_unix_seconds": time.time(), "paths": [str(path) for path in paths]})
        if as_json:
            click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
        else:
            _show(report, results, show_rounds)
        if any(result.broken for result in results):
            raise SystemExit(1)


def _run(
    paths: tuple[Path, ...], slugs: tuple[str, ...], config: Config, journal_root: Path | None
) -> list[BacktestResult]:
    recordings = choose([recording for path in paths for recording in open_recordings(path)], slugs, paths[0])
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    results = []
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("rounds", total=len(recordings))
        for recording in recordings:
            results.append(run_recording(config, recording, journal_root))
            progress.advance(task)
    return results


def _total(counters: list[Counter[str]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return dict(sorted(total.items()))


def _report(results: list[BacktestResult], seconds: float) -> dict[str, Any]:
    records = [record for result in results for record in result.rounds]
    summary = summarise(records)
    count = sum(result.records for result in results)
    return {
        "rounds": sum(result.windows for result in results),
        "records": count,
        "events": sum(result.events for result in results),
        "decisions": sum(result.decisions for result in results),
        "fill_model": FILL_MODEL,
        "orders": _total([result.orders for result in results]),
        "refusals": _total([result.refusals for result in results]),
        "fills": summary.fills,
        "entered": summary.entered,
        "entries": summary.entries,
        "stops": summary.stops,
        "wins": summary.wins,
        "losses": summary.losses,
        "win_rate": summary.win_rate,
        "win_rate_interval_95": [summary.win_rate_low, summary.win_rate_high],
        "break_even_rate": summary.break_even_rate,
        "average_win_usd": format_scaled(summary.average_win_u6, 6),
        "average_loss_usd": format_scaled(summary.average_loss_u6, 6),
        "fees_usd": format_scaled(summary.fees_u6, 6),
        "pnl_usd": format_scaled(summary.pnl_u6, 6),
        "pnl_usd_by_round": {r.slug: format_scaled(r.pnl_u6, 6) for r in records if r.entries and r.settled},
        "unsettled": list(summary.unsettled),
        "unknown_outcome": sorted(
            slug for result in results for slug, won in result.outcomes.items() if won == "unknown"
        ),
        "never_ended": sorted(slug for result in results for slug in result.skipped),
        "states_reached": _total([result.stages for result in results]),
        "data": _total([result.counts for result in results]),
        "broken": {slug: text for result in results for slug, text in result.broken.items()},
        "seconds": round(seconds, 3),
        "records_per_second": round(count / seconds) if seconds else 0,
    }


def _show(report: dict[str, Any], results: list[BacktestResult], show_rounds: bool) -> None:
    console = Console()
    records = [record for result in results for record in result.rounds]
    if show_rounds:
        console.print(_round_table(records))
    console.print(_sum_table(report, summarise(records)))
    for slug, text in report["broken"].items():
        console.print(f"[red]broken[/red] {slug}: {text}")


def _round_table(records: list[RoundRecord]) -> Table:
    table = Table(title="rounds")
    for name in ("round", "leg", "stages", "entries", "stops", "P&L USD", "settled"):
        table.add_column(name, no_wrap=name == "round")
    for record in records:
        stages = " ".join(stage.lower() for stage in record.stages[1:-1])
        settled = "yes" if record.settled else "outcome unknown"
        table.add_row(
            record.slug, record.leg, stages, str(record.entries), str(record.stops), format_cash(record.pnl_u6), settled
        )
    return table


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"


def _sum_table(report: dict[str, Any], summary: Summary) -> Table:
    table = Table(title=f"backtest, fill model {FILL_MODEL}", show_header=False)
    rows = [
        (
            "rounds",
            f"{report['rounds']} ({summary.entered} entered, {len(summary.unsettled)} of them with unknown outcome)",
        ),
        ("records, events, decisions", f"{report['records']:,}, {report['events']:,}, {report['decisions']:,}"),
        ("orders", ", ".join(f"{count} {name}" for name, count in report["orders"].items()) or "none"),
        ("refusals", ", ".join(f"{count} {code}" for code, count in report["refusals"].items()) or "none"),
        ("entries, stops, fills", f"{summary.entries}, {summary.stops}, {summary.fills}"),
        ("won / lost", f"{summary.wins} / {summary.losses}"),
        (
            "win rate (95 %)",
            f"{_percent(summary.win_rate)} ({_percent(summary.win_rate_low)} to {_percent(summary.win_rate_high)})",
        ),
        ("break-even win rate", _percent(summary.break_even_rate)),
        ("average win, loss", f"{format_cash(summary.average_win_u6)}, {format_cash(-summary.average_loss_u6)} USD"),
        ("fees", f"{format_cash(summary.fees_u6)} USD"),
        ("P&L after fees", f"{format_cash(summary.pnl_u6)} USD"),
        ("stages reached", ", ".join(f"{count} {name}" for name, count in report["states_reached"].items())),
        ("unknown outcome", ", ".join(report["unknown_outcome"]) or "none"),
        ("speed", f"{report['records_per_second']:,} records/s"),
    ]
    for row in rows:
        table.add_row(*row)
    return table
