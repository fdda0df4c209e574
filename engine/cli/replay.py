"""`bucketmm replay`: journals through a fresh kernel; equal only if every decision is repeated byte for byte."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.cli.failing import clean_exit
from engine.journal.reader import JournalReader, UnbegunError, journal_folders
from engine.journal.replay import Difference, ReplayResult, replay
from engine.model.errors import InputError
from engine.runtime.compose import kernel_of_header


@click.command("replay")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay_command(paths: tuple[Path, ...], as_json: bool) -> None:
    """Feed journals (folders, or folders of them) to a fresh kernel and compare every decision.

    Exit status 0 only if all are equal and at least one decision was compared; 1 with the first difference otherwise.

    Example: bucketmm replay state/backtest
    """
    with clean_exit():
        results = _compare(_folders(paths))
        report = _report(results)
        if as_json:
            click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
        else:
            _show(results, report)
        if not report["equal"]:
            sys.exit(1)


def _folders(paths: tuple[Path, ...]) -> list[Path]:
    return [folder for path in paths for folder in journal_folders(path)]


def _compare(folders: list[Path]) -> dict[Path, ReplayResult]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    results = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for folder in progress.track(folders, description="journals"):
            results[folder] = _compare_one(folder)
    return results


def _compare_one(folder: Path) -> ReplayResult:
    try:
        reader = JournalReader(folder)
    except UnbegunError:
        torn_bytes = sum(segment.stat().st_size for segment in folder.glob("journal-*.bmj"))
        return ReplayResult(0, 0, 0, torn_bytes, None)
    try:
        return replay(reader, kernel_of_header)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error


def _report(results: dict[Path, ReplayResult]) -> dict[str, Any]:
    differing = [folder for folder, result in results.items() if result.difference is not None]
    decisions = sum(result.decisions for result in results.values())
    return {
        "journals": len(results),
        "events": sum(result.events for result in results.values()),
        "decisions": decisions,
        "rounds": sum(result.rounds for result in results.values()),
        "torn_bytes": sum(result.torn_bytes for result in results.values()),
        "differing_journals": [str(folder) for folder in differing],
        "equal": not differing and decisions > 0,
    }


def _show(results: dict[Path, ReplayResult], report: dict[str, Any]) -> None:
    for folder, result in results.items():
        if result.torn_bytes:
            click.echo(f"{folder}: a torn tail of {result.torn_bytes} bytes was dropped")
        if result.difference is not None:
            _show_difference(folder, result.difference)
    click.echo(
        f"{report['journals']} journal(s), {report['events']:,} events, {report['decisions']:,} decisions compared, "
        f"{report['rounds']:,} round records: "
        + ("all equal" if report["equal"] else "NOT EQUAL" if report["differing_journals"] else "nothing to compare")
    )


def _show_difference(folder: Path, difference: Difference) -> None:
    click.echo(f"{folder}: first difference at event {difference.seq}")
    for side, value in (("recorded", difference.recorded), ("replayed", difference.replayed)):
        text = "nothing" if value is None else msgspec.json.encode(value).decode()
        click.echo(f"  {side}: {text}")
