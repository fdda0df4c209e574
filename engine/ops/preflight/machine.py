"""Looks at this machine: the state and its journals, other programs, the disk."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from engine.config.load import Config
from engine.journal.orders import MemoryHistories, take_entries
from engine.journal.reader import JournalReader, UnbegunError
from engine.model.errors import InputError
from engine.ops.preflight.facts import Lost
from engine.runtime.recovery import recover, sessions

SESSIONS_LOOKED_AT: Final = 3
"""Whatever still rests was sent in one of the newest sessions: each start reads the fate of what the last one left."""


def state_fact(config: Config, root: Path) -> str | Lost:
    """Return how the state is, or what stands against going on from it."""
    folder = next(path for path in (root, *root.resolve().parents) if path.exists())
    if not os.access(folder, os.W_OK):
        return Lost(f"{folder} cannot be written")
    if not root.exists():
        return f"{root}: a fresh start"
    try:
        recovered = recover(config, root)
    except InputError as error:
        return Lost(str(error))
    if recovered.previous is None:
        return f"{root}: a fresh start"
    how = "ended in order" if recovered.was_closed else "broke off: the venue will be asked about its orders"
    return f"{root}: {recovered.previous.name} {how}"


def known_orders(root: Path) -> frozenset[str]:
    """Return the venue's ids of the orders of the newest sessions' journals. Raises InputError for a damaged one."""
    histories = MemoryHistories()
    for folder in sessions(root)[-SESSIONS_LOOKED_AT:] if root.exists() else ():
        try:
            reader = JournalReader(folder)
        except UnbegunError:
            continue
        take_entries(histories, (frame.entry for frame in reader))
    return frozenset(one.remote_id.lower() for one in histories.orders.values() if one.remote_id)


def running(names: Iterable[str]) -> tuple[str, ...]:
    """Return which of these systemd units or programs run now."""
    programs = set(_programs())
    return tuple(name for name in names if name in programs or _is_active(name))


def _is_active(unit: str) -> bool:
    for scope in ((), ("--user",)):
        try:
            command = ["systemctl", *scope, "is-active", "--quiet", "--", unit]
            if subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0:
                return True
        except (OSError, subprocess.TimeoutExpired):
            return False  # no systemd here
    return False


def _programs() -> Iterator[str]:
    """Yield the names of what runs: the program's own, its file's, and those of scripts that interpreters run."""
    for path in Path("/proc").glob("[0-9]*"):
        if path.name == str(os.getpid()):
            continue
        try:
            yield (path / "comm").read_text().strip()
            words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has ended meanwhile
        yield from (Path(word).name for word in words[:4] if word)


def disk_free_bytes(root: Path) -> int:
    """Return how much may still be written where the state is, or will be."""
    folder = next(path for path in (root, *root.resolve().parents) if path.exists())
    return shutil.disk_usage(folder).free
