"""`bucketmm worlds generate`: write seeded markets as recordings, for demonstrations, tests and experiments."""

import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import click
import msgspec
import orjson

from engine.cli.compare import compare
from engine.model.events import Event, Market, MarketChange, Tob
from engine.runtime.markets import MarketKind, MarketRun, SeededMarket
from engine.worlds.params import Style
from feeder.recording.events import EventRecorder
from feeder.recording.writer import RecordingWriter

REGENERABLE_BLOCK_NS = 1 << 62
"""A generated recording needs no block per second: what is lost with the process can be generated again."""


@click.group()
def worlds() -> None:
    """Make seeded markets: the same seed gives the same records, byte for byte."""


worlds.add_command(compare)


@worlds.command()
@click.option("--seed", type=click.IntRange(0), required=True, help="What the world is drawn from.")
@click.option("--rounds", type=click.IntRange(1, 10_000), default=1, show_default=True, help="Consecutive windows.")
@click.option("--seconds", type=click.IntRange(15, 86_400), default=900, show_default=True, help="Length of a window.")
@click.option("--style", type=click.Choice([style.value for style in Style]), default="lively", show_default=True)
@click.option(
    "--market",
    type=click.Choice([kind.value for kind in MarketKind]),
    default=MarketKind.QUOTES.value,
    show_default=True,
    help="quotes: books drawn around the fair price; crowd: makers and takers on the exchange's matching.",
)
@click.option("--start", type=click.IntRange(1), help="Unix second of the first window, a multiple of --seconds.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Directory to create.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def generate(
    seed: int, rounds: int, seconds: int, style: str, market: str, start: int | None, out: Path, as_json: bool
) -> None:
    """Write a recording of a seeded market and print what is in it."""
    try:
        run = SeededMarket(MarketKind(market), Style(style), seed).run(seconds, rounds, start_s=start)
        summary = write_world(run, rounds, out, show_progress=sys.stderr.isatty())
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except KeyboardInterrupt:
        click.echo(f"Interrupted: {out} holds what was generated so far.", err=True)
        raise SystemExit(130) from None
    except OSError as error:
        raise click.UsageError(f"cannot write {out}: {error.strerror}") from error
    text = orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode() if as_json else _as_text(summary)
    click.echo(text)


def write_world(run: MarketRun, rounds: int, out: Path, *, show_progress: bool = False) -> dict[str, object]:
    """Write the world's recording into `out` and return its summary. Raises RecordingError when `out` has
    something.
    """
    tally = Tally()
    with RecordingWriter(
        out,
        kind="world",
        source=f"world {msgspec.json.encode(run.world).decode()}",
        software_version=version("bucketmm"),
        block_age_max_ns=REGENERABLE_BLOCK_NS,
    ) as writer:
        recorder = EventRecorder(writer)
        for event in run.events:
            recorder.publish(event)
            tally.add(event)
            if show_progress and tally.just_resolved(event):
                click.echo(f"\r{len(tally.outcomes)}/{rounds} rounds", nl=False, err=True)
    if show_progress:
        click.echo(err=True)
    return {"path": str(out), "records": writer.manifest(complete=True).records, **tally.summary()}


UP_WON = 1
"""The result of a resolved Up token that is paid (shm.layout.Result.WON)."""


class Tally:
    """Counts what a person wants to know of a world: rounds and outcomes, and how its book looked."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self._ticks: dict[int, int] = {}
        self._kinds: Counter[str] = Counter()
        self._books: Counter[str] = Counter()

    def add(self, event: Event) -> None:
        """Count one event."""
        self._kinds[type(event).__name__.lower()] += 1
        if isinstance(event, Market):
            self._ticks[event.asset] = event.tick_e4
            if self.just_resolved(event):
                self.outcomes[event.slug] = "up" if event.result == UP_WON else "down"
        elif isinstance(event, Tob):
            self._books[self._describe(event)] += 1

    @staticmethod
    def just_resolved(event: Event) -> bool:
        """Tell whether the event resolves a window (once per window: at its Up token)."""
        return isinstance(event, Market) and event.change == MarketChange.RESOLVED and event.outcome == 1

    def summary(self) -> dict[str, object]:
        """Return the counts; shares of the books are in percent of all tops of book."""
        books = max(1, self._books.total())
        names = ("one_tick", "two_ticks", "wider", "one_sided", "empty")
        return {
            "rounds": len(self.outcomes),
            "events": dict(sorted(self._kinds.items())),
            "books_percent": {name: round(100 * self._books[name] / books, 1) for name in names},
            "outcomes": self.outcomes,
        }

    def _describe(self, event: Tob) -> str:
        if not (event.bid1_size_u6 and event.ask1_size_u6):
            return "one_sided" if event.bid1_size_u6 or event.ask1_size_u6 else "empty"
        ticks = (event.ask1_price_e4 - event.bid1_price_e4) // self._ticks[event.asset]
        return {1: "one_tick", 2: "two_ticks"}.get(ticks, "wider")


def _as_text(summary: dict[str, object]) -> str:
    events, books, outcomes = summary["events"], summary["books_percent"], summary["outcomes"]
    assert isinstance(events, dict)
    assert isinstance(books, dict)
    assert isinstance(outcomes, dict)
    return "\n".join(
        [
            f"{summary['path']}: {summary['rounds']} rounds, {summary['records']} records",
            "events    " + ", ".join(f"{name} {count}" for name, count in events.items()),
            "books     " + ", ".join(f"{name.replace('_', ' ')} {share} %" for name, share in books.items()),
            "outcomes  " + ", ".join(f"{slug} {outcome}" for slug, outcome in outcomes.items()),
        ]
    )
