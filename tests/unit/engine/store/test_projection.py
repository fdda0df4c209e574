from pathlib import Path

from engine.journal.format import EventEntry
from engine.journal.reader import JournalReader
from engine.journal.tail import Position
from engine.model.events import Accepted, MarketChange
from engine.store.database import Store
from engine.store.projection import Projection
from engine.store.tables import MarketRow, SessionRow
from tests.unit.engine.journal.harness import play_round
from tests.unit.engine.rounds import UP, changed


def begun(store_session: object, folder: Path) -> Projection:
    projection = Projection(store_session, 1, "session-000001")  # type: ignore[arg-type]
    projection.take(JournalReader(folder).header)
    return projection


def test_an_answer_to_an_order_that_nobody_sent_is_counted_as_a_stray(store: Store, tmp_path: Path) -> None:
    play_round(tmp_path)
    with store.session() as database:
        projection = begun(database, tmp_path)
        projection.take(EventEntry(1, Accepted(5, "btc-updown-15m-1800000000/9/entry", "remote")))
        projection.flush(Position(0, 7, 8))
        database.commit()
        row = database.get(SessionRow, 1)
        assert row is not None
        assert (row.strays, row.last_seq, row.offset) == (1, 1, 7)


def test_a_market_keeps_the_tick_in_force(store: Store, tmp_path: Path) -> None:
    play_round(tmp_path)
    with store.session() as database:
        projection = begun(database, tmp_path)
        projection.take(EventEntry(1, changed(MarketChange.OPENED, UP, 0)))
        projection.take(EventEntry(2, changed(MarketChange.TICK, UP, 1, tick_e4=10)))
        projection.flush(Position())
        database.commit()
        row = database.get(MarketRow, UP)
        assert row is not None
        assert row.tick_e4 == 10
