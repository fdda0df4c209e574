"""What the store says when it is asked without SQL: rounds, orders and fills as plain rows, the newest first."""

from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from engine.store.database import Store
from engine.store.tables import (
    AlertRow,
    BalanceRow,
    Base,
    DecisionRow,
    FillRow,
    IncidentRow,
    OrderRow,
    RoundRow,
    SessionRow,
)

SUBJECTS: Final[dict[str, tuple[type[DeclarativeBase], tuple[InstrumentedAttribute[Any], ...]]]] = {
    "sessions": (SessionRow, (SessionRow.session_id,)),
    "rounds": (RoundRow, (RoundRow.window_start_s, RoundRow.slug)),
    "orders": (OrderRow, (OrderRow.sent_ns, OrderRow.seq, OrderRow.order_id)),
    "fills": (FillRow, (FillRow.ts_ns, FillRow.seq, FillRow.trade_id)),
    "decisions": (DecisionRow, (DecisionRow.session_id, DecisionRow.seq)),
    "alerts": (AlertRow, (AlertRow.session_id, AlertRow.seq, AlertRow.position)),
    "balances": (BalanceRow, (BalanceRow.session_id, BalanceRow.seq)),
    "incidents": (IncidentRow, (IncidentRow.session_id, IncidentRow.seq)),
}
"""What can be shown, and what it is sorted by."""
_LONG: Final = frozenset({"config_json", "segment", "offset", "crc"})


def newest(store: Store, subject: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest rows of a subject, at most `limit`, as column name -> value."""
    table, order = SUBJECTS[subject]
    with store.session() as database:
        statement = select(table).order_by(*(column.desc() for column in order)).limit(limit)
        return [_plain(row) for row in database.scalars(statement)]


def counts(store: Store) -> dict[str, int]:
    """Return how many rows each table has."""
    with store.session() as database:
        return {
            str(table.name): database.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def _plain(row: DeclarativeBase) -> dict[str, Any]:
    names = (column.key for column in row.__mapper__.columns)
    return {str(name): getattr(row, name) for name in names if name not in _LONG}
