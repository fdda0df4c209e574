"""The config's schema: every section and key with its kind, default and rule; one table feeds loader, docs and tests.

Keys keep the names of the earlier bot's config.json. Values are integers in the unit of their kind (kinds.py): prices
in 1e-4 USD, seconds in milliseconds, shares and USD in 1e-6.
"""

from types import MappingProxyType
from typing import Any, Final, NamedTuple

from engine.config.kinds import (
    BOOLEAN,
    NAMES,
    OPTIONAL_TEXT,
    PRICE,
    PROXY,
    RATE,
    SCHEDULE,
    SECONDS,
    SECRET,
    SHARES,
    TEXT,
    USD,
    Kind,
    choice,
    whole,
)
from engine.model.params import CapStep
from engine.model.units import NS_PER_S


class Key(NamedTuple):
    """One key: its kind, its default in the kind's unit, and what it does."""

    kind: Kind
    default: Any
    doc: str


def _caps() -> tuple[CapStep, ...]:
    rows = ((0, 300, 7_000_000), (300, 600, 7_500_000), (600, 900, 8_000_000))
    return tuple(CapStep(start * NS_PER_S, end * NS_PER_S, cap) for start, end, cap in rows)


Section = MappingProxyType[str, Key]

SCHEMA: Final[dict[str, Section]] = {
    "api": MappingProxyType(
        {
            "PRIVATE_KEY": Key(
                SECRET,
                None,
                "The wallet's key, best as a reference; POLYMARKET_PK in the environment stands in for null.",
            ),
            "PROXY_ADDRESS": Key(
                OPTIONAL_TEXT, None, "The wallet that holds the funds; POLYMARKET_FUNDER stands in for null."
            ),
            "SIGNATURE_TYPE": Key(
                whole(0, 3),
                3,
                "How orders are signed: 0 EOA, 1 proxy, 2 Safe, 3 deposit wallet (new accounts need 3).",
            ),
            "CHAIN_ID": Key(whole(1, 2**31), 137, "Polygon."),
        }
    ),
    "entry_exit": MappingProxyType(
        {
            "ENTRY_BID_THRESHOLD": Key(
                PRICE, 6_000, "A leg may be entered when its external bid is at least this; above SL_FLOOR."
            ),
            "MIN_TP_INCREMENT": Key(PRICE, 100, "The take-profit stands at least this above the entry."),
            "MAX_TP_PRICE": Key(PRICE, 9_900, "No take-profit stands above this."),
            "SL_OFFSET": Key(PRICE, 2_000, "Stop trigger = max(entry - SL_OFFSET, SL_FLOOR)."),
            "SL_FLOOR": Key(PRICE, 5_000, "The stop trigger is never below this."),
            "SL_ORDER_PRICE": Key(PRICE, 100, "Limit price of every stop order; on both tick grids."),
        }
    ),
    "time_windows": MappingProxyType(
        {
            "CONTRACT_DURATION_SEC": Key(SECONDS, 900_000, "Length of a window."),
            "LATE_WINDOW_SEC": Key(SECONDS, 120_000, "A round is late when no more than this is left."),
            "ENTRY_REQUOTE_WAIT_SEC": Key(SECONDS, 2_000, "An order is left alone until it is this old."),
        }
    ),
    "late_mode": MappingProxyType(
        {
            "LATE_SL_TRIGGER": Key(PRICE, 7_000, "External bid at which a late hold is stopped."),
            "LATE_REENTRY_ENTRY_THRESHOLD": Key(
                PRICE,
                9_000,
                "Entries at or above this are held late; re-entries need a bid of at least this.",
            ),
            "ENABLE_LATE_REENTRY": Key(BOOLEAN, True, "Whether a late stop may be followed by a new entry."),
            "MAX_LATE_REENTRIES": Key(whole(0, 100), 1, "How often, in one round."),
        }
    ),
    "position_control": MappingProxyType(
        {
            "CAP_SCHEDULE": Key(
                SCHEDULE,
                _caps(),
                "USD at risk by seconds since the window's start, half-open, no gap, no overlap.",
            ),
            "MIN_TRADE_SIZE": Key(
                SHARES, 5_000_000, "No order is smaller; the venue's own minimum counts where it is larger."
            ),
            "ENABLE_DUST_MERGE": Key(
                BOOLEAN, True, "Whether a position below the minimum is booked as dust of its token."
            ),
        }
    ),
    "micro_tuning": MappingProxyType(
        {
            "ENTRY_REQUOTE_MIN_IMPROVE": Key(PRICE, 300, "A buy is requoted when the bid has risen this far above it."),
            "REMOTE_POS_SIZE_THRESHOLD": Key(SHARES, 0, "A remote position of at most this counts as none."),
            "LEG_SELECTION_MODE": Key(
                choice("HIGHEST_BID", "YES_ONLY", "NO_ONLY"),
                "HIGHEST_BID",
                "Which leg may be entered; a tie goes to YES.",
            ),
        }
    ),
    "guards": MappingProxyType(
        {
            "MIN_WINDOW_REMAINING": Key(
                SECONDS, 60_000, "No entry with less than this left; a working one is cancelled."
            ),
            "LATE_MIN_REMAINING": Key(SECONDS, 10_000, "The same for a late re-entry."),
            "MAX_LATE_ENTRY_PRICE": Key(PRICE, 9_700, "No late re-entry above this."),
            "CANCEL_BUYS_BEFORE_END": Key(SECONDS, 5_000, "All buys are cancelled this long before the end."),
            "STOP_SELLS_DUST": Key(
                BOOLEAN, False, "Whether a stop sells less than the minimum size too (verify live first)."
            ),
        }
    ),
    "runtime": MappingProxyType(
        {
            "mode": Key(
                choice("dry", "shadow", "live"),
                "dry",
                "What the engine may do; shadow is live with a paper twin beside it, and both need a confirmation.",
            ),
            "strategies": Key(choice("bucket"), "bucket", "Which strategy runs."),
            "state_dir": Key(TEXT, "state", "Where journals and the paper venue's file are kept."),
        }
    ),
    "venue": MappingProxyType(
        {
            "clob_url": Key(TEXT, "https://clob.polymarket.com", "The venue's REST host."),
            "gamma_url": Key(TEXT, "https://gamma-api.polymarket.com", "Market discovery."),
            "market_ws_url": Key(TEXT, "wss://ws-subscriptions-clob.polymarket.com/ws/market", "Market channel."),
            "user_ws_url": Key(TEXT, "wss://ws-subscriptions-clob.polymarket.com/ws/user", "User channel."),
            "data_url": Key(TEXT, "https://data-api.polymarket.com", "Positions and history."),
            "relayer_url": Key(TEXT, "https://relayer-v2.polymarket.com", "Split, merge, redeem and approve."),
            "geoblock_url": Key(
                TEXT, "https://polymarket.com/api/geoblock", "Tells whether the venue trades with where we are."
            ),
            "rpc_url": Key(TEXT, "https://polygon.drpc.org", "The chain, for what approvals and balances really are."),
            "proxy": Key(PROXY, None, "SOCKS5 or HTTP proxy; a password in it is masked wherever the config is shown."),
        }
    ),
    "feed": MappingProxyType(
        {
            "source": Key(choice("local", "recording", "polymarket"), "local", "Where market data comes from."),
            "ring": Key(TEXT, "/poly_tob_shm", "Name of the shared-memory ring."),
            "capacity": Key(whole(16, 1 << 24), 65_536, "Records in the ring, a power of two."),
            "heartbeat_max_sec": Key(SECONDS, 2_000, "A feeder that is silent for longer is not believed."),
        }
    ),
    "risk": MappingProxyType(
        {
            "INITIAL_BANKROLL": Key(
                USD,
                100_000_000,
                "Collateral at a fresh start, or what the wallet holds if that is less; journals carry their own.",
            ),
            "DAILY_LOSS_LIMIT": Key(
                USD,
                20_000_000,
                "Trading stops when so much is lost in a UTC day, positions at min(bid, cost); 0 = off.",
            ),
            "DRAWDOWN_LIMIT": Key(
                USD, 30_000_000, "Trading stops when equity is so far below its highest since the start; 0 = off."
            ),
            "TRADE_LOSS_LIMIT": Key(USD, 10_000_000, "Trading stops when one round has lost so much; 0 = off."),
            "TRADE_LOSS_ALERT": Key(USD, 20_000_000, "A person is told when one round has lost more; 0 = off."),
            "MAX_POSITION": Key(
                USD, 40_000_000, "All positions and working buys together never cost more; 0 = no maximum."
            ),
            "WATCH_SEC": Key(SECONDS, 120_000, "With no more than this left a market is watched: caps are smaller."),
            "WATCH_CAP_RATE": Key(RATE, 1_000_000, "... this part of CAP_SCHEDULE's, 1 = as they are."),
            "CLOSE_WINDOW_SEC": Key(SECONDS, 5_000, "With no more than this left only risk is reduced."),
            "REFUSALS_IN_A_ROW": Key(
                whole(0, 1_000), 5, "So many orders refused by the venue in a row trip a breaker; 0 = off."
            ),
            "REFUSALS_QUIET_SEC": Key(SECONDS, 30_000, "... which closes when no more were refused for so long."),
            "CROSSED_BOOK_SEC": Key(
                SECONDS, 2_000, "A market whose book is crossed for longer is not quoted until it is not; 0 = off."
            ),
            "RECONCILE_EVERY_ROUNDS": Key(
                whole(0, 10_000), 20, "The wallet is compared with the books after so many resolved rounds; 0 = never."
            ),
            "MIN_COLLATERAL": Key(USD, 10_000_000, "Preflight fails when the wallet has less."),
            "FOREIGN_UNITS": Key(
                NAMES,
                (),
                "systemd units and processes that trade with the same wallet: preflight fails while one runs.",
            ),
            "kill_file": Key(
                TEXT, "run/KILL", "While this file exists nothing new is risked; its content is the reason."
            ),
        }
    ),
    "execution": MappingProxyType(
        {
            "MUTATIONS_PER_MINUTE": Key(
                whole(1, 100_000),
                60,
                "Placements and cancels in a rolling minute; risk-reducing ones are counted, never blocked.",
            ),
            "VENUE_BUDGET_RESERVE": Key(
                whole(0, 1_000), 10, "The last orders of the venue's own budget are kept for what reduces risk."
            ),
            "MAX_OPEN_ORDERS": Key(whole(1, 1_000), 4, "Live orders at once; stops are exempt."),
            "REHEARSE_MS": Key(
                whole(0, 1_000),
                3,
                "How often a live engine runs through an order for nobody, so that the next one finds everything warm; "
                "0 = never.",
            ),
            "GTD_MINIMUM_SEC": Key(SECONDS, 180_000, "The venue's minimum distance of an expiration."),
            "GTD_BUFFER_SEC": Key(SECONDS, 60_000, "Added to it."),
            "AUTO_REDEEM": Key(
                BOOLEAN, False, "Whether `bucketmm wallet tidy` merges pairs and redeems winners while trading."
            ),
        }
    ),
    "store": MappingProxyType(
        {
            "url": Key(
                SECRET,
                None,
                "PostgreSQL for the tables made from the journals; null: a SQLite file beside them. BUCKETMM_STORE_URL "
                "stands in for null.",
            ),
        }
    ),
    "paper": MappingProxyType(
        {
            "latency_ms": Key(
                whole(0, 60_000), 50, "From a command to the paper venue, and from an answer back: half each."
            ),
            "taker_hold_ms": Key(whole(0, 60_000), 150, "How long a marketable order is held before it is matched."),
            "sellable_after_ms": Key(whole(0, 600_000), 2_000, "How long bought shares cannot be sold."),
            "fee_rate": Key(RATE, 70_000, "Taker fee rate where the market has no schedule."),
            "address": Key(
                TEXT,
                "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
                "A well-known test address, never to be funded.",
            ),
        }
    ),
}

RENAMED: Final[dict[str, str]] = {}
"""Obsolete key paths and what to say about them; none yet."""
