"""A comparison as plain values for JSON, and as one self-contained HTML page."""

from pathlib import Path
from typing import Any, Final

from engine.analytics.fill_types import MEANING, FillType
from engine.analytics.parity import Agreement, Comparison, WindowRow
from engine.analytics.parity_orders import OrderPair
from engine.analytics.parting import Parting, describe
from engine.model.units import format_cash, format_scaled

_TEMPLATE: Final = Path(__file__).with_name("parity.html")


def as_values(found: Comparison) -> dict[str, Any]:
    """Return the comparison for JSON; money as decimal strings in USD, rates from 0 to 1, null where there is none."""
    live_types, dry_types = found.fill_types
    return {
        "live_mode": found.modes[0],
        "dry_mode": found.modes[1],
        "config_differences": [one._asdict() for one in found.config],
        "windows": len(found.rows),
        "only_live": found.only_live,
        "only_dry": found.only_dry,
        "fill_type_agreement": found.fill_type_rate,
        "fill_types": {
            kind.value: {"live": live_types[kind.value], "dry": dry_types[kind.value]}
            for kind in FillType
            if live_types[kind.value] or dry_types[kind.value]
        },
        "pnl_delta_usd": format_scaled(found.pnl_delta_u6, 6),
        "decisions": _agreement(found.decisions),
        "trading_decisions": _agreement(found.trading),
        "live_quality": found.quality[0]._asdict(),
        "dry_quality": found.quality[1]._asdict(),
        "orders": {
            "paired": len(found.orders.pairs),
            "filled_alike": found.orders.alike,
            "only_live": found.orders.only_live,
            "only_dry": found.orders.only_dry,
            "pairs": [_pair(pair) for pair in found.orders.pairs],
        },
        "first_parting": _parting(found.first_parting),
        "rounds": [_row(row) for row in found.rows],
    }


def _agreement(agreement: Agreement) -> dict[str, Any]:
    return {"compared": agreement.compared, "matched": agreement.matched, "agreement": agreement.rate}


def _row(row: WindowRow) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "live_type": row.live_type.value,
        "dry_type": row.dry_type.value,
        "live_pnl_usd": _usd(row.live_pnl_u6),
        "dry_pnl_usd": _usd(row.dry_pnl_u6),
        "pnl_delta_usd": _usd(row.pnl_delta_u6),
        "decisions": _agreement(row.decisions),
        "trading_decisions": _agreement(row.trading),
        "parting": _parting(row.parting),
    }


def _pair(pair: OrderPair) -> dict[str, Any]:
    sides: dict[str, str | float | None] = {}
    for name, fate in (("live", pair.live), ("dry", pair.dry)):
        sides[f"{name}_filled"] = format_scaled(fate.filled_u6, 6)
        sides[f"{name}_acknowledged_ms"] = fate.acknowledged_ms
        sides[f"{name}_filled_ms"] = fate.filled_ms
    price, size = format_scaled(pair.price_e4, 4), format_scaled(pair.size_u6, 6)
    what = {"order": pair.order, "purpose": pair.purpose, "side": pair.side, "price": price, "size": size}
    return {**what, "filled_alike": pair.is_alike, **sides}


def _usd(cash_u6: int | None) -> str | None:
    return None if cash_u6 is None else format_scaled(cash_u6, 6)


def _parting(parting: Parting | None) -> dict[str, Any] | None:
    if parting is None:
        return None
    return {
        "slug": parting.slug,
        "position": parting.position,
        "reason": parting.reason,
        "live": describe(parting.live),
        "dry": describe(parting.dry),
    }


def percent(rate: float | None) -> str:
    """Return a rate for a person."""
    return "-" if rate is None else f"{100 * rate:.1f} %"


def number(value: float | None) -> str:
    """Return a measured figure for a person."""
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def cash(cash_u6: int | None) -> str:
    """Return cash for a person."""
    return "-" if cash_u6 is None else format_cash(cash_u6)


def as_page(found: Comparison, names: tuple[str, str]) -> str:
    """Return one HTML page without anything from outside. Needs jinja2, the extra `report`."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(percent=percent, number=number, cash=cash)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    kinds = [kind.value for kind in FillType if any(types[kind.value] for types in found.fill_types)]
    return template.render(
        found=found, names=names, kinds=kinds, meaning={kind.value: text for kind, text in MEANING.items()},
        parting=_parting(found.first_parting), rounds=[_row(row) for row in found.rows],
    )  # fmt: skip
