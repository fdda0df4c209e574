"""A running engine as lines for a person: what has changed between two looks at its status file."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
import orjson

from engine.model.errors import ResourceError

LOOK_EVERY_S: Final = 0.1
SILENT_AFTER_S: Final = 10.0

Look = dict[str, Any]


def changes(before: Look | None, now: Look) -> Iterator[str]:
    """Yield a line for each stage, order and fill that is new, each round that is over, each alert, and a new state."""
    old_rounds = {} if before is None else {one["slug"]: one for one in before["rounds"]}
    for one in now["rounds"]:
        yield from _round_changes(old_rounds.get(one["slug"]), one)
    for over in _new_results(before, now):
        outcome = "P&L" if over["settled"] else "P&L, not settled,"
        stages = " > ".join(over["stages"])
        yield f"{over['slug']}  over: {over['leg'] or 'no entry'}, {stages}; {outcome} {over['pnl_usd']} USD after fees"
    if before is not None:
        yield from (f"alert {text}" for text in now["alerts"] if text not in before["alerts"])
    if before is not None and before["state"] != now["state"]:
        yield f"engine {now['state']}"


def finished_rounds(look: Look) -> set[str]:
    """Return the last rounds that are over and settled."""
    return {one["slug"] for one in look["last_rounds"] if one["settled"]}


def _round_changes(old: Look | None, new: Look) -> Iterator[str]:
    head = f"{new['slug']}  {max(new['seconds_left'], 0):5.1f} s left  "
    if old is None or old["stage"] != new["stage"]:
        yield f"{head}{new['stage']:<14} {_books(new)}"
    known = {} if old is None else {order["order"]: order for order in old["orders"]}
    for order in new["orders"]:
        if order["order"] not in known:
            yield f"{head}  {order['side']} {order['size']} at {order['price']} sent"
    if old is not None and old["held"] != new["held"]:
        yield f"{head}  {_position(new)}"


def _position(one: Look) -> str:
    if one["held"] == "0":
        return f"flat, P&L {one['pnl_usd']} USD"
    return f"holding {one['held']} {one['leg']} bought at {one['entry']}"


def _books(one: Look) -> str:
    return "  ".join(f"{leg} {book['bid'] or '-'} / {book['ask'] or '-'}" for leg, book in one["books"].items())


def _new_results(before: Look | None, now: Look) -> Iterator[Look]:
    known = set() if before is None else finished_rounds(before)
    for one in now["last_rounds"]:
        if one["settled"] and one["slug"] not in known:
            yield one


def follow(path: Path, rounds: int | None) -> None:
    """Print changes until the engine ends, `rounds` more rounds are over, or the file is silent for too long.

    Raises ResourceError for an engine that does not write any more, or never did.
    """
    before: Look | None = None
    earlier = finished_rounds(_read(path))
    finished: set[str] = set()
    while True:
        now = _read(path)
        for line in changes(before, now):
            click.echo(line)
        finished |= finished_rounds(now) - earlier
        if now["state"] == "stopped" or (rounds is not None and len(finished) >= rounds):
            return
        before = now
        time.sleep(LOOK_EVERY_S)


def _read(path: Path) -> Look:
    try:
        look = orjson.loads(path.read_bytes())
        silent_s = time.time() - path.stat().st_mtime
    except FileNotFoundError as error:
        raise ResourceError(f"expected {path}, found none: is an engine running?") from error
    except orjson.JSONDecodeError as error:
        raise ResourceError(f"expected JSON in {path}: {error}") from error
    if look["state"] != "stopped" and silent_s > SILENT_AFTER_S:
        raise ResourceError(f"expected an engine that writes {path}, the last word was {silent_s:.0f} s ago")
    assert isinstance(look, dict)
    return look
