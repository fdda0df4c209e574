"""The first tables: sessions, markets, rounds, orders, fills, decisions with their intents, and what was told."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_TABLES: Final = (
    "incidents",
    "balances",
    "alerts",
    "intents",
    "decisions",
    "fills",
    "orders",
    "rounds",
    "markets",
    "sessions",
)


def upgrade() -> None:
    """Make the tables."""
    _sessions_and_markets()
    _rounds()
    _orders()
    _decisions()
    _told()


def downgrade() -> None:
    """Drop the tables: the journals have everything that is in them."""
    for table in _TABLES:
        op.drop_table(table)


def _columns(kind: Any, *names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return _columns(sa.BigInteger(), *names, nullable=nullable)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return _columns(sa.Text(), *names)


def _flags(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return _columns(sa.Boolean(), *names, nullable=nullable)


def _key(*names: str, kind: Any = None) -> list[sa.Column[Any]]:
    kind = kind or sa.BigInteger()
    return [sa.Column(name, kind, primary_key=True, autoincrement=False, nullable=False) for name in names]


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _sessions_and_markets() -> None:
    op.create_table(
        "sessions",
        *_key("session_id", kind=sa.Integer()),
        sa.Column("journal", sa.Text(), nullable=False, unique=True),
        *_texts("mode", "host", "clock", "version", "config_hash", "config_json"),
        *_numbers("first_seq", "last_seq", "first_ns", "last_ns"),
        *_flags("is_closed"),
        *_numbers("strays", "segment", "offset", "crc"),
    )
    op.create_table(
        "markets",
        *_key("asset"),
        *_texts("token_id", "condition_id", "slug"),
        *_numbers("outcome", "window_start_s", "window_length_s", "tick_e4", "min_size_u6", "fee_rate_e6"),
        *_flags("won", nullable=True),
    )
    _index("markets", "slug")


def _rounds() -> None:
    op.create_table(
        "rounds",
        *_key("slug", kind=sa.Text()),
        *_numbers("session_id", "window_start_s", "window_length_s"),
        *_texts("stage", "stages", "leg"),
        *_numbers("entries", "stops", "fills", "orders", "spent_u6", "received_u6", "fees_u6", "held_u6"),
        *_flags("is_settled"),
        *_flags("won", nullable=True),
        *_numbers("pnl_u6"),
        *_texts("safe_reason"),
        *_numbers("recorded_ns"),
    )
    _index("rounds", "session_id")


def _orders() -> None:
    op.create_table(
        "orders",
        *_key("order_id", kind=sa.Text()),
        *_numbers("session_id", "seq"),
        *_texts("slug"),
        *_numbers("asset"),
        *_columns(sa.String(8), "side"),
        *_numbers("price_e4", "size_u6"),
        *_columns(sa.String(8), "tif"),
        *_columns(sa.String(16), "purpose"),
        *_flags("post_only"),
        *_numbers("expiration_s", "salt", "timestamp_ms"),
        *_texts("remote_id"),
        *_columns(sa.String(16), "status"),
        *_numbers("filled_u6", "told_filled_u6"),
        *_texts("refusal"),
        *_numbers("sent_ns", "answered_ns", "filled_ns", "cancel_sent_ns", "not_found_ns", "ended_ns"),
    )
    _index("orders", "session_id", "slug")
    op.create_table(
        "fills",
        *_key("order_id", "trade_id", kind=sa.Text()),
        *_numbers("session_id", "seq", "asset"),
        *_columns(sa.String(8), "side"),
        *_numbers("price_e4", "size_u6", "fee_u6"),
        *_flags("maker"),
        *_numbers("ts_ns"),
        *_columns(sa.String(16), "settlement"),
        *_flags("is_reversed"),
    )
    _index("fills", "session_id")


def _decisions() -> None:
    op.create_table(
        "decisions",
        *_key("session_id", "seq"),
        *_numbers("ts_ns"),
        *_texts("moves"),
        *_numbers("intents", "refusals", "commands"),
    )
    op.create_table(
        "intents",
        *_key("session_id", "seq"),
        *_key("position", kind=sa.Integer()),
        *_columns(sa.String(16), "kind"),
        *_texts("order_id"),
        *_numbers("asset", nullable=True),
        *_texts("side"),
        *_numbers("price_e4", "size_u6", nullable=True),
        *_flags("is_allowed", nullable=True),
        *_texts("code"),
        *_numbers("retry_at_ns"),
    )


def _told() -> None:
    op.create_table(
        "alerts",
        *_key("session_id", "seq"),
        *_key("position", kind=sa.Integer()),
        *_numbers("ts_ns"),
        *_texts("code", "text"),
    )
    op.create_table(
        "balances",
        *_key("session_id", "seq"),
        *_numbers("ts_ns"),
        *_columns(sa.String(16), "kind"),
        *_numbers("asset", "collateral_u6", "redeemable_u6", "size_u6", nullable=True),
        *_texts("source"),
    )
    op.create_table(
        "incidents",
        *_key("session_id", "seq"),
        *_numbers("ts_ns"),
        *_columns(sa.String(16), "kind"),
        *_texts("name", "detail"),
    )
