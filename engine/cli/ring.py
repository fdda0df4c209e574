"""`bucketmm ring`: look at the shared-memory ring (stat, dump) and measure it (bench)."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from shm import registry
from shm.describe import describe, line
from shm.errors import RingError
from shm.objects import DEFAULT_NAME
from shm.registry import RingStatus
from shm.ring import Record, RingReader

EXIT_BAD_INPUT: Final = 2
EXIT_MISSING: Final = 3
EXIT_INTERRUPTED: Final = 130
FOLLOW_WAIT_S: Final = 1.0


@contextmanager
def _exit_statuses() -> Iterator[None]:
    """Turn the ring's errors, a bad name and Ctrl-C into one line on stderr and the documented exit status."""
    try:
        yield
    except RingError as error:
        click.echo(f"bucketmm ring: {error}", err=True)
        sys.exit(EXIT_MISSING)
    except ValueError as error:
        click.echo(f"bucketmm ring: {error}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


@click.group()
def ring() -> None:
    """Show and measure the shared-memory ring between feeder and engine."""


@ring.command()
@click.argument("name", default=DEFAULT_NAME)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def stat(name: str, as_json: bool) -> None:
    """Show who writes and reads the ring NAME, how far they are, and how old the writer's heartbeat is."""
    with _exit_statuses():
        found = registry.status(name)
        if as_json:
            click.echo(json.dumps(_status_json(found)))
        else:
            click.echo("\n".join(_status_lines(found)))


def _status_json(found: RingStatus) -> dict[str, Any]:
    readers = [reader._asdict() | {"lag": _lag(found, reader.position)} for reader in found.readers]
    return found._asdict() | {"clock": found.clock._asdict(), "readers": readers}


def _lag(found: RingStatus, position: int) -> int:
    return max(found.cursor + 1 - position, 0)


def _status_lines(found: RingStatus) -> Iterator[str]:
    state = "alive" if found.writer_alive else "DEAD"
    yield f"ring        {found.name}, {found.capacity} records, {found.bytes / 2**20:.1f} MiB"
    yield f"writer      pid {found.writer_pid}, {state}, heartbeat {found.heartbeat_age_ns / 1e9:.1f} s ago"
    yield f"epoch       {found.epoch}, began with sequence {found.epoch_first_seq}"
    yield f"newest      sequence {found.cursor}"
    yield f"instruments {found.instruments_count} in this epoch, table of {found.instruments}"
    for reader in found.readers:
        gating = ", gating" if reader.gating else ""
        lag = _lag(found, reader.position)
        yield f"reader {reader.slot:<4} pid {reader.pid}, {lag} behind, {reader.lost} lost{gating}"


@ring.command()
@click.argument("name", default=DEFAULT_NAME)
@click.option("--follow", is_flag=True, help="Wait for more records until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per record.")
def dump(name: str, follow: bool, as_json: bool) -> None:
    """Print the records that are still in the ring NAME, oldest first; losses are reported on stderr."""
    with _exit_statuses(), RingReader(name, start="oldest") as reader:
        for record in _records(reader, follow):
            click.echo(json.dumps(describe(record)) if as_json else line(record))


def _records(reader: RingReader, follow: bool) -> Iterator[Record]:
    """Yield the record, the same object every time, until the newest of now or for ever."""
    record, last, lost = Record(), reader.cursor, 0
    while follow or reader.position <= last:
        if not reader.poll_into(record):
            if not follow or not reader.is_current():
                return
            reader.wait(FOLLOW_WAIT_S)
            continue
        if reader.lost != lost:
            click.echo(f"bucketmm ring: lapped by the writer, {reader.lost - lost} records lost", err=True)
            lost = reader.lost
        yield record


@ring.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--peers", is_flag=True, help="Also measure other ways to hand 64 bytes from Python to Python.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Rounds; the medians are shown.")
def bench(as_json: bool, peers: bool, rounds: int) -> None:
    """Measure the ring on this machine: latency against the ping-pong of the same run, cost per call, floods."""
    from shm.bench import measure  # not loaded by stat and dump
    from shm.bench import peers as others

    with _exit_statuses():
        found = measure.run(rounds, _progress)
        if peers:
            found["peers"] = others.run(rounds, _progress)
        click.echo(json.dumps(found) if as_json else "\n".join(_bench_lines(found)))


def _progress(text: str) -> None:
    click.echo(text, err=True)


def _bench_lines(found: dict[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        if not isinstance(value, dict | list):
            yield f"{name:36} {value:,}"
    for name, bound in found["bounds"].items():
        verdict = "met" if bound["met"] else "NOT MET"
        yield f"bound {name:30} {bound['measured']:,} against {bound['limit']:,}: {verdict}"
    for peer in found.get("peers", []):
        yield f"peer {peer['name']:31} p50 {peer['p50_us']} us, p99 {peer['p99_us']} us"
    for name, value in found["conditions"].items():
        yield f"{name:36} {value}"
