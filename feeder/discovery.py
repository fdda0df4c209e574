"""Finds the markets of windows: reads a Gamma market object strictly and says what is refused, or not ready
yet, and why.

Facts (protocol.md 1.1, 7.1, 8.2; 2026-11-21):
- `version` decides the token ids: "v1" uses `clobTokenIds` (a JSON string), "v2" `positionIds` (a JSON
  array). Field presence decides nothing: open v1 markets carry positionIds without a book.
- `outcomes` gives the order of the token ids; Up and Down are found by label.
- Windows settle on the Chainlink 60-second TWAP since 2026-08-07. A market that says anything else is not the
  market that the strategies are made for.
- A window is created about 24 h ahead; right after that its token ids can be empty and its order book
  disabled.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from engine.model.rounds import parse_slug, slug_of, twap_lookback_s
from engine.model.units import SHARE_U6, parse_scaled
from feeder.messages import tick_of
from shm.layout import Outcome
from shm.sink import Instrument

TOKEN_ID_FIELDS: Final = {"v1": "clobTokenIds", "v2": "positionIds"}
LABELS: Final = {"Up": Outcome.UP, "Down": Outcome.DOWN}


class FoundMarket(NamedTuple):
    """The two tokens of a window's market, and its version."""

    up: Instrument
    down: Instrument
    version: str


class NotReadyError(Exception):
    """The market exists but lacks what it will get: look again later."""


class RefusedError(Exception):
    """The market is not one that may be traded; the message names the field, what was expected and what was
    found."""


class LookupFailedError(Exception):
    """The market service could not be asked; the message is for a person."""


def read_market(market: object, slug: str) -> FoundMarket:
    """Return the tokens of the window `slug`; raises NotReadyError or RefusedError."""
    if not isinstance(market, dict):
        raise RefusedError(f"{slug}: expected a market object, was {type(market).__name__}")
    asset, start_s, length_s = parse_slug(slug)
    version = market.get("version")
    if version not in TOKEN_ID_FIELDS:
        raise RefusedError(f"{slug}: expected version 'v1' or 'v2', was {version!r}")
    _check_settlement(market, asset, length_s, slug)
    _check_window(market, start_s, length_s, slug)
    _check_open(market, slug)
    up_id, down_id = _token_ids(market, TOKEN_ID_FIELDS[version], slug)
    rate_e6, exponent, taker_only = _fees(market, slug)
    up = Instrument(
        token_id=up_id,
        condition_id=_condition_id(market, slug),
        slug=slug,
        window_start_s=start_s,
        window_length_s=length_s,
        outcome=Outcome.UP,
        tick_e4=_tick_e4(market, slug),
        min_size_u6=_decimal(market, "orderMinSize", 6, slug),
        fee_rate_e6=rate_e6,
        fee_exponent=exponent,
        taker_only=taker_only,
    )
    return FoundMarket(up, up._replace(token_id=down_id, outcome=Outcome.DOWN), version)


def _check_settlement(market: Mapping[str, Any], asset: str, length_s: int, slug: str) -> None:
    lookback_s = twap_lookback_s(length_s)
    _, _, length_name, _ = slug_of(asset, 0, length_s).split("-")
    config = market.get("cryptoMarketConfig")
    found = {
        "resolutionSource": market.get("resolutionSource"),
        "cryptoMarketConfigId": market.get("cryptoMarketConfigId"),
        "twapEnabled": config.get("twapEnabled") if isinstance(config, dict) else None,
        "twapLookbackSeconds": config.get("twapLookbackSeconds") if isinstance(config, dict) else None,
    }
    expected = {
        "resolutionSource": f"https://data.chain.link/streams/{asset}-usd-twap-{lookback_s}s-streams",
        "cryptoMarketConfigId": f"{asset}-{length_name}-twap-{lookback_s}",
        "twapEnabled": True,
        "twapLookbackSeconds": lookback_s,
    }
    for field, value in expected.items():
        if found[field] != value:
            raise RefusedError(f"{slug}: expected the settlement rule {field} {value!r}, was {found[field]!r}")


def _check_window(market: Mapping[str, Any], start_s: int, length_s: int, slug: str) -> None:
    if market.get("slug") != slug:
        raise RefusedError(f"{slug}: expected slug {slug!r}, was {market.get('slug')!r}")
    for field, expected_s in (("eventStartTime", start_s), ("endDate", start_s + length_s)):
        text = market.get(field)
        try:
            found_s = datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
        except ValueError:
            found_s = None
        if found_s != expected_s:
            raise RefusedError(f"{slug}: expected {field} at Unix second {expected_s}, was {text!r}")


def _check_open(market: Mapping[str, Any], slug: str) -> None:
    if market.get("negRisk") not in (False, None):
        raise RefusedError(f"{slug}: expected negRisk false, was {market['negRisk']!r}")
    for field in ("closed", "archived"):
        if market.get(field):
            raise RefusedError(f"{slug}: expected an open market, was {field}")
    for field in ("active", "enableOrderBook", "acceptingOrders"):
        if market.get(field) is not True:
            raise NotReadyError(f"{slug}: {field} is {market.get(field)!r}")


def _token_ids(market: Mapping[str, Any], field: str, slug: str) -> tuple[str, str]:
    labels, token_ids = _list(market, "outcomes", slug), _list(market, field, slug)
    if not token_ids or "" in token_ids:
        raise NotReadyError(f"{slug}: {field} has no token ids yet")
    if sorted(labels) != sorted(LABELS) or len(token_ids) != 2 or token_ids[0] == token_ids[1]:
        raise RefusedError(f"{slug}: expected Up and Down with one token each, was {labels!r} and {token_ids!r}")
    if not all(token_id.isascii() and token_id.isdigit() for token_id in token_ids):
        raise RefusedError(f"{slug}: expected decimal token ids in {field}, was {token_ids!r}")
    by_label = dict(zip(labels, token_ids, strict=True))
    return by_label["Up"], by_label["Down"]


def _list(market: Mapping[str, Any], field: str, slug: str) -> list[str]:
    """Return a list of strings, which Gamma gives as such or encoded as JSON in a string."""
    value = market.get(field)
    if value in (None, ""):
        raise NotReadyError(f"{slug}: {field} is {value!r}")
    try:
        items = orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        items = None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise RefusedError(f"{slug}: expected a list of strings in {field}, was {value!r}")
    return items


def _condition_id(market: Mapping[str, Any], slug: str) -> str:
    value = market.get("conditionId")
    if not isinstance(value, str) or not value.startswith("0x") or len(value) != 66:
        raise RefusedError(f"{slug}: expected a conditionId of 0x and 64 digits, was {value!r}")
    return value


def _fees(market: Mapping[str, Any], slug: str) -> tuple[int, int, bool]:
    if market.get("feesEnabled") is False:
        return 0, 1, True
    schedule = market.get("feeSchedule")
    if not isinstance(schedule, dict):
        raise RefusedError(f"{slug}: expected a feeSchedule, was {schedule!r}")
    exponent, taker_only = schedule.get("exponent"), schedule.get("takerOnly")
    if exponent not in (1, 2) or not isinstance(taker_only, bool):
        raise RefusedError(f"{slug}: expected a feeSchedule with exponent 1 or 2 and takerOnly, was {schedule!r}")
    return _decimal(schedule, "rate", 6, slug), int(exponent), taker_only


def _tick_e4(market: Mapping[str, Any], slug: str) -> int:
    text = str(market.get("orderPriceMinTickSize"))
    try:
        return tick_of(text)
    except ValueError as error:
        raise RefusedError(f"{slug}: orderPriceMinTickSize: {error}") from error


def _decimal(fields: Mapping[str, Any], field: str, decimals: int, slug: str) -> int:
    """Return a number, which JSON has as a float or a string, on the integer grid. Its shortest decimal is
    what was meant."""
    try:
        value = parse_scaled(str(fields.get(field)), decimals)
    except ValueError as error:
        raise RefusedError(f"{slug}: {field}: {error}") from error
    if field == "orderMinSize" and not SHARE_U6 // 100 <= value <= 1_000_000 * SHARE_U6:
        raise RefusedError(f"{slug}: expected an orderMinSize in shares, was {fields[field]!r}")
    return value
