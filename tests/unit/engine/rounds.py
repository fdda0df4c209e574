"""Small makers of events for the engine's unit tests: one market, two tokens, books."""

from engine.model.events import Market, MarketChange, Tob
from engine.model.fees import CRYPTO_FEES, FeeSchedule
from engine.model.units import NS_PER_S

START_S = 1_800_000_000
LENGTH_S = 900
SLUG = f"btc-updown-15m-{START_S}"
UP, DOWN = 0, 1


def at(seconds: float) -> int:
    """Return a moment of the window, Unix ns."""
    return START_S * NS_PER_S + round(seconds * 1_000) * 1_000_000


def opened(asset: int, seconds: float = -5.0, *, length_s: int = LENGTH_S, fees: FeeSchedule = CRYPTO_FEES) -> Market:
    """Return MARKET/OPENED of one of the two tokens."""
    slug = SLUG if length_s == LENGTH_S else f"btc-updown-{length_s}s-{START_S}"
    return Market(
        at(seconds),
        asset,
        1 - asset,
        MarketChange.OPENED,
        f"token-{asset}",
        "condition",
        slug,
        START_S,
        length_s,
        asset + 1,
        100,
        5_000_000,
        fees,
    )


def changed(change: MarketChange, asset: int, seconds: float, tick_e4: int = 100) -> Market:
    """Return a later MARKET event of a token."""
    market = opened(asset, seconds)
    return Market(
        at(seconds),
        asset,
        1 - asset,
        change,
        market.token_id,
        market.condition_id,
        market.slug,
        market.window_start_s,
        market.window_length_s,
        market.outcome,
        tick_e4,
        market.min_size_u6,
        market.fees,
    )


def book(asset: int, seconds: float, bid_e4: int, ask_e4: int, shares: int = 100) -> Tob:
    """Return a top of book with one level a side; a price of 0 leaves the side empty."""
    size_u6 = shares * 1_000_000
    return Tob(
        at(seconds),
        asset,
        bid_e4,
        size_u6 if bid_e4 else 0,
        ask_e4,
        size_u6 if ask_e4 else 0,
        0,
        0,
        0,
        0,
    )
