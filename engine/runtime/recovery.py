"""Start-up is recovery: find the last session's journal, replay it to its end, and begin a new one from that state."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.config.load import Config
from engine.journal.format import EndEntry, EventEntry
from engine.journal.reader import JournalReader, UnbegunError, session_folders, session_number
from engine.journal.writer import NullRecorder
from engine.kernel.state import KernelState
from engine.model.commands import CancelAll, CancelMarket, Command, ReadOrder, ReadPosition
from engine.model.errors import InputError
from engine.model.events import Event, Gap, Unknown
from engine.model.orders import OrderStatus
from engine.runtime.compose import fresh_state, kernel_of_header
from engine.strategy.bucket.round import Round


class Recovered(NamedTuple):
    """The state to go on from, the folder of the new session, and what the last one was."""

    state: KernelState
    folder: Path
    previous: Path | None
    was_closed: bool
    torn_bytes: int


def sessions(root: Path) -> list[Path]:
    """Return the session folders under a state folder, oldest first."""
    return [path for path in session_folders(root) if any(path.glob("journal-*.bmj"))]


def last_session(root: Path) -> Path | None:
    """Return the newest session that took an event; one that died before its header was written is passed over."""
    for folder in reversed(sessions(root)):
        with suppress(UnbegunError):
            JournalReader(folder)
            return folder
    return None


def recover(config: Config, root: Path) -> Recovered:
    """Return the state after the last session's journal, or a fresh one. Raises InputError for a damaged journal."""
    previous = last_session(root)
    folder = root / f"session-{_next_number(root):06d}"
    if previous is None:
        return Recovered(fresh_state(config), folder, None, True, 0)
    reader = JournalReader(previous)
    try:
        kernel = kernel_of_header(reader.header, NullRecorder())
    except InputError as error:
        raise InputError(f"{previous}: {error}") from error
    closed = False
    for frame in reader:
        if isinstance(frame.entry, EventEntry):
            kernel.receive(frame.entry.event)
        closed = isinstance(frame.entry, EndEntry)
    return Recovered(_begun_anew(kernel.state), folder, previous, closed, reader.torn_bytes)


def _begun_anew(state: KernelState) -> KernelState:
    """Return the state without the last session's end: what it had stopped goes on from where it was."""
    state.stopping = False
    for slug, one in state.rounds.items():
        if one.stopping:
            state.rounds[slug] = msgspec.structs.replace(one, stopping=False)
    return state


def was_closed(folder: Path) -> bool:
    """Whether a journal ends with the frame that an orderly end writes. Raises InputError for a damaged journal."""
    last = None
    for frame in JournalReader(folder):
        last = frame.entry
    return isinstance(last, EndEntry)


def _next_number(root: Path) -> int:
    return 1 + max(map(session_number, session_folders(root)), default=0)


def first_words(state: KernelState, now_ns: int) -> tuple[list[Event], list[Command]]:
    """Return the events that say what is not known after a stop, and the questions that the venue has to answer.

    An order that was sent but never answered may exist (Unknown, then its id is read); one that rested is only read, so
    that it keeps its place in the queue. Ended orders of open rounds are read too: a fill may have come, or been
    reversed, while nobody listened. What a kill, or a bug that stopped a round, had to cancel is cancelled again.
    """
    rounds: list[Round] = list(state.rounds.values())
    working = [order for round_state in rounds for order in round_state.working()]
    events: list[Event] = [Gap(now_ns, 0)] if rounds else []
    events += [
        Unknown(now_ns, order.order) for order in working if order.status in (OrderStatus.SENT, OrderStatus.HELD)
    ]
    everything = [order for round_state in rounds for order in (*round_state.past, round_state.entry, round_state.exit)]
    commands: list[Command] = [ReadOrder(order.order) for order in everything if order is not None]
    commands += [ReadPosition(round_state.leg) for round_state in rounds if round_state.leg >= 0]
    commands += [CancelMarket(state.rounds[slug].up.asset) for slug in state.broken if slug in state.rounds]
    if state.killed:
        commands.append(CancelAll())
    return events, commands
