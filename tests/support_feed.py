"""The venue's market-channel messages and a market to use them on, as the tests of the feeder share them."""

import gzip
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from feeder.session import MarketSession
from shm.sink import Instrument

UP, DOWN = "11" * 38, "22" * 38
MARKET = "0x" + "ab" * 32
START_S = 1_766_683_800
T0_NS = START_S * 10**9
UP_ROW = Instrument(UP, MARKET, f"btc-updown-15m-{START_S}", START_S, 900, 1, 100, 5_000_000, 70_000)
DOWN_ROW = UP_ROW._replace(token_id=DOWN, outcome=2)


def level(price: str, size: str) -> dict[str, str]:
    return {"price": price, "size": size}


def book(token: str, bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]], ms: int, **more: str) -> Any:
    """A book message `ms` milliseconds after the window's start; give the levels best first, they are sent
    best last."""
    return {
        "event_type": "book",
        "asset_id": token,
        "market": MARKET,
        "bids": [level(*each) for each in reversed(bids)],
        "asks": [level(*each) for each in reversed(asks)],
        "timestamp": timestamp(ms),
        "hash": "e362f0481f6c5be99c7352a6e3440a5010c9cbdb",
        **more,
    }


def change(token: str, side: str, price: str, size: str, **best: str) -> dict[str, str]:
    return {"asset_id": token, "price": price, "size": size, "side": side, "hash": "5662", **best}


def price_change(ms: int, *changes: dict[str, str]) -> Any:
    return {
        "market": MARKET,
        "price_changes": list(changes),
        "timestamp": timestamp(ms),
        "event_type": "price_change",
    }


def trade(token: str, side: str, price: str, size: str, ms: int, **more: str) -> Any:
    return {
        "event_type": "last_trade_price",
        "asset_id": token,
        "market": MARKET,
        "price": price,
        "size": size,
        "side": side,
        "fee_rate_bps": "1000",
        "timestamp": timestamp(ms),
        **more,
    }


def timestamp(ms: int) -> str:
    return str(START_S * 1000 + ms)


def venue_ns(ms: int) -> int:
    return T0_NS + ms * 1_000_000


def give(session: MarketSession, *messages: Any, recv_ns: int = T0_NS) -> None:
    """Feed messages, objects as the venue would encode them and bytes as they are."""
    for message in messages:
        frame = message if isinstance(message, bytes | memoryview) else orjson.dumps(message)
        session.receive_frame(frame, recv_ns)


def data_folder() -> Path:
    """The recorded data; skips the test where it is missing, and fails it where CI says that it must be
    there."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("BUCKETMM_DATA", default))
    if folder.is_dir():
        return folder
    if os.environ.get("CI") == "true":
        pytest.fail(f"the recorded data is missing: expected the folder {folder}")
    pytest.skip(f"needs the recorded data in {folder} (BUCKETMM_DATA)")


def recorded_frames(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield (frame, recv_ts_ns) of one recorded 5-minute round."""
    with gzip.open(path) as lines:
        for line in lines:
            row = orjson.loads(line)
            yield orjson.dumps(row["msg"]), round(row["recv_s"] * 1e9)
