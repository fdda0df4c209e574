"""The recorded real messages have the fields and types that the local exchange sends; every difference is explained."""

import asyncio
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.model.events import Side
from tests.integration.exchange.stage import Stage, staged

DATA = Path(os.environ.get("BUCKETMM_DATA") or Path(__file__).parents[4] / "shared" / "data")

NEWER: dict[str, str] = {
    "book.min_order_size": "on the channel since 2026 (protocol.md 5); recorded in April without it",
    "book.neg_risk": "the same",
    "trade.maker_orders[].outcome_index": "newer than the recorded messages of 2024 and 2025 (protocol.md 6)",
    "trade.maker_orders[].side": "the same; the later recorded ones have it",
    "market.cryptoMarketConfig": "since the settlement on averages, 2026-08-07 (protocol.md 8.2)",
    "market.cryptoMarketConfig.asset": "the same",
    "market.cryptoMarketConfig.duration": "the same",
    "market.cryptoMarketConfig.id": "the same",
    "market.cryptoMarketConfig.twapEnabled": "the same",
    "market.cryptoMarketConfig.twapLookbackSeconds": "the same",
    "market.cryptoMarketConfigId": "the same",
    "market.feeSchedule": "since 2026-03-31 (protocol.md 10)",
    "market.feeSchedule.exponent": "the same",
    "market.feeSchedule.rate": "the same",
    "market.feeSchedule.rebateRate": "the same",
    "market.feeSchedule.takerOnly": "the same",
    "market.events[].tags": "events have them; the recorded copies inside a market leave them out",
    "market.events": "inside a market; these copies leave them out",
    "market.oneDayPriceChange": "the 15-minute markets of February have it",
    "market.version": "since 2026-09 (protocol.md 1.1)",
}
"""What we send and the recordings lack, and why that is right."""

OLDER: dict[str, str] = {}
"""What the recordings have and we do not send, and why that is right."""

TYPES: dict[str, str] = {
    "order.associate_trades": "null until the first trade, then a list; both occur at the venue (protocol.md 6)",
    "trade.transaction_hash": "null until the trade is mined (protocol.md 6)",
}
"""Where both differ in type, and why that is right."""


@pytest.fixture(scope="module")
def data() -> Path:
    if not DATA.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"expected recorded data in {DATA}")
        pytest.skip(f"no recorded data in {DATA}; set BUCKETMM_DATA")
    return DATA


def test_books_have_the_recorded_fields_and_types(data: Path) -> None:
    path = next(iter(sorted((data / "btc5m_ws_book" / "frames").iterdir())))
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        recorded = [orjson.loads(line)["msg"] for line, _ in zip(lines, range(50), strict=False)]

    async def ours(stage: Stage) -> list[dict[str, Any]]:
        await stage.place(4_000)
        await stage.place(4_000, token=1)
        async with stage.market_stream() as frames:
            return [await frames.next("book"), await frames.next("book")]

    assert unexplained("book", recorded, sent(ours)) == []


def test_order_events_have_the_recorded_fields_and_types(data: Path) -> None:
    folder = data / "api_samples" / "user_channel"
    recorded = [orjson.loads(path.read_bytes()) for path in sorted(folder.glob("order_*.json"))]

    async def ours(stage: Stage) -> list[dict[str, Any]]:
        async with stage.user_stream() as frames:
            await asyncio.sleep(0.05)
            placed = (await stage.place(4_000)).json()["orderID"]
            await stage.delete("/order", {"orderID": placed})
            return [await frames.next("order"), await frames.next("order")]

    assert unexplained("order", recorded, sent(ours)) == []


def test_trade_events_have_the_recorded_fields_and_types(data: Path) -> None:
    folder = data / "api_samples" / "user_channel"
    recorded = [orjson.loads(path.read_bytes()) for path in sorted(folder.glob("user_trade*.json"))]

    async def ours(stage: Stage) -> list[dict[str, Any]]:
        async with stage.user_stream() as frames:
            await asyncio.sleep(0.05)
            await stage.place(4_000)
            await stage.place(6_000, account=1, token=1)
            return [await frames.next("trade") for _ in range(3)]

    assert unexplained("trade", recorded, sent(ours)) == []


def test_gamma_markets_have_the_recorded_fields_and_types(data: Path) -> None:
    paths = sorted((data / "api_samples").glob("gamma_market_*.json"))
    decoded = [orjson.loads(path.read_bytes()) for path in paths]
    recorded = [row.get("raw_market", row) for row in decoded]

    async def ours(stage: Stage) -> list[dict[str, Any]]:
        await stage.place(4_000, side=Side.BUY)
        return [(await stage.get(f"/gamma/markets/slug/{stage.market.spec.slug}")).json()]

    assert unexplained("market", recorded, sent(ours)) == []


def test_resolved_gamma_markets_have_the_recorded_fields_and_types(data: Path) -> None:
    with gzip.open(data / "btc5m_settlement" / "BTC-5m-markets-2026-06-08.jsonl.gz") as lines:
        recorded = [row["raw"] for row in map(orjson.loads, lines) if row["resolved"]]
    assert len(recorded) > 200

    async def ours(stage: Stage) -> list[dict[str, Any]]:
        await stage.place(4_000)
        market = stage.market
        stage.app.exchange.resolve(market, 0, stage.app.desk.now_ms())
        return [(await stage.get(f"/gamma/markets/slug/{market.spec.slug}")).json()]

    assert unexplained("market", recorded, sent(ours)) == []


def test_order_errors_have_the_recorded_shape(data: Path) -> None:
    lines = (data / "api_samples" / "clob_order_error_bodies.jsonl").read_text().splitlines()
    bodies = [orjson.loads(line)["body"] for line in lines]
    recorded = [body for body in bodies if isinstance(body, dict)]
    assert recorded

    async def ours(stage: Stage) -> list[dict[str, Any]]:
        return [(await stage.place(4_000, tif="FOK")).json()]

    assert unexplained("error", recorded, sent(ours)) == []


def sent(ours: Any) -> list[dict[str, Any]]:
    """Return what an exchange of our own sends."""

    async def main() -> list[dict[str, Any]]:
        async with staged() as stage:
            found: list[dict[str, Any]] = await ours(stage)
            return found

    return asyncio.run(main())


def unexplained(name: str, recorded: list[dict[str, Any]], ours: list[dict[str, Any]]) -> list[str]:
    """Return the differences in fields and types between two sets of messages that no table above explains."""
    theirs_by_field, ours_by_field = fields(name, recorded), fields(name, ours)
    found = []
    for field in sorted(theirs_by_field.keys() | ours_by_field.keys()):
        theirs, own = theirs_by_field.get(field), ours_by_field.get(field)
        if theirs is None:
            if not _is_explained(NEWER, field):
                found.append(f"{field}: sent, not recorded")
        elif own is None:
            if not _is_explained(OLDER, field):
                found.append(f"{field}: recorded, not sent")
        elif not theirs & own and field not in TYPES:
            found.append(f"{field}: recorded as {sorted(theirs)}, sent as {sorted(own)}")
    return found


def _is_explained(table: dict[str, str], field: str) -> bool:
    return any(field == known or field.startswith((f"{known}.", f"{known}[")) for known in table)


def fields(name: str, messages: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Return each field of messages by its path, with the types that occur."""
    found: dict[str, set[str]] = {}
    for message in messages:
        for path, kind in _walk(name, message):
            found.setdefault(path, set()).add(kind)
    return found


def _walk(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _walk(f"{path}.{key}", each)
            yield f"{path}.{key}", _kind(each)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(f"{path}[]", each)


def _kind(value: object) -> str:
    kinds = {bool: "bool", int: "number", float: "number", str: "string", list: "list", dict: "object"}
    return "null" if value is None else kinds[type(value)]
