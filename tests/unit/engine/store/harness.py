"""A state folder with two sessions of one engine: the first ended by a crash in the middle of a round."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.journal.writer import JournalWriter
from engine.model.events import Breaker, Operator, Outcome, Wallet
from engine.runtime.compose import build_kernel, build_paper, open_journal
from engine.runtime.loop import Loop
from engine.runtime.recovery import first_words, recover
from engine.store.database import Store
from engine.store.tables import Base
from tests.unit.engine.journal.harness import CONFIG
from tests.unit.engine.rounds import DOWN, UP, at, book, opened


class Engine:
    """Plays one round over two sessions, step by step, so that somebody may follow."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paper = build_paper(CONFIG)
        self.journal: JournalWriter
        self.loop: Loop

    def begin(self) -> None:
        """Begin a session as the engine does."""
        recovered = recover(CONFIG, self.root)
        self.journal = open_journal(recovered.folder, CONFIG, recovered.state, clock="test", mode="dry")
        now_ns = self.loop.now_ns if recovered.previous else at(-5)
        self.loop = Loop(build_kernel(CONFIG, recovered.state, self.journal), self.paper)
        self.loop.now_ns = now_ns
        if recovered.previous is None:
            for asset in (UP, DOWN):
                self.loop.market(opened(asset))
        events, commands = first_words(recovered.state, now_ns)
        for event in events:
            self.loop.receive(event)
        for command in commands:
            self.paper.submit(command, now_ns)

    def play(self, since_s: int, until_s: int) -> None:
        """Let the books move: enough for an entry, and for a stop from second 60 on."""
        for second in range(since_s, until_s):
            bid_e4 = 6_100 if second < 10 else 5_900 if second < 60 else 4_800
            self.loop.catch_up(at(second))
            self.loop.now_ns = at(second)
            self.loop.market(book(UP, second, bid_e4, bid_e4 + 100))
            self.loop.market(book(DOWN, second, 9_900 - bid_e4, 10_000 - bid_e4))
        self.journal.flush()

    def crash(self) -> None:
        """End without the closing frame, half a frame written."""
        self.journal.abandon()
        segment = max(self.journal.folder.glob("*.bmj"))
        with segment.open("ab") as file:
            file.write(b"\x40\x00\x00\x00torn")

    def finish(self) -> None:
        """End the round with its outcome, and the session in order."""
        self.loop.receive(Wallet(at(900), 99_000_000, 0, "test"))
        self.loop.receive(Breaker(at(900), "user_stream", True, "closed by the venue"))
        self.loop.receive(Operator(at(900), "kill", "tester", "to see it"))
        self.loop.catch_up(at(901))
        self.loop.now_ns = at(930)
        self.loop.market(Outcome(at(930), UP, True, False))
        self.journal.close(self.loop.kernel.state.seq)


def play_two_sessions(root: Path) -> None:
    """Write the journals of a round that a crash interrupted while its shares were held."""
    engine = Engine(root)
    engine.begin()
    engine.play(0, 40)
    engine.crash()
    engine.begin()
    engine.play(40, 120)
    engine.finish()


def content(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, by primary key."""
    found = {}
    with store.session() as database:
        for table in Base.metadata.sorted_tables:
            rows = database.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            found[table.name] = [dict(row) for row in rows]
    return found
