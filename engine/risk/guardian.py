"""The guardian: stops trading by name when too much was lost (risk.md): in a day, from the peak, in one trade.

Money is counted with open positions at min(bid, cost): a gain counts when it is made, a loss when it is seen. A stop is
the kill switch and lasts until a person resumes; the resume begins a new count from what is left then, so that the
same loss does not stop trading twice. A limit of 0 is off.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from engine.model.units import NS_PER_S, format_cash

DAY_NS: Final = 24 * 3600 * NS_PER_S
"""A UTC day: Unix time has no others."""


class TradingState(StrEnum):
    """What may be done: everything, only what reduces risk, or that with everything resting cancelled."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class GuardianParams(msgspec.Struct, frozen=True):
    """The limits, in 1e-6 USD; 0 = off."""

    daily_loss_max_u6: int = 20_000_000
    drawdown_max_u6: int = 30_000_000
    trade_loss_max_u6: int = 10_000_000
    trade_loss_alert_u6: int = 20_000_000
    position_max_u6: int = 40_000_000


class Guardian(msgspec.Struct, frozen=True, array_like=True):
    """What losses are counted from. `trade_from_u6`: P&L of trades that were open at a resume; they count from there.

    `alerted`: the windows whose loss a person was told of.
    """

    day: int = -1
    day_start_u6: int = 0
    peak_u6: int = 0
    equity_u6: int = 0
    trade_from_u6: dict[str, int] = {}
    alerted: tuple[str, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """What the guardian found: which limit stops trading (its name, and the words), and which trades to tell of."""

    limit: str = ""
    text: str = ""
    told: tuple[str, ...] = ()


NOTHING_FOUND: Final = Finding()


def begin(equity_u6: int, now_ns: int) -> Guardian:
    """Return a guardian that counts from here."""
    return Guardian(now_ns // DAY_NS, equity_u6, equity_u6, equity_u6)


def rebased(guardian: Guardian, equity_u6: int, trades: Mapping[str, int], now_ns: int) -> Guardian:
    """Return a guardian that counts from what is left now: a person has resumed."""
    return msgspec.structs.replace(
        begin(equity_u6, now_ns), trade_from_u6={slug: pnl_u6 for slug, pnl_u6 in trades.items() if pnl_u6 < 0}
    )


def judge(
    params: GuardianParams, guardian: Guardian, equity_u6: int, trades: Mapping[str, int], now_ns: int
) -> tuple[Guardian, Finding]:
    """Take in equity and the P&L of each open window, both in 1e-6 USD; return which limit was reached, if any."""
    day = now_ns // DAY_NS
    new_day = day != guardian.day
    after = msgspec.structs.replace(
        guardian,
        day=day,
        day_start_u6=guardian.equity_u6 if new_day else guardian.day_start_u6,
        peak_u6=max(guardian.peak_u6, equity_u6),
        equity_u6=equity_u6,
    )
    losses_u6 = {slug: guardian.trade_from_u6.get(slug, 0) - pnl_u6 for slug, pnl_u6 in trades.items() if pnl_u6 < 0}
    told = tuple(
        slug
        for slug, loss_u6 in losses_u6.items()
        if loss_u6 > params.trade_loss_alert_u6 > 0 and slug not in guardian.alerted
    )
    if told:
        after = msgspec.structs.replace(after, alerted=(*after.alerted, *told))
    for limit, loss_u6, max_u6 in (
        ("daily_loss", after.day_start_u6 - equity_u6, params.daily_loss_max_u6),
        ("drawdown", after.peak_u6 - equity_u6, params.drawdown_max_u6),
        ("trade_loss", max(losses_u6.values(), default=0), params.trade_loss_max_u6),
    ):
        if 0 < max_u6 <= loss_u6:
            words = f"{limit.replace('_', ' ')} of {format_cash(loss_u6)} USD, the limit is {format_cash(max_u6)} USD"
            return after, Finding(limit, words, told)
    return after, Finding(told=told) if told else NOTHING_FOUND


def forget(guardian: Guardian, slug: str) -> Guardian:
    """Forget a window that is over."""
    if slug not in guardian.trade_from_u6 and slug not in guardian.alerted:
        return guardian
    return msgspec.structs.replace(
        guardian,
        trade_from_u6={one: pnl_u6 for one, pnl_u6 in guardian.trade_from_u6.items() if one != slug},
        alerted=tuple(one for one in guardian.alerted if one != slug),
    )


def trading_state(params: GuardianParams, *, killed: bool, tripped: bool, position_u6: int) -> TradingState:
    """Return what may be done: HALTED by the kill switch; REDUCING by a breaker or with the maximum position held."""
    if killed:
        return TradingState.HALTED
    full = 0 < params.position_max_u6 <= position_u6
    return TradingState.REDUCING if tripped or full else TradingState.ACTIVE
