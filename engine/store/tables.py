"""The tables: what the journals of one state folder say, as rows that a query can be asked of.

Money, sizes and prices stay integers with the unit in the column's name (1e-6 USD and shares, 1e-4 USD), times are Unix
nanoseconds; 0 means that something did not happen. One database, or one PostgreSQL schema, holds the journals of one
mode: the ids of orders are unique only there.
"""

from sqlalchemy import BigInteger, Boolean, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What all tables share: integers are 64 bits wide."""

    type_annotation_map = {int: BigInteger, str: Text, bool: Boolean}  # noqa: RUF012  # as SQLAlchemy wants it


class SessionRow(Base):
    """One engine session, which is one journal, and how far it was read (`segment`, `offset`, `crc`)."""

    __tablename__ = "sessions"

    session_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    journal: Mapped[str] = mapped_column(unique=True)
    mode: Mapped[str]
    host: Mapped[str]
    clock: Mapped[str]
    version: Mapped[str]
    config_hash: Mapped[str]
    config_json: Mapped[str]
    first_seq: Mapped[int]
    last_seq: Mapped[int]
    first_ns: Mapped[int]
    last_ns: Mapped[int]
    is_closed: Mapped[bool]
    strays: Mapped[int]
    """Answers that named an order which no journal had sent."""
    segment: Mapped[int]
    offset: Mapped[int]
    crc: Mapped[int]


class MarketRow(Base):
    """One token of one window; `asset` is the engine's own number of it."""

    __tablename__ = "markets"

    asset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token_id: Mapped[str]
    condition_id: Mapped[str]
    slug: Mapped[str] = mapped_column(index=True)
    outcome: Mapped[int]
    window_start_s: Mapped[int]
    window_length_s: Mapped[int]
    tick_e4: Mapped[int]
    min_size_u6: Mapped[int]
    fee_rate_e6: Mapped[int]
    won: Mapped[bool | None]


class RoundRow(Base):
    """One window's round: its stage now, and its record once it has ended."""

    __tablename__ = "rounds"

    slug: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(index=True)
    window_start_s: Mapped[int]
    window_length_s: Mapped[int]
    stage: Mapped[str]
    stages: Mapped[str]
    leg: Mapped[str]
    entries: Mapped[int]
    stops: Mapped[int]
    fills: Mapped[int]
    orders: Mapped[int]
    spent_u6: Mapped[int]
    received_u6: Mapped[int]
    fees_u6: Mapped[int]
    held_u6: Mapped[int]
    is_settled: Mapped[bool]
    won: Mapped[bool | None]
    pnl_u6: Mapped[int]
    safe_reason: Mapped[str]
    recorded_ns: Mapped[int]


class OrderRow(Base):
    """One order that left, and what became of it."""

    __tablename__ = "orders"

    order_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(index=True)
    seq: Mapped[int]
    slug: Mapped[str] = mapped_column(index=True)
    asset: Mapped[int]
    side: Mapped[str] = mapped_column(String(8))
    price_e4: Mapped[int]
    size_u6: Mapped[int]
    tif: Mapped[str] = mapped_column(String(8))
    purpose: Mapped[str] = mapped_column(String(16))
    post_only: Mapped[bool]
    expiration_s: Mapped[int]
    salt: Mapped[int]
    timestamp_ms: Mapped[int]
    remote_id: Mapped[str]
    status: Mapped[str] = mapped_column(String(16))
    filled_u6: Mapped[int]
    told_filled_u6: Mapped[int]
    refusal: Mapped[str]
    sent_ns: Mapped[int]
    answered_ns: Mapped[int]
    filled_ns: Mapped[int]
    cancel_sent_ns: Mapped[int]
    not_found_ns: Mapped[int]
    ended_ns: Mapped[int]


class FillRow(Base):
    """One fill of one order; a trade that failed stays as a row that is reversed."""

    __tablename__ = "fills"

    order_id: Mapped[str] = mapped_column(primary_key=True)
    trade_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(index=True)
    seq: Mapped[int]
    asset: Mapped[int]
    side: Mapped[str] = mapped_column(String(8))
    price_e4: Mapped[int]
    size_u6: Mapped[int]
    fee_u6: Mapped[int]
    maker: Mapped[bool]
    ts_ns: Mapped[int]
    settlement: Mapped[str] = mapped_column(String(16))
    is_reversed: Mapped[bool]


class DecisionRow(Base):
    """One step that asked for something or changed a stage: the moves as "slug:STAGE", separated by blanks."""

    __tablename__ = "decisions"

    session_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ts_ns: Mapped[int]
    moves: Mapped[str]
    intents: Mapped[int]
    refusals: Mapped[int]
    commands: Mapped[int]


class IntentRow(Base):
    """One intent of a decision and, for an order, the verdict on it; `position` counts from 0 within the decision."""

    __tablename__ = "intents"

    session_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    order_id: Mapped[str]
    asset: Mapped[int | None]
    side: Mapped[str]
    price_e4: Mapped[int | None]
    size_u6: Mapped[int | None]
    is_allowed: Mapped[bool | None]
    code: Mapped[str]
    retry_at_ns: Mapped[int]


class AlertRow(Base):
    """What a person was told."""

    __tablename__ = "alerts"

    session_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    ts_ns: Mapped[int]
    code: Mapped[str]
    text: Mapped[str]


class BalanceRow(Base):
    """What a remote source said that we hold: collateral (`asset` null), or shares of a token and what can be sold."""

    __tablename__ = "balances"

    session_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ts_ns: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    asset: Mapped[int | None]
    collateral_u6: Mapped[int | None]
    redeemable_u6: Mapped[int | None]
    size_u6: Mapped[int | None]
    source: Mapped[str]


class IncidentRow(Base):
    """What happened around the trading: an operator's word, a breaker, the venue's mode, a gap, something foreign."""

    __tablename__ = "incidents"

    session_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ts_ns: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str]
    detail: Mapped[str]
