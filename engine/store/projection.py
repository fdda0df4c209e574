"""From a journal's entries to rows: one session's journal, taken in order, exactly once."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy.orm import Session

from engine.journal.format import DecisionEntry, EndEntry, Entry, EventEntry, Header, RoundEntry
from engine.journal.orders import take_command, take_event
from engine.journal.tail import Position
from engine.model.commands import Alert, Command, Place, Prepare
from engine.model.events import (
    Breaker,
    Event,
    Foreign,
    Gap,
    Market,
    MarketChange,
    Operator,
    Outcome,
    Sellable,
    VenueMode,
    Wallet,
)
from engine.model.events import Position as RemotePosition
from engine.model.records import RoundRecord, Verdict
from engine.model.rounds import parse_slug
from engine.store.rows import StoredHistories
from engine.store.tables import (
    AlertRow,
    BalanceRow,
    DecisionRow,
    IncidentRow,
    IntentRow,
    MarketRow,
    RoundRow,
    SessionRow,
)

Row = TypeVar("Row", MarketRow, RoundRow)


class Projection:
    """Takes the entries of one session's journal; nothing is in the database before the caller commits."""

    def __init__(self, database: Session, session_id: int, journal: str) -> None:
        self._database = database
        self._id = session_id
        self._journal = journal
        self._histories = StoredHistories(database)
        self._rounds: dict[str, RoundRow] = {}
        self._markets: dict[int, MarketRow] = {}
        self._session = database.get(SessionRow, session_id)

    @property
    def position(self) -> Position:
        """How far the journal was taken."""
        row = self._session
        return Position() if row is None else Position(row.segment, row.offset, row.crc)

    def take(self, entry: Entry) -> None:
        """Take the next entry."""
        if isinstance(entry, Header):
            self._begin(entry)
            return
        session = self._session
        assert session is not None, "a journal begins with its header"
        session.last_seq = entry.seq
        self._histories.at = (self._id, entry.seq)
        if isinstance(entry, EventEntry):
            session.first_ns = session.first_ns or entry.event.ts_ns
            session.last_ns = entry.event.ts_ns
            self._event(entry.seq, entry.event, session)
        elif isinstance(entry, DecisionEntry):
            self._decision(entry, session.last_ns)
        elif isinstance(entry, RoundEntry):
            self._record(entry.record, session.last_ns)
        elif isinstance(entry, EndEntry):
            session.is_closed = True

    def flush(self, position: Position) -> None:
        """Hand all rows to the database, with how far the journal was read."""
        self._histories.flush()
        self._rounds.clear()
        self._markets.clear()
        if self._session is not None:
            self._session.segment, self._session.offset, self._session.crc = (
                position.segment,
                position.offset,
                position.crc,
            )

    def _begin(self, header: Header) -> None:
        if header.segment:
            return
        self._session = SessionRow(
            session_id=self._id,
            journal=self._journal,
            mode=header.mode,
            host=header.host,
            clock=header.clock,
            version=header.version,
            config_hash=header.config_hash,
            config_json=header.config_json.decode(),
            first_seq=header.first_seq,
            last_seq=header.first_seq - 1,
            first_ns=0,
            last_ns=0,
            is_closed=False,
            strays=0,
            segment=0,
            offset=0,
            crc=0,
        )
        self._database.add(self._session)

    def _event(self, seq: int, event: Event, session: SessionRow) -> None:
        if not take_event(self._histories, event):
            session.strays += 1
        if isinstance(event, Market):
            self._market(event)
        elif isinstance(event, Outcome):
            self._outcome(event)
        balance = _BALANCES.get(type(event))
        if balance is not None:
            self._database.add(BalanceRow(session_id=self._id, seq=seq, ts_ns=event.ts_ns, **balance(event)))
        incident = _INCIDENTS.get(type(event))
        if incident is not None:
            kind, name, detail = incident(event)
            self._database.add(
                IncidentRow(session_id=self._id, seq=seq, ts_ns=event.ts_ns, kind=kind, name=name, detail=detail)
            )

    def _market(self, event: Market) -> None:
        row = self._find(self._markets, MarketRow, event.asset)
        if row is None:
            row = self._markets[event.asset] = MarketRow(
                asset=event.asset,
                token_id=event.token_id,
                condition_id=event.condition_id,
                slug=event.slug,
                outcome=event.outcome,
                window_start_s=event.window_start_s,
                window_length_s=event.window_length_s,
                tick_e4=event.tick_e4,
                min_size_u6=event.min_size_u6,
                fee_rate_e6=event.fees.rate_e6,
            )
            self._database.add(row)
        elif event.change == MarketChange.TICK:
            row.tick_e4 = event.tick_e4 or row.tick_e4

    def _outcome(self, event: Outcome) -> None:
        row = self._find(self._markets, MarketRow, event.asset)
        if row is not None and event.known:
            row.won = event.won

    def _decision(self, entry: DecisionEntry, now_ns: int) -> None:
        verdicts = iter(entry.verdicts)
        for position, intent in enumerate(entry.intents):
            verdict = next(verdicts, None) if isinstance(intent, Place) else None
            self._database.add(_intent_row(self._id, entry.seq, position, intent, verdict))
        self._database.add(
            DecisionRow(
                session_id=self._id,
                seq=entry.seq,
                ts_ns=now_ns,
                moves=" ".join(entry.stages),
                intents=len(entry.intents),
                refusals=sum(not verdict.allowed for verdict in entry.verdicts),
                commands=len(entry.commands),
            )
        )
        for position, command in enumerate(entry.commands):
            take_command(self._histories, command, now_ns)
            if isinstance(command, Alert):
                self._database.add(
                    AlertRow(
                        session_id=self._id,
                        seq=entry.seq,
                        position=position,
                        ts_ns=now_ns,
                        code=command.code,
                        text=command.text,
                    )
                )
        for move in entry.stages:
            slug, _, stage = move.rpartition(":")
            self._round(slug).stage = stage

    def _record(self, record: RoundRecord, now_ns: int) -> None:
        row = self._round(record.slug)
        row.stages = " ".join(record.stages)
        row.stage = record.stages[-1] if record.stages else row.stage
        for name in _AS_RECORDED:
            setattr(row, name, getattr(record, name))
        row.is_settled = record.settled
        row.recorded_ns = now_ns

    def _round(self, slug: str) -> RoundRow:
        row = self._find(self._rounds, RoundRow, slug)
        if row is None:
            _, start_s, length_s = parse_slug(slug)
            empty: dict[str, Any] = dict.fromkeys(_NUMBERS, 0) | dict.fromkeys(_TEXTS, "")
            row = self._rounds[slug] = RoundRow(
                slug=slug,
                session_id=self._id,
                window_start_s=start_s,
                window_length_s=length_s,
                is_settled=False,
                won=None,
                **empty,
            )
            self._database.add(row)
        return row

    def _find(self, known: dict[Any, Row], table: type[Row], key: object) -> Row | None:
        """Return the row with that key, from this batch or from the database."""
        if key not in known:
            row = self._database.get(table, key)
            if row is None:
                return None
            known[key] = row
        return known[key]


_AS_RECORDED: Final = (
    "leg",
    "entries",
    "stops",
    "fills",
    "orders",
    "spent_u6",
    "received_u6",
    "fees_u6",
    "held_u6",
    "won",
    "pnl_u6",
    "safe_reason",
)
_NUMBERS: Final = (
    "entries",
    "stops",
    "fills",
    "orders",
    "spent_u6",
    "received_u6",
    "fees_u6",
    "held_u6",
    "pnl_u6",
    "recorded_ns",
)
_TEXTS: Final = ("stage", "stages", "leg", "safe_reason")


def _intent_row(session_id: int, seq: int, position: int, intent: Command, verdict: Verdict | None) -> IntentRow:
    order = intent if isinstance(intent, Place | Prepare) else None
    return IntentRow(
        session_id=session_id,
        seq=seq,
        position=position,
        kind=type(intent).__name__,
        order_id=getattr(intent, "order", ""),
        asset=getattr(intent, "asset", None),
        side=order.side.name if order else "",
        price_e4=order.price_e4 if order else None,
        size_u6=order.size_u6 if order else None,
        is_allowed=verdict.allowed if verdict else None,
        code=verdict.code if verdict else "",
        retry_at_ns=verdict.retry_at_ns if verdict else 0,
    )


_BALANCES: Final[dict[type[Event], Callable[[Any], dict[str, Any]]]] = {
    Wallet: lambda event: {
        "kind": "wallet",
        "collateral_u6": event.collateral_u6,
        "redeemable_u6": event.redeemable_u6,
        "source": event.source,
    },
    RemotePosition: lambda event: {
        "kind": "position",
        "asset": event.asset,
        "size_u6": event.size_u6,
        "source": event.source,
    },
    Sellable: lambda event: {"kind": "sellable", "asset": event.asset, "size_u6": event.size_u6, "source": ""},
}
_INCIDENTS: Final[dict[type[Event], Callable[[Any], tuple[str, str, str]]]] = {
    Operator: lambda event: ("operator", event.action, f"{event.who}: {event.reason}"),
    Breaker: lambda event: ("breaker", event.name, ("tripped" if event.tripped else "closed") + f" {event.detail}"),
    Foreign: lambda event: ("foreign", event.what, event.remote_id),
    VenueMode: lambda event: ("venue_mode", event.state.name.lower(), str(event.until_ns)),
    Gap: lambda event: ("gap", "ring", f"{event.lost} records lost"),
}
