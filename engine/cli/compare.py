"""`bucketmm worlds compare`: recordings and seeded worlds side by side, measured by the same ruler."""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from pathlib import Path
from typing import Final

import click
import msgspec
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.analytics.market_statistics import MarketObserver, RoundStatistics, observe_rounds
from engine.analytics.market_summary import LABELS, MarketSummary, summarise_market
from engine.cli.failing import clean_exit
from engine.model.events import Event, Market, MarketChange
from engine.model.rounds import slug_of
from engine.runtime.markets import MarketKind, SeededMarket
from engine.runtime.recorded import recorded_events
from engine.worlds.params import Style, WorldParams, as_recorded
from feeder.recording.files import RecordingFile
from feeder.recording.reader import open_recordings

RULES: Final[dict[str, Callable[[WorldParams], WorldParams]]] = {"recorded": as_recorded, "today": copy}
"""What a window is settled on and which ticks it has: when the recordings were made, and now."""


LEVELS_LABEL: Final = "changes of price levels a second"


class Column(msgspec.Struct, frozen=True):
    """One market of the table; `levels_per_s` where every level is known, not only the best two."""

    title: str
    summary: MarketSummary
    levels_per_s: float | None = None


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--style", type=click.Choice([style.value for style in Style]), default="calm", show_default=True)
@click.option("--rounds", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Of each world.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="What the worlds are drawn from.")
@click.option(
    "--rules",
    type=click.Choice([*RULES, "both"]),
    default="both",
    show_default=True,
    help="Settlement and ticks of the worlds: as when the recordings were made, as today, or a column of each.",
)
@click.option(
    "--market",
    type=click.Choice([kind.value for kind in MarketKind]),
    default=MarketKind.CROWD.value,
    show_default=True,
    help="crowd: makers and takers on the exchange's matching; quotes: books drawn around the fair price.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--markdown", is_flag=True, help="Print a table for a page of the docs.")
def compare(
    paths: tuple[Path, ...],
    style: str,
    rounds: int,
    seed: int,
    rules: str,
    market: str,
    as_json: bool,
    markdown: bool,
) -> None:
    """Show recordings (files or folders) beside seeded worlds with windows of the same length.

    Example: bucketmm worlds compare recordings/btc15m recordings/btc5m --style calm --rounds 100
    """
    with clean_exit():
        wanted = list(RULES) if rules == "both" else [rules]
        columns = list(_columns(paths, SeededMarket(MarketKind(market), Style(style), seed), rounds, wanted))
    if as_json:
        content = {
            column.title: msgspec.to_builtins(column.summary) | {"levels_per_s": column.levels_per_s}
            for column in columns
        }
        click.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    elif markdown:
        click.echo(markdown_table(columns))
    else:
        Console().print(_table(columns))


def _columns(paths: tuple[Path, ...], market: SeededMarket, rounds: int, rules: list[str]) -> Iterator[Column]:
    """Yield the recordings of each path and, behind those of a window length, the worlds of that length."""
    recordings = [(path, recording) for path in paths for recording in open_recordings(path)]
    lengths_s = sorted({recording.window_length_s for _, recording in recordings}, reverse=True)
    for length_s in lengths_s:
        for path in paths:
            found = [one for place, one in recordings if place == path and one.window_length_s == length_s]
            if found:
                yield Column(f"recorded {path.name}", summarise_market(_recorded(found, path.name)))
        for rule in rules:
            title = f"{market.style.value} {_length_name(length_s)}, rules {rule}"
            run = market.run(length_s, rounds, RULES[rule])
            statistics = _observed(run.events, title, rounds)
            yield Column(title, summarise_market(statistics), run.levels_per_s())


def _observed(events: Iterable[Event], title: str, rounds: int) -> list[RoundStatistics]:
    """Return the statistics of a world, with the progress of its rounds."""
    observer = MarketObserver()
    with _progress() as progress:
        task = progress.add_task(title, total=rounds)
        for event in events:
            observer.observe(event)
            if isinstance(event, Market) and event.change == MarketChange.RESOLVED and event.outcome == 1:
                progress.advance(task)
    return observer.rounds()


def _recorded(recordings: list[RecordingFile], name: str) -> list[RoundStatistics]:
    statistics: list[RoundStatistics] = []
    with _progress() as progress:
        for recording in progress.track(recordings, description=name):
            statistics += observe_rounds(recorded_events(recording))
    return statistics


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _length_name(length_s: int) -> str:
    return slug_of("", 0, length_s).split("-")[2]


def rows(columns: list[Column]) -> Iterator[list[str]]:
    """Yield the rows of the table, a label and one figure a column; a figure that nobody has gives no row."""
    summaries = [column.summary for column in columns]
    for name, label in LABELS.items():
        figures = [getattr(summary, name) for summary in summaries]
        if any(figure is not None for figure in figures):
            yield [label, *(_cell(figure) for figure in figures)]
    levels = [column.levels_per_s for column in columns]
    if any(figure is not None for figure in levels):
        yield [LEVELS_LABEL, *(_cell(figure) for figure in levels)]


def _cell(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:,}"


def markdown_table(columns: list[Column]) -> str:
    """Return the table in Markdown."""
    lines = [["", *(column.title for column in columns)], ["---"] * (len(columns) + 1), *rows(columns)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _table(columns: list[Column]) -> Table:
    table = Table(title="recordings and worlds")
    table.add_column("")
    for column in columns:
        table.add_column(column.title, justify="right")
    for row in rows(columns):
        table.add_row(*row)
    return table
