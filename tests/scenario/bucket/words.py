"""The words of a scenario: prices, sizes and moments as a person says them, and the market's own events."""

from engine.config.build import bucket_params
from engine.config.load import parse_config
from engine.model.commands import Place
from engine.model.events import Market, MarketChange, Side, Tob
from engine.model.fees import CRYPTO_FEES
from engine.model.units import NS_PER_S

START_S = 1_800_000_000
UP, DOWN = 0, 1
SLUG = f"btc-updown-15m-{START_S}"
CONFIG = parse_config(b"{}", "scenario")
PARAMS = bucket_params(CONFIG)


def market(asset: int, change: MarketChange = MarketChange.OPENED, tick: float = 0.01, second: float = -2) -> Market:
    """Return a MARKET event of one of the two tokens."""
    return Market(
        at(second),
        asset,
        1 - asset,
        change,
        f"token-{asset}",
        "condition",
        SLUG,
        START_S,
        900,
        asset + 1,
        price(tick),
        5_000_000,
        CRYPTO_FEES,
    )


def at(second: float) -> int:
    """Return the time `second` seconds after the window's start, Unix ns."""
    return START_S * NS_PER_S + round(second * NS_PER_S)


def price(usd: float) -> int:
    """Return a price in 1e-4 USD."""
    return round(usd * 10_000)


def shares(count: float) -> int:
    """Return a size in 1e-6 shares."""
    return round(count * 1_000_000)


def tob(second: float, asset: int, bid: float, ask: float, size: float = 100, **more: int) -> Tob:
    """Return a record of one token; a price of 0 = that side is empty."""
    bid_u6, ask_u6 = shares(size) if bid else 0, shares(size) if ask else 0
    levels = {"bid2_price_e4": 0, "bid2_size_u6": 0, "ask2_price_e4": 0, "ask2_size_u6": 0, **more}
    return Tob(at(second), asset, price(bid), bid_u6, price(ask), ask_u6, **levels)


def order_line(place: Place) -> tuple[str, float, float, str, bool]:
    """Return an order as a person would say it: side, price, shares, time in force, post-only."""
    return (Side(place.side).name, place.price_e4 / 1e4, place.size_u6 / 1e6, place.tif.name, place.post_only)
