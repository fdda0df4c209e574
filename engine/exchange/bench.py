"""Measures the exchange: how many orders a second the core takes, ledger, fees and notices included.

The core is measured alone, in one process, without signatures, HTTP or rendering.
"""

import gc
import os
import statistics
import time
from collections.abc import Sequence
from random import Random
from typing import Final

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import MarketSpec
from engine.exchange.core.orders import NewOrder
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import SHARE_U6
from engine.venue.amounts import limit_amounts, market_amounts

ORDERS: Final = 50_000
PASSES: Final = 5
WALLETS: Final = 8
CANCEL_SHARE: Final = 0.45
"""How many of the resting orders are cancelled later: the book then keeps its size."""

Step = NewOrder | str
"""An order to send, or the id of one to cancel."""


def _spec() -> MarketSpec:
    return MarketSpec(slug="bench", condition_id="bench", tokens=("up", "down"), hold_ms=0)


def _order(random: Random, number: int) -> NewOrder:
    """Return an order around 0.50: of six, about four are meant to rest and two to take."""
    side = random.choice((Side.BUY, Side.SELL))
    token = random.randrange(2)
    takes = random.random() < 0.37
    edge_e4 = 100 * random.randrange(1, 4) * (1 if takes else -1)
    price_e4 = 5_000 + (edge_e4 if side == Side.BUY else -edge_e4)
    size_u6 = random.randrange(500, 3_000) * 10_000
    tif = random.choice((TimeInForce.GTC, TimeInForce.FAK)) if takes else TimeInForce.GTC
    if tif == TimeInForce.GTC:
        amounts = limit_amounts(side, price_e4, size_u6)
    else:
        amounts = market_amounts(side, price_e4, size_u6 // 2 if side == Side.BUY else size_u6, 100)
    wallet = f"w{random.randrange(WALLETS)}"
    return NewOrder(f"o{number}", wallet, wallet, ("up", "down")[token], side, amounts.maker_u6, amounts.taker_u6, tif)


def _steps(seed: int, orders: int) -> list[Step]:
    """Return orders, and between them cancels of earlier ones."""
    random = Random(seed)
    steps: list[Step] = []
    for number in range(orders):
        order = _order(random, number)
        steps.append(order)
        if random.random() < CANCEL_SHARE:
            steps.append(f"o{max(0, number - random.randrange(200))}")
    return steps


def _exchange() -> Exchange:
    exchange = Exchange()
    market = exchange.list_market(_spec(), 0)
    for number in range(WALLETS):
        account = exchange.deposit(f"w{number}", 20_000_000 * SHARE_U6)
        refused = exchange.settlement.split(account, market, 10_000_000 * SHARE_U6, 0)
        assert refused is None, refused
    exchange.advance(10_000)
    exchange.take_notices()
    return exchange


def _once(steps: Sequence[Step]) -> tuple[int, dict[str, int]]:
    """Return (ns in all, what the steps came to); one step takes a millisecond of the exchange's time."""
    exchange = _exchange()
    owners = {step.order_id: step.owner for step in steps if isinstance(step, NewOrder)}
    submit, cancel, take_notices = exchange.submit, exchange.cancel, exchange.take_notices
    gc.collect()
    begun_ns = time.perf_counter_ns()
    for now_ms, step in enumerate(steps, 10_000):
        if isinstance(step, NewOrder):
            submit(step, now_ms)
        else:
            cancel(owners[step], (step,), now_ms)
        take_notices()
    return time.perf_counter_ns() - begun_ns, _mix(steps, exchange)


def _mix(steps: Sequence[Step], exchange: Exchange) -> dict[str, int]:
    orders = sum(isinstance(step, NewOrder) for step in steps)
    taking = {trade.taker_order_id for trades in exchange.trades_by_owner.values() for trade in trades.values()}
    return {
        "orders": orders,
        "cancels": len(steps) - orders,
        "orders_that_traded_at_once": len(taking),
        "trades": exchange.matching.trades_made,
        "still_resting": sum(len(some) for some in exchange.open_by_owner.values()),
    }


def bench_matching(orders: int = ORDERS, passes: int = PASSES) -> dict[str, object]:
    """Return orders per second through `submit` (median of the passes), the mix, and the conditions.

    Only orders count, though the time of the cancels between them is in it. Notices are taken after each step, trades
    are mined and confirmed in their time.
    """
    rates = []
    for number in range(passes):
        total_ns, mix = _once(_steps(number, orders))
        rates.append(orders * 1e9 / total_ns)
    return {
        "matching_orders_per_s": round(statistics.median(rates)),
        "matching_orders_per_s_all": [round(rate) for rate in rates],
        "matching_mix": mix,
        "conditions": {"cores": os.cpu_count(), "load_1m": os.getloadavg()[0], "passes": passes},
    }
