"""The official SDK (polymarket-client) trades here unmodified: keys, discovery, books, orders, cancels, reads."""

import asyncio
import dataclasses
import time
from contextlib import closing
from decimal import Decimal

import pytest

pytest.importorskip("polymarket", reason="the official clients are not installed: pip install -e '.[clients]'")

from polymarket import RelayerApiKey, SecureClient
from polymarket.errors import OrderHeartbeatMismatchError, RequestRejectedError

from tests.conformance.sdk import connected, environment, run
from tests.conformance.trader import Trader, split, stand
from tests.conformance.venue import USD, Venue

KINDS = pytest.mark.parametrize("kind", [0, 1, 2, 3])


@KINDS
def test_derives_the_key_that_there_is_and_creates_one_for_another_nonce(venue: Venue, kind: int) -> None:
    account = venue.account()

    async def main() -> None:
        async with connected(venue, account, kind) as client:
            assert client.credentials.key == account.api_key
        async with connected(venue, account, kind, nonce=7) as client:
            assert client.credentials.key != account.api_key
            keys = await client.fetch_api_keys()
            assert {str(each) for each in keys} == {account.api_key, client.credentials.key}
            assert await client.get_closed_only_mode() is False
            await client.delete_api_key()
        async with connected(venue, account, kind, credentials=None) as client:
            assert [str(each) for each in await client.fetch_api_keys()] == [account.api_key]

    run(main())


def test_finds_its_own_wallet_when_none_is_named(venue: Venue) -> None:
    account = venue.account()

    async def main() -> None:
        async with connected(venue, account, wallet=None) as client:
            assert (client.wallet, client.wallet_type) == (account.deposit, "DEPOSIT_WALLET")

    run(main())


def test_discovers_the_window_that_runs_and_its_book(venue: Venue) -> None:
    account = venue.account()
    slug = venue.window()["slug"]

    async def main() -> None:
        async with connected(venue, account) as client:
            market = await client.get_market(slug=slug)
            assert (await client.get_market(id=market.id)).slug == slug
            event = await client.get_event(slug=slug)
            assert [each.slug for each in event.markets or ()] == [slug]
            listed = await client.list_markets(slug=[slug]).first_page()
            assert [each.slug for each in listed.items] == [slug]
            by_condition = await client.list_markets(condition_ids=[market.condition_id]).first_page()
            assert [each.slug for each in by_condition.items] == [slug]
            events = await client.list_events(series_ids=[10192]).first_page()
            assert slug in {each.slug for each in events.items}
            token_id = market.outcomes.yes.token_id
            assert token_id is not None
            assert str((await client.get_order_book(asset_id=token_id)).tick_size) == "0.01"

    run(main())


def test_reads_books_and_prices_as_strings_that_parse(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, bid=0.48, ask=0.52, size=30)

    async def main() -> None:
        async with connected(venue, account) as client:
            book = await client.get_order_book(asset_id=market.up)
            assert (book.bids[-1].price, book.asks[-1].price) == (Decimal("0.48"), Decimal("0.52"))
            assert len(await client.get_order_books(asset_ids=[market.up, market.down])) == 2
            assert await client.get_midpoint(asset_id=market.up) == Decimal("0.5")
            assert (await client.get_midpoints(asset_ids=[market.up]))[market.up] == Decimal("0.5")
            assert await client.get_price(asset_id=market.up, side="BUY") == Decimal("0.48")
            assert await client.get_spread(asset_id=market.up) == Decimal("0.04")
            assert (await client.get_spreads(asset_ids=[market.up]))[market.up] == Decimal("0.04")
            assert await client.get_last_trade_price(asset_id=market.up) is None
            Trader(venue, account).place(market.up, "BUY", 0.52, 10)
            last = await client.get_last_trade_price(asset_id=market.up)
            assert (last.price, last.side) == (Decimal("0.52"), "BUY")
            assert len(await client.get_last_trade_prices(asset_ids=[market.up])) == 1

    run(main())


@KINDS
def test_places_reads_and_cancels_an_order_of_every_signature_type(venue: Venue, kind: int) -> None:
    account, market = venue.account(), venue.market()

    async def main() -> None:
        async with connected(venue, account, kind) as client:
            placed = await client.place_limit_order(asset_id=market.up, price="0.41", size="10", side="BUY")
            assert (placed.ok, placed.status) == (True, "live")
            found = await client.get_order(order_id=placed.order_id)
            assert (found.price, found.original_size, found.status) == (Decimal("0.41"), Decimal(10), "LIVE")
            opened = await client.list_open_orders(market=market.condition_id).first_page()
            assert [each.id for each in opened.items] == [placed.order_id]
            cancelled = await client.cancel_order(order_id=placed.order_id)
            assert list(cancelled.canceled) == [placed.order_id]

    run(main())


@KINDS
def test_buys_and_sells_again_with_every_signature_type(venue: Venue, kind: int) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, bid=0.45, ask=0.5)

    async def main() -> None:
        async with connected(venue, account, kind) as client:
            bought = await client.place_market_order(asset_id=market.up, side="BUY", amount="5")
            assert (bought.ok, bought.status) == (True, "matched")
            assert (bought.making_amount, bought.taking_amount) == (Decimal(5), Decimal(10))
            assert len(await client.wait_for_order_fill_settlement(bought)) == 1
            kinds = {"asset_type": "CONDITIONAL", "asset_id": market.up}
            while (await client.get_balance_allowance(**kinds)).balance == 0:
                time.sleep(0.01)
            sold = await client.place_market_order(asset_id=market.up, side="SELL", shares="10", order_type="FOK")
            assert (sold.ok, sold.making_amount, sold.taking_amount) == (True, Decimal(10), Decimal("4.5"))

    run(main())


def test_good_till_date_and_immediate_orders(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, ask=0.5, size=10)

    async def main() -> None:
        async with connected(venue, account) as client:
            expiration = int(time.time()) + 600
            dated = await client.place_limit_order(
                asset_id=market.up, price="0.3", size="10", side="BUY", expiration=expiration
            )
            assert dated.ok
            found = await client.get_order(order_id=dated.order_id)
            assert (found.order_type, str(found.status)) == ("GTD", "LIVE")
            signed = await client.create_limit_order(asset_id=market.up, price="0.5", size="20", side="BUY")
            killed = await _refused(client, dataclasses.replace(signed, order_type="FOK"))
            assert killed == "order couldn't be fully filled. FOK orders are fully filled or killed."
            signed = await client.create_limit_order(asset_id=market.up, price="0.5", size="20", side="BUY")
            partly = await client.post_order(dataclasses.replace(signed, order_type="FAK"))
            assert (partly.ok, partly.taking_amount) == (True, Decimal(10))
            signed = await client.create_limit_order(asset_id=market.up, price="0.5", size="20", side="BUY")
            nothing = await _refused(client, dataclasses.replace(signed, order_type="FAK"))
            assert nothing.startswith("no orders found to match with FAK order.")

    run(main())


async def _refused(client, signed) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestRejectedError) as caught:
        await client.post_order(signed)
    assert caught.value.status == 400
    return str(caught.value)


def test_market_orders_by_price_limits_and_spend(venue: Venue) -> None:
    account, market = venue.account(), venue.market(fees=True)
    stand(venue, market, ask=0.5)

    async def main() -> None:
        async with connected(venue, account) as client:
            capped = await client.place_market_order(
                asset_id=market.up, side="BUY", amount="5", max_price="0.52", order_type="FOK"
            )
            assert (capped.ok, capped.making_amount) == (True, Decimal(5))
            spent = await client.place_market_order(asset_id=market.up, side="BUY", amount="5", max_spend="5")
            assert spent.ok
            assert spent.making_amount < 5, "the fee is paid out of what may be spent"
            assert await client.estimate_market_price(asset_id=market.up, side="BUY", amount="5") == Decimal("0.5")

    run(main())


def test_post_only_rests_or_is_refused(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, ask=0.5)

    async def main() -> None:
        async with connected(venue, account) as client:
            order = {"asset_id": market.up, "size": "10", "side": "BUY", "post_only": True}
            rested = await client.place_limit_order(price="0.49", **order)
            assert (rested.ok, rested.status) == (True, "live")
            with pytest.raises(RequestRejectedError, match="invalid post-only order: order crosses book"):
                await client.place_limit_order(price="0.5", **order)

    run(main())


def test_a_batch_is_answered_order_by_order(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, ask=0.5)

    async def main() -> None:
        async with connected(venue, account) as client:
            orders = [
                await client.create_limit_order(
                    asset_id=market.up, price=price, size="10", side="BUY", post_only=post_only
                )
                for price, post_only in (("0.4", False), ("0.5", True), ("0.5", False))
            ]
            rested, refused, taken = await client.post_orders(orders)
            assert (rested.ok, rested.status) == (True, "live")
            assert (refused.ok, refused.code) == (False, "post_only_would_cross")
            assert (taken.ok, taken.status, taken.taking_amount) == (True, "matched", Decimal(10))

    run(main())


def test_cancels_in_all_four_ways(venue: Venue) -> None:
    account, first, second = venue.account(), venue.market(), venue.market()

    async def main() -> None:
        async with connected(venue, account) as client:

            async def place(token_id: str, price: str = "0.2") -> str:
                placed = await client.place_limit_order(asset_id=token_id, price=price, size="10", side="BUY")
                return str(placed.order_id)

            one, two, three = [await place(first.up) for _ in range(3)]
            assert list((await client.cancel_order(order_id=one)).canceled) == [one]
            some = await client.cancel_orders(order_ids=[one, two, three])
            assert set(some.canceled) == {two, three}
            assert some.not_canceled == {one: "already canceled or matched"}
            four, five, six = await place(first.up), await place(first.down), await place(second.up)
            assert list((await client.cancel_market_orders(asset_id=first.down)).canceled) == [five]
            assert list((await client.cancel_market_orders(market=first.condition_id)).canceled) == [four]
            assert list((await client.cancel_all()).canceled) == [six]
            assert (await client.list_open_orders().first_page()).items == ()

    run(main())


def test_reads_its_trades_and_balances(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    maker = stand(venue, market, ask=0.5)

    async def main() -> None:
        async with connected(venue, account) as client:
            bought = await client.place_limit_order(asset_id=market.up, price="0.5", size="10", side="BUY")
            hashes = await client.wait_for_order_fill_settlement(bought)
            trades = (await client.list_account_trades(market=market.condition_id).first_page()).items
            assert [(each.id, each.trader_side) for each in trades] == [(bought.trade_ids[0], "TAKER")]
            assert trades[0].transaction_hash == hashes[0]
            assert trades[0].maker_orders[0].owner == maker.account.api_key
            money = await client.get_balance_allowance(asset_type="COLLATERAL")
            assert money.balance == venue.held(account.deposit)
            assert all(value > 0 for value in money.allowances.values())
            shares = await client.get_balance_allowance(asset_type="CONDITIONAL", asset_id=market.up)
            assert shares.balance == 10_000_000
            assert (await client.get_notifications()) == ()
            assert await client.get_order_scoring(order_id=bought.order_id) is False
        async with connected(venue, maker.account) as client:
            trades = (await client.list_account_trades(market=market.condition_id).first_page()).items
            assert [(each.trader_side, each.maker_orders[0].asset_id) for each in trades] == [("MAKER", market.down)]
            assert await client.get_current_rebates(date="2026-11-20", maker_address=maker.account.deposit) == ()

    run(main())


def test_beats_and_is_told_the_right_beat(venue: Venue) -> None:
    account = venue.account()

    async def main() -> None:
        async with connected(venue, account) as client:
            first = await client.send_order_heartbeat()
            second = await client.send_order_heartbeat(heartbeat_id=first.heartbeat_id)
            assert second.heartbeat_id != first.heartbeat_id
            with pytest.raises(OrderHeartbeatMismatchError) as caught:
                await client.send_order_heartbeat(heartbeat_id="wrong")
            assert second.heartbeat_id in str(vars(caught.value).values())

    run(main())


def test_trades_markets_of_protocol_v2_and_of_neg_risk(venue: Venue) -> None:
    account = venue.account()
    markets = [venue.market(version="v2"), venue.market(neg_risk=True)]

    async def main() -> None:
        async with connected(venue, account) as client:
            for market in markets:
                placed = await client.place_limit_order(asset_id=market.up, price="0.4", size="10", side="BUY")
                assert (placed.ok, placed.status) == (True, "live")

    run(main())


def test_a_price_off_the_coarse_grid_is_taken_after_the_tick_flipped(venue: Venue) -> None:
    account, market = venue.account(), venue.market()

    async def main() -> None:
        async with connected(venue, account) as client:
            await client.place_limit_order(asset_id=market.up, price="0.5", size="10", side="BUY")
            await client.cancel_all()
            stand(venue, market, bid=0.97, ask=0.99, size=10)
            fine = await client.place_limit_order(asset_id=market.up, price="0.965", size="10", side="BUY")
            assert (fine.ok, fine.status) == (True, "live")

    run(main())


def test_a_missing_allowance_is_approved_and_the_same_order_sent_again(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    venue.wallet(account, approved=False)

    async def main() -> None:
        async with connected(venue, account) as client:
            placed = await client.place_limit_order(asset_id=market.up, price="0.4", size="10", side="BUY")
            assert (placed.ok, placed.status) == (True, "live")

    run(main())


def test_sells_what_it_split(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    split(venue, account, market, 20)
    buyer = Trader(venue, venue.account())

    async def main() -> None:
        async with connected(venue, account) as client:
            offered = await client.place_limit_order(
                asset_id=market.up, price="0.6", size="20", side="SELL", post_only=True
            )
            assert (offered.ok, offered.status) == (True, "live")
            buyer.place(market.up, "BUY", 0.6, 20)
            found = await client.get_order(order_id=offered.order_id)
            assert (str(found.status), found.size_matched) == ("MATCHED", Decimal(20))

    run(main())


def test_makers_may_leave_while_a_taker_is_held(venue: Venue) -> None:
    account, market = venue.account(), venue.market(hold_ms=1_000)
    maker = stand(venue, market, ask=0.5)

    async def main() -> None:
        async with connected(venue, account) as client:
            order = {"asset_id": market.up, "price": "0.5", "size": "10", "side": "BUY"}
            await client.create_limit_order(**order)  # looks the market up, so that nothing comes between
            held = asyncio.create_task(client.place_limit_order(**order))
            await asyncio.sleep(0.3)
            assert len((await asyncio.to_thread(maker.delete, "/cancel-all")).json()["canceled"]) == 1
            answer = await held
            assert (answer.ok, answer.status, answer.trade_ids) == (True, "live", ())

    run(main())


def test_the_synchronous_client_does_the_same(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    client = SecureClient.create(
        private_key=account.private_key,
        wallet=account.deposit,
        environment=environment(venue),
        api_key=RelayerApiKey(key="any", address=account.eoa),
    )
    with closing(client):
        assert client.get_market(slug=market.slug).condition_id == market.condition_id
        placed = client.place_limit_order(asset_id=market.up, price="0.4", size="10", side="BUY")
        assert [each.id for each in client.list_open_orders().first_page().items] == [placed.order_id]
        assert list(client.cancel_all().canceled) == [placed.order_id]
        assert len(client.split_position(condition_id=market.condition_id, amount=USD).wait().transaction_hash) == 66
