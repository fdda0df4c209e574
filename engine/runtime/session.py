"""One dry session: recover, open the journal, attach to the ring, run the shell, close everything in order."""

import fcntl
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engine.config.load import Config
from engine.execution.paper.ledger import FileLedger, Opened
from engine.model.commands import Alert
from engine.model.errors import InputError, ResourceError
from engine.model.units import NS_PER_MS
from engine.runtime.clock import ShellClock
from engine.runtime.compose import build_kernel, build_paper, open_journal
from engine.runtime.control import ControlFiles
from engine.runtime.shell import Shell
from engine.runtime.loop import Loop
from engine.runtime.recovery import Recovered, first_words, last_session, recover, was_closed
from engine.runtime.ring_feed import RingFeed
from engine.runtime.status import StatusWriter
from engine.runtime.tally import Tally

PAPER_FILE = "paper.jsonl"
PACE_WITHIN_S = 20.0
ALERTS_KEPT = 100


class SessionResult(NamedTuple):
    """What a session leaves: its numbers, its journal, and whether it ended with every cancel confirmed."""

    tally: Tally
    journal: Path
    records: int
    lost: int
    clean: bool


class StateLock:
    """One engine per state folder, one exchange per run folder.

    Raises ResourceError naming the process that holds it.
    """

    def __init__(self, root: Path, file: str = "lock", who: str = "engine") -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._file = os.open(root / file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise ResourceError(f"expected {root} to be free, the {who} with pid {holder} uses it") from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next engine in."""
        os.close(self._file)


def claim(root: Path, *, anew_when_finished: bool) -> StateLock:
    """Return the lock of a state folder. Raises ResourceError when another engine has it.

    With `anew_when_finished` a finished recording's state is moved aside: playing it again is a new run, and its orders
    have the same names.
    """
    lock = StateLock(root)
    previous = last_session(root) if anew_when_finished else None
    if previous is None or not was_closed(previous):
        return lock
    number = 1
    while (target := root.with_name(f"{root.name}.{number}")).exists():
        number += 1
    root.rename(target)  # with the lock in it: nobody else can be in there
    lock.release()
    return StateLock(root)


def check_ledger(ledger: FileLedger, recovered: Recovered) -> None:
    """Raise InputError for a paper venue that knows orders while no journal does: new orders would get their names."""
    if recovered.previous is None and any(not isinstance(row, Opened) for row in ledger.rows()):
        raise InputError(
            f"expected the session folders that belong to {ledger.path}, found none: put them back, or move it away too"
        )


def run_session(
    config: Config,
    root: Path,
    ring: str,
    *,
    gating: bool,
    run_dir: Path,
    on_shell: Callable[[Shell], None],
    on_alert: Callable[[str], None],
) -> SessionResult:
    """Run one session from recovery to the closed journal. Raises InputError, ResourceError and RingError."""
    recovered = recover(config, root)
    state = recovered.state
    clock = ShellClock()
    views = [view for round_state in state.rounds.values() for view in (round_state.up, round_state.down)]
    feed = RingFeed(
        ring,
        views,
        state.assets_seen,
        gating=gating,
        heartbeat_max_ns=config["feed"]["heartbeat_max_sec"] * NS_PER_MS,
    )
    if gating and not feed.await_pace(PACE_WITHIN_S):
        feed.close()
        raise ResourceError(f"expected a recording to begin on ring {ring} within {PACE_WITHIN_S:g} s, none did")
    ledger = FileLedger(root / PAPER_FILE)
    check_ledger(ledger, recovered)
    journal = open_journal(recovered.folder, config, state, clock="wall", mode="dry", host=socket.gethostname())
    tally = Tally(journal)
    alerts: list[str] = []

    def say(text: str) -> None:
        alerts.append(text)
        del alerts[:-ALERTS_KEPT]
        on_alert(text)

    def alert(said: Alert) -> None:
        say(f"{said.code}: {said.text}")

    paper = build_paper(config, ledger)
    kernel = build_kernel(config, state, tally)
    status = StatusWriter(run_dir / "engine.json", "dry", time.time(), journal, tally, alerts, say)
    control = ControlFiles(Path(config["risk"]["kill_file"]))
    shell = Shell(Loop(kernel, paper, alert), feed, clock, control, status.write)
    try:
        on_shell(shell)
        paper.restore(ledger.rows(), shell.tell_time())
        shell.begin(*first_words(state, shell.loop.now_ns))
        shell.run()
        journal.close(kernel.state.seq)
        status.write(shell, "stopped")
    finally:
        journal.abandon()  # unless it was closed: what ended otherwise has not ended in order
        ledger.close()
        feed.close()
    return SessionResult(tally, journal.folder, feed.records, feed.lost, not shell.gave_up)
