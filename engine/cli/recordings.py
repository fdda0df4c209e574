"""`bucketmm recordings`: read every recording under a path and say what is in it and what is odd."""

from collections import Counter
from pathlib import Path

import click
import orjson

from feeder.recording.errors import RecordingError
from feeder.recording.files import RecordingFile
from feeder.recording.reader import open_recordings
from shm.layout import Flag, Kind


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def recordings(path: Path, as_json: bool) -> None:
    """List the recordings under PATH: windows, records, outcomes, and oddities by kind.

    PATH is a recording of ours, a file of a public format, or a folder of either (docs/recordings.md).
    """
    try:
        rows = [describe(recording) for recording in open_recordings(path)]
    except RecordingError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(orjson.dumps({"recordings": rows, "totals": _totals(rows)}, option=orjson.OPT_INDENT_2))
        return
    for row in rows:
        outcomes = " ".join(f"{slug}={outcome}" for slug, outcome in _mapping(row, "outcomes").items())
        odd = " ".join(f"{name}={count}" for name, count in _mapping(row, "counts").items())
        click.echo(f"{row['name']}  {row['kind']}  {row['records']} records  {outcomes}  {odd}".rstrip())
    click.echo(" ".join(f"{name}={value}" for name, value in _totals(rows).items()))


def describe(recording: RecordingFile) -> dict[str, object]:
    """Return what is in one recording. Raises RecordingError when it cannot be read."""
    loaded = recording.load()
    kinds: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for batch in loaded.batches():
        kinds.update({kind.name.lower(): int((batch["kind"] == kind).sum()) for kind in Kind})
        counts["mirrored"] += int(((batch["flags"] & Flag.MIRRORED) != 0).sum())
    counts.update(loaded.counts)
    return {
        "name": recording.name,
        "path": str(recording.path),
        "kind": recording.kind,
        "windows": [window._asdict() for window in recording.windows],
        "records": kinds.total(),
        "records_by_kind": {name: count for name, count in kinds.items() if count},
        "outcomes": loaded.outcomes(),
        "counts": {name: count for name, count in sorted(counts.items()) if count},
    }


def _totals(rows: list[dict[str, object]]) -> dict[str, int]:
    """Return the sums over all recordings: windows, records, outcomes and every count."""
    totals: Counter[str] = Counter()
    for row in rows:
        windows, records = row["windows"], row["records"]
        assert isinstance(windows, list)
        assert isinstance(records, int)
        totals.update(recordings=1, rounds=len(windows), records=records)
        totals.update(Counter(f"outcome_{outcome}" for outcome in _mapping(row, "outcomes").values()))
        totals.update({name: int(count) for name, count in _mapping(row, "counts").items()})
    return dict(totals)


def _mapping(row: dict[str, object], name: str) -> dict[str, str]:
    value = row[name]
    assert isinstance(value, dict)
    return value
