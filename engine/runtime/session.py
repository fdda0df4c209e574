"""One session: recover, open the journal, attach to the ring, run the shell, close everything in order."""

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
from engine.model.ports import MarketGateway
from engine.model.units import NS_PER_MS
from engine.runtime.clock import ShellClock
from engine.runtime.compose import build_kernel, build_paper, open_journal
from engine.runtime.control import ControlFiles
from engine.runtime.loop import Loop
from engine.runtime.recovery import first_words, last_session, recover, was_closed
from engine.runtime.ring_feed import RingFeed
from engine.runtime.shell import Shell
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


def check_ledger(ledger: FileLedger, previous: Path | None) -> None:
    """Raise InputError for a paper venue that knows orders while no journal does: new orders would get their names."""
    if previous is None and any(not isinstance(row, Opened) for row in ledger.rows()):
        raise InputError(
            f"expected the session folders that belong to {ledger.path}, found none: put them back, or move it away too"
        )


class Session:
    """What every session has, whoever takes its orders: recovered state, ring, journal, kernel, status, control.

    Raises:
        InputError: The last session's journal is damaged, or belongs to another config or version.
        ResourceError: A recording was to be played and did not begin, or the journal cannot be written.
        RingError: There is no ring, or it is not ours.
    """

    def __init__(
        self,
        config: Config,
        root: Path,
        ring: str,
        *,
        mode: str,
        gating: bool,
        run_dir: Path,
        on_alert: Callable[[str], None],
        clock: ShellClock | None = None,
    ) -> None:
        self.config = config
        self.root = root
        self.mode = mode
        self.recovered = recover(config, root)
        self.state = self.recovered.state
        self.clock = clock or ShellClock()
        views = [view for one in self.state.rounds.values() for view in (one.up, one.down)]
        self.feed = RingFeed(
            ring,
            views,
            self.state.assets_seen,
            gating=gating,
            heartbeat_max_ns=config["feed"]["heartbeat_max_sec"] * NS_PER_MS,
        )
        if gating and not self.feed.await_pace(PACE_WITHIN_S):
            self.feed.close()
            raise ResourceError(f"expected a recording to begin on ring {ring} within {PACE_WITHIN_S:g} s, none did")
        self.journal = open_journal(
            self.recovered.folder, config, self.state, clock="wall", mode=mode, host=socket.gethostname()
        )
        self.tally = Tally(self.journal)
        self.alerts: list[str] = []
        self.kernel = build_kernel(config, self.state, self.tally)
        self.control = ControlFiles(Path(config["risk"]["kill_file"]))
        self._on_alert = on_alert
        self.status = StatusWriter(
            run_dir / "engine.json", mode, time.time(), self.journal, self.tally, self.alerts, self.say
        )

    def say(self, text: str) -> None:
        """Tell a person."""
        self.alerts.append(text)
        del self.alerts[:-ALERTS_KEPT]
        self._on_alert(text)

    def alert(self, said: Alert) -> None:
        """Tell a person what the kernel has to say."""
        self.say(f"{said.code}: {said.text}")

    def shell(self, gateway: MarketGateway) -> Shell:
        """Return the shell over a gateway."""
        return Shell(Loop(self.kernel, gateway, self.alert), self.feed, self.clock, self.control, self.status.write)

    def close(self, shell: Shell) -> None:
        """Close the journal in order."""
        self.journal.close(self.kernel.state.seq)
        self.status.write(shell, "stopped")

    def abandon(self) -> None:
        """Let go of everything; a journal that was not closed has not ended in order."""
        self.journal.abandon()
        self.feed.close()

    def result(self, *, clean: bool) -> SessionResult:
        """Return what the session leaves."""
        return SessionResult(self.tally, self.journal.folder, self.feed.records, self.feed.lost, clean)


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
    """Run one dry session from recovery to the closed journal. Raises what Session raises, and InputError for a paper
    file that belongs to other journals.
    """
    ledger = FileLedger(root / PAPER_FILE)
    try:
        check_ledger(ledger, last_session(root))
        session = Session(config, root, ring, mode="dry", gating=gating, run_dir=run_dir, on_alert=on_alert)
    except BaseException:
        ledger.close()
        raise
    try:
        paper = build_paper(config, ledger)
        shell = session.shell(paper)
        on_shell(shell)
        paper.restore(ledger.rows(), shell.tell_time())
        shell.begin(*first_words(session.state, shell.loop.now_ns))
        shell.run()
        session.close(shell)
    finally:
        session.abandon()
        ledger.close()
    return session.result(clean=not shell.gave_up)
