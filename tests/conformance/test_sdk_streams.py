"""The official SDK follows the market and the user channel, and PolyBolt's prices; what it cannot parse it drops."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("polymarket", reason="the official clients are not installed: pip install -e '.[clients]'")

from polymarket.streams import CryptoPriceSpec, CryptoTwapPriceSpec, MarketSpec, UserSpec

from tests.conformance.sdk import connected, run
from tests.conformance.trader import Trader, stand
from tests.conformance.venue import Venue

PATIENCE_S = 15


async def until(handle: Any, wanted: Callable[[Any], bool]) -> list[Any]:
    """Return the events up to the first one that is wanted."""
    seen: list[Any] = []
    async with asyncio.timeout(PATIENCE_S):
        async for event in handle:
            seen.append(event)
            if wanted(event):
                return seen
    raise AssertionError(f"the stream ended after {[event.type for event in seen]}")


async def in_thread(call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """Let a blocking call happen beside the stream."""
    return await asyncio.to_thread(call, *arguments, **more)


def test_a_market_is_followed_from_its_books_to_its_end(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    maker = stand(venue, market, ask=0.5)
    taker = Trader(venue, venue.account())

    async def main() -> None:
        async with connected(venue, account) as client:
            handle = await client.subscribe(MarketSpec(asset_ids=[*market.tokens], custom_feature_enabled=True))
            books = [(await until(handle, lambda event: event.type == "book"))[-1].payload for _ in range(2)]
            assert {book.asset_id for book in books} == set(market.tokens)
            own = next(book for book in books if book.asset_id == market.up)
            assert (own.asks[-1].price, own.asks[-1].size) == (Decimal("0.5"), Decimal(100))
            await in_thread(maker.place, market.up, "BUY", 0.4, 10)
            change = (await until(handle, lambda event: event.type == "price_change"))[-1].payload
            told = {(each.asset_id, each.side): (each.price, each.size) for each in change.price_changes}
            assert told == {
                (market.up, "BUY"): (Decimal("0.4"), Decimal(10)),
                (market.down, "SELL"): (Decimal("0.6"), Decimal(10)),
            }
            best = (await until(handle, lambda event: event.type == "best_bid_ask"))[-1].payload
            assert (best.best_bid, best.best_ask) in (
                (Decimal("0.4"), Decimal("0.5")),
                (Decimal("0.5"), Decimal("0.6")),
            )
            await in_thread(taker.place, market.up, "BUY", 0.5, 10)
            seen = await until(handle, lambda event: event.type == "last_trade_price")
            assert "book" in {event.type for event in seen}
            trade = seen[-1].payload
            assert (trade.asset_id, trade.price, trade.size, trade.side) == (
                market.up, Decimal("0.5"), Decimal(10), "BUY",
            )  # fmt: skip
            await in_thread(stand, venue, market, bid=0.97, ask=0.99)
            await in_thread(venue.resolve, market)
            ended = (await until(handle, lambda event: event.type == "market_resolved"))[-1].payload
            assert (ended.winning_asset_id, ended.winning_outcome) == (market.up, "Yes")
            assert handle.dropped == 0
            await handle.close()

    run(main())


def test_a_tick_that_flips_and_a_new_market_are_told(venue: Venue) -> None:
    account, market = venue.account(), venue.market()

    async def main() -> None:
        async with connected(venue, account) as client:
            handle = await client.subscribe(MarketSpec(asset_ids=[market.up], custom_feature_enabled=True))
            await until(handle, lambda event: event.type == "book")
            await in_thread(stand, venue, market, bid=0.97, ask=0.99, size=20)
            flip = (await until(handle, lambda event: event.type == "tick_size_change"))[-1].payload
            assert (flip.old_tick_size, flip.new_tick_size) == (Decimal("0.01"), Decimal("0.001"))
            new = await in_thread(venue.market)
            listed = (await until(handle, lambda event: event.type == "new_market"))[-1].payload
            assert (listed.slug, listed.market) == (new.slug, new.condition_id)
            second = await client.subscribe(MarketSpec(asset_ids=[new.up]))
            await until(second, lambda event: event.type == "book" and event.payload.asset_id == new.up)
            await second.close()
            await handle.close()

    run(main())


def test_an_owner_hears_of_his_orders_and_trades_to_the_end(venue: Venue) -> None:
    account, market, other = venue.account(), venue.market(), venue.market()
    own, taker = Trader(venue, account), Trader(venue, venue.account())

    async def main() -> None:
        async with connected(venue, account) as client:
            handle = await client.subscribe(UserSpec())
            narrow = await client.subscribe(UserSpec(markets=[market.condition_id]))
            await asyncio.sleep(0.3)
            await in_thread(own.place, other.up, "BUY", 0.3, 10)
            order_id = await in_thread(own.place, market.up, "BUY", 0.4, 10)
            placed = (await until(narrow, lambda event: event.type == "order"))[-1].payload
            assert (placed.id, placed.order_event_type, placed.status) == (order_id, "PLACEMENT", "LIVE")
            await in_thread(taker.place, market.down, "BUY", 0.6, 10)
            seen = await until(handle, lambda e: e.type == "trade" and e.payload.status == "CONFIRMED")
            trades = [event.payload for event in seen if event.type == "trade"]
            assert [trade.status for trade in trades] == ["MATCHED", "MINED", "CONFIRMED"]
            assert trades[0].asset_id == market.down, "the top level is the taker's"
            made = trades[0].maker_orders[0]
            assert (made.order_id, made.asset_id, made.side) == (order_id, market.up, "BUY")
            assert (made.price, made.matched_amount) == (Decimal("0.4"), Decimal(10))
            updates = [event.payload for event in seen if event.type == "order" and event.payload.id == order_id]
            assert [(each.order_event_type, each.size_matched) for each in updates] == [
                ("PLACEMENT", Decimal(0)),
                ("UPDATE", Decimal(10)),
            ]
            cancelled = await in_thread(own.place, market.up, "BUY", 0.2, 10)
            await in_thread(own.delete, "/order", {"orderID": cancelled})
            gone = await until(handle, lambda e: e.type == "order" and e.payload.order_event_type == "CANCELLATION")
            assert (gone[-1].payload.id, gone[-1].payload.status) == (cancelled, "CANCELED")
            assert handle.dropped == 0

    run(main())


def test_a_trade_that_fails_is_told(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    own, maker = Trader(venue, account), stand(venue, market, ask=0.5)

    async def main() -> None:
        async with connected(venue, account) as client:
            handle = await client.subscribe(UserSpec(markets=[market.condition_id]))
            await asyncio.sleep(0.3)
            await in_thread(own.place, market.up, "BUY", 0.5, 10)
            seen = await until(handle, lambda e: e.type == "trade" and e.payload.status == "FAILED")
            statuses = [event.payload.status for event in seen if event.type == "trade"]
            assert statuses == ["MATCHED", "RETRYING", "FAILED"]

    with venue.fault("trade_failed", delay_ms=50):
        run(main())
    assert venue.held(account.deposit, market.up) == 0
    assert venue.held(maker.account.deposit, market.down) == 0


def test_prices_come_as_snapshots_and_then_live(venue: Venue) -> None:
    account = venue.account()

    async def main() -> None:
        async with connected(venue, account) as client:
            specs = [CryptoTwapPriceSpec(symbols=["btcusd"]), CryptoPriceSpec(symbols=["btcusd"], provider="chainlink")]
            handle = await client.subscribe(specs)
            seen: list[Any] = []

            def has_all(event: Any) -> bool:
                seen.append(event)
                return len({(each.topic, each.type) for each in seen if each.type == "update"}) == 2

            await until(handle, has_all)
            update = next(each for each in seen if each.type == "update")
            assert update.payload.symbol == "btcusd"
            assert update.payload.value > 1_000
            assert str(update.payload.source) == "chainlink"
            await handle.close()

    run(main())
