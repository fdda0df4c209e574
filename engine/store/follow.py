"""Takes the journals of a state folder into the store: all of them anew, or whatever is new since the last look."""

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine.journal.reader import JournalReader, UnbegunError, session_folders, session_number
from engine.journal.tail import JournalTail
from engine.model.errors import InputError
from engine.store.database import Store
from engine.store.projection import Projection
from engine.store.tables import Base, SessionRow


class Progress(NamedTuple):
    """What one look has taken: frames, and the sessions that they were of."""

    frames: int
    sessions: int


def mode_of(root: Path, default: str) -> str:
    """Return the mode of a state folder's newest journal, `default` where there is none yet."""
    for folder in reversed(session_folders(root)):
        try:
            return JournalReader(folder).header.mode
        except UnbegunError:
            continue
        except InputError:
            if any(folder.glob("journal-*.bmj")):
                raise
    return default


def rebuild(store: Store, root: Path) -> Progress:
    """Empty the tables and take every journal from its beginning. Raises InputError for a damaged journal."""
    if not session_folders(root):
        raise InputError(f"expected a state folder with session-* folders, found none in {root}")
    with store.session() as database:
        for table in reversed(Base.metadata.sorted_tables):
            database.execute(delete(table))
        database.commit()
    return catch_up(store, root)


def catch_up(store: Store, root: Path) -> Progress:
    """Take what is new in every journal, the oldest first. Raises InputError for a damaged journal."""
    frames = sessions = 0
    with store.session() as database:
        done = {row.session_id for row in database.query(SessionRow).filter(SessionRow.is_closed)}
        for folder in session_folders(root):
            number = session_number(folder)
            if number in done:
                continue
            taken = _take_session(database, folder, number)
            frames += taken
            sessions += taken > 0
    return Progress(frames, sessions)


def _take_session(database: Session, folder: Path, number: int) -> int:
    projection = Projection(database, number, folder.name)
    tail = JournalTail(folder, projection.position)
    taken = 0
    while frames := tail.read():
        for frame in frames:
            projection.take(frame.entry)
        projection.flush(tail.position)
        database.commit()
        database.expunge_all()
        projection = Projection(database, number, folder.name)
        taken += len(frames)
    return taken
