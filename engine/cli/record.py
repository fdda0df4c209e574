"""`bucketmm record`: write what a live ring publishes into a recording, until it ends or is told to stop."""

import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click

from feeder.recording.errors import RecordingError
from feeder.recording.live import RingRecorder
from feeder.recording.writer import RecordingWriter
from shm.errors import RingError
from shm.ring import DEFAULT_NAME, RingReader

WAIT_S: Final = 0.25
"""How long one wait for records lasts: the delay of noticing that the writer is gone."""


@click.command()
@click.option("--ring", "ring_name", default=DEFAULT_NAME, show_default=True, help="Name of the ring to record.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Directory to create.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop by itself after this long.")
def record(ring_name: str, out: Path, seconds: float | None) -> None:
    """Record a live ring from now on. Ends when its feeder ends, after --seconds, or by Ctrl-C; what was
    recorded is readable in every case, also after kill -9.
    """
    try:
        reader = RingReader(ring_name, start="newest")
    except RingError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(3) from error
    deadline_s = None if seconds is None else time.monotonic() + seconds
    interrupted = False
    try:
        with RecordingWriter(
            out, kind="ring", source=f"ring {ring_name}", software_version=version("bucketmm")
        ) as writer:
            try:
                _record_until(reader, writer, lambda: deadline_s is not None and time.monotonic() >= deadline_s)
            except KeyboardInterrupt:  # the usual way to end a recording, which is whole all the same
                interrupted = True
    except (RecordingError, OSError) as error:
        raise click.UsageError(str(error)) from error
    finally:
        reader.close()
    manifest = writer.manifest(complete=True)
    click.echo(f"{out}: {manifest.records} records, {manifest.drops} dropped, {manifest.gaps} gaps")
    if interrupted:
        raise SystemExit(130)


def _record_until(reader: RingReader, writer: RecordingWriter, is_over: Callable[[], bool]) -> None:
    """Record until told to stop, or until the ring is silent and its writer is gone."""
    recorder = RingRecorder(reader, writer)
    told_s = time.monotonic()
    while not recorder.ended and not is_over():
        if recorder.poll():
            continue
        alive = reader.writer_alive()  # before the wait: what a dying writer published last is still read
        if not reader.wait(WAIT_S) and not alive:
            return
        if sys.stderr.isatty() and time.monotonic() - told_s >= 1:
            told_s = time.monotonic()
            click.echo(f"\r{writer.manifest(complete=False).records} records", nl=False, err=True)
