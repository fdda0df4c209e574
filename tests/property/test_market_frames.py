"""Whoever folds the frames of the market channel has what GET /book says: both tokens, every market, at all times."""

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from engine.exchange.app import App, AppOptions
from engine.exchange.calendar import SeriesOptions
from engine.exchange.core.market import Market
from engine.exchange.streams.out import FrameKind
from engine.worlds.crowd import Crowd
from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style

START_MS = 1_795_263_300_000
LENGTHS_S = (60, 300)


class Listener:
    """A connection to the market channel: folds what comes, and checks each frame against its fold."""

    def __init__(self) -> None:
        self.books: dict[str, dict[str, dict[str, str]]] = {}
        self.newest_ms: dict[str, int] = {}
        self.kinds: dict[str, list[str]] = {}

    @property
    def buffered_bytes(self) -> int:
        return 0

    def send_text(self, payload: bytes | str, kind: FrameKind = FrameKind.DATA) -> None:
        told = json.loads(payload)
        for message in told if isinstance(told, list) else [told]:
            self._hear(message)

    def send_ping(self) -> None:
        raise AssertionError("the market channel sends no pings")

    def close(self, code: int, reason: str = "") -> None:
        raise AssertionError(f"closed with {code} {reason}")

    def abort(self) -> None:
        raise AssertionError("reset")

    def _hear(self, message: dict[str, Any]) -> None:
        market, at_ms = message["market"], int(message["timestamp"])
        assert at_ms >= self.newest_ms.get(market, 0), f"time went back with {message}"
        self.newest_ms[market] = at_ms
        self.kinds.setdefault(market, []).append(message["event_type"])
        if message["event_type"] == "book":
            self._take_book(message)
        elif message["event_type"] == "price_change":
            self._take_changes(message["price_changes"])
        elif message["event_type"] == "best_bid_ask":
            assert self.best(message["asset_id"]) == (message["best_bid"], message["best_ask"])

    def _take_book(self, message: dict[str, Any]) -> None:
        book = {side: {row["price"]: row["size"] for row in message[name]} for side, name in SIDES.items()}
        assert self.books.setdefault(message["asset_id"], book) == book, "a book that the changes do not add up to"

    def _take_changes(self, rows: list[dict[str, str]]) -> None:
        for row in rows:
            levels = self.books[row["asset_id"]][row["side"]]
            if row["size"] == "0":
                levels.pop(row["price"], None)  # it may have come and gone within one step
            else:
                levels[row["price"]] = row["size"]
        for row in rows:
            assert self.best(row["asset_id"]) == (row["best_bid"], row["best_ask"])
        first, *_ = tokens = list(dict.fromkeys(row["asset_id"] for row in rows))
        assert len(tokens) == 2
        assert mirrored(row for row in rows if row["asset_id"] == first) == sorted(
            (float(row["price"]), row["side"], row["size"]) for row in rows if row["asset_id"] != first
        )

    def best(self, token_id: str) -> tuple[str, str]:
        book = self.books[token_id]
        return max(book["BUY"], key=float, default="0"), min(book["SELL"], key=float, default="1")


SIDES = {"BUY": "bids", "SELL": "asks"}


def mirrored(rows: Iterator[dict[str, str]]) -> list[tuple[float, str, str]]:
    other = {"BUY": "SELL", "SELL": "BUY"}
    return sorted((round(1 - float(row["price"]), 4), other[row["side"]], row["size"]) for row in rows)


def told_by_rest(app: App, market: Market, token: int) -> dict[str, dict[str, str]]:
    summary: Any = app.desk.books.summary(market, token)
    return {side: {row["price"]: row["size"] for row in summary[name]} for side, name in SIDES.items()}


@pytest.mark.parametrize("seed", range(3))
def test_the_fold_of_the_frames_is_the_book_of_rest(seed: int) -> None:
    """Two assets with windows of two lengths, woken late and unevenly: many windows change in one step."""
    now_ms = START_MS
    series = tuple(
        SeriesOptions(asset=asset, length_s=length_s, seed=seed) for asset in ("btc", "eth") for length_s in LENGTHS_S
    )
    app = App(
        AppOptions(series=series, seed=seed),
        lambda own, at_ms: Crowd(styled_crowd(Style.WILD, seed, own[0].length_s), seed, at_ms),
        lambda: now_ms,
    )
    app.begin()
    listener = Listener()
    app.market_channel.on_open(listener)
    tokens = [token_id for market in app.exchange.markets.values() for token_id in market.spec.tokens]
    first = {"type": "market", "assets_ids": tokens, "custom_feature_enabled": True}
    app.market_channel.on_text(listener, json.dumps(first))
    followed = [market for market in app.exchange.markets.values() if market.is_readable]
    dice = random.Random(seed)
    while now_ms < START_MS + 100_000:
        now_ms += dice.choice((1, 20, 100, 700))
        app.wake(now_ms)
        for market in followed:
            if market.is_readable:
                for token, token_id in enumerate(market.spec.tokens):
                    assert listener.books[token_id] == told_by_rest(app, market, token)
    kinds = [kind for market in listener.kinds.values() for kind in market]
    assert {"book", "price_change", "last_trade_price", "best_bid_ask", "market_resolved"} <= set(kinds)
    for market_kinds in listener.kinds.values():
        for before, kind in pairwise(market_kinds):
            assert kind != "last_trade_price" or before in ("book", "last_trade_price")
