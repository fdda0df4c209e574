"""The official SDK makes a wallet, approves, splits, merges, redeems and reads what became of it."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("polymarket", reason="the official clients are not installed: pip install -e '.[clients]'")

from polymarket.errors import RequestRejectedError, TransactionFailedError

from engine.venue.contracts import COLLATERAL, CONDITIONAL_TOKENS, EXCHANGE_V2
from tests.conformance.sdk import connected, run
from tests.conformance.trader import Trader, stand
from tests.conformance.venue import USD, Venue

FAMILIES = pytest.mark.parametrize(
    "facts", [{}, {"neg_risk": True}, {"version": "v2"}], ids=["standard", "neg-risk", "protocol-v2"]
)


def test_a_fresh_key_gets_a_wallet_money_and_approvals_and_trades(venue: Venue) -> None:
    account, market = venue.stranger(), venue.market()

    async def main() -> None:
        async with connected(venue, account, wallet=None) as client:
            assert (client.wallet, client.wallet_type) == (account.deposit, "DEPOSIT_WALLET")
            state = await client.get_trading_approvals_state()
            assert (len(state.missing.erc20), len(state.missing.erc1155)) == (7, 10)
            venue.deposit(account.deposit, 100)
            await client.setup_trading_approvals()
            assert (await client.get_trading_approvals_state()).is_fully_approved
            placed = await client.place_limit_order(asset_id=market.up, price="0.4", size="10", side="BUY")
            assert (placed.ok, placed.status) == (True, "live")
        async with connected(venue, account, wallet=None) as client:
            assert client.wallet == account.deposit

    run(main())


def test_a_fresh_eoa_is_sent_to_the_deposit_wallet_flow(venue: Venue) -> None:
    account, market = venue.stranger(), venue.market()

    async def main() -> None:
        async with connected(venue, account, 0) as client:
            with pytest.raises(RequestRejectedError, match="maker address not allowed, please use the deposit wallet"):
                await client.place_limit_order(asset_id=market.up, price="0.4", size="10", side="BUY")

    run(main())


@FAMILIES
def test_splits_merges_and_redeems(venue: Venue, facts: dict[str, object]) -> None:
    account, market = venue.account(), venue.market(**facts)
    start = venue.held(account.deposit)

    async def main() -> None:
        async with connected(venue, account) as client:
            condition_id = market.condition_id
            split = await client.split_position(condition_id=condition_id, amount=10 * USD)
            assert len((await split.wait()).transaction_hash) == 66
            assert [venue.held(account.deposit, token) for token in market.tokens] == [10 * USD, 10 * USD]
            await (await client.merge_positions(condition_id=condition_id, amount=4 * USD)).wait()
            assert venue.held(account.deposit, market.up) == 6 * USD
            with pytest.raises(TransactionFailedError):
                await (await client.split_position(condition_id=condition_id, amount=5_000 * USD)).wait()
            venue.resolve(market, 1)
            await (await client.redeem_positions(condition_id=condition_id)).wait()

    run(main())
    assert venue.held(account.deposit) == start
    assert [venue.held(account.deposit, token) for token in market.tokens] == [0, 0]


def test_merges_all_that_there_is_of_several_markets(venue: Venue) -> None:
    account, first, second = venue.account(), venue.market(), venue.market()
    start = venue.held(account.deposit)

    async def main() -> None:
        async with connected(venue, account) as client:
            for market in (first, second):
                await (await client.split_position(condition_id=market.condition_id, amount=3 * USD)).wait()
            await (await client.merge_positions(condition_id=first.condition_id, amount="max")).wait()
            await (await client.merge_multiple_positions(positions=[{"condition_id": second.condition_id}])).wait()

    run(main())
    assert venue.held(account.deposit) == start


def test_one_action_at_a_time_is_waited_for(venue: Venue) -> None:
    account, market = venue.account(), venue.market()

    async def main() -> None:
        async with connected(venue, account) as client:
            both = [client.split_position(condition_id=market.condition_id, amount=USD) for _ in range(2)]
            handles: list[Any] = await asyncio.gather(*both)
            for handle in handles:
                await handle.wait()

    run(main())
    assert venue.held(account.deposit, market.up) == 2 * USD


def test_transfers_and_single_approvals(venue: Venue) -> None:
    account, other = venue.account(), venue.stranger()
    venue.wallet(account, approved=False)

    async def main() -> None:
        async with connected(venue, account) as client:
            sent = await client.transfer_erc20(
                token_address=COLLATERAL, recipient_address=other.deposit, amount=7 * USD
            )
            await sent.wait()
            exchange = EXCHANGE_V2.address
            await (await client.approve_erc20(token_address=COLLATERAL, spender_address=exchange, amount="max")).wait()
            approved = await client.approve_erc1155_for_all(
                token_address=CONDITIONAL_TOKENS, operator_address=exchange, approved=True
            )
            await approved.wait()
            state = await client.get_trading_approvals_state()
            assert (len(state.missing.erc20), len(state.missing.erc1155)) == (6, 9)

    run(main())
    assert venue.held(other.deposit) == 7 * USD


def test_positions_trades_and_activities_are_told(venue: Venue) -> None:
    account, market = venue.account(), venue.market()
    stand(venue, market, ask=0.4)

    async def main() -> None:
        async with connected(venue, account) as client:
            await (await client.split_position(condition_id=market.condition_id, amount=5 * USD)).wait()
            bought = await client.place_limit_order(asset_id=market.up, price="0.4", size="10", side="BUY")
            await client.wait_for_order_fill_settlement(bought)
            await asyncio.sleep(0.3)
            positions = {each.outcome: each for each in (await client.list_positions().first_page()).items}
            up = positions["Yes"]
            assert (up.current_size, up.entry_cost_usdc, str(up.status)) == (Decimal(15), Decimal("6.5"), "OPEN")
            assert (up.mergeable, positions["No"].mergeable, up.redeemable) == (True, True, False)
            mergeable = await client.list_positions(status="MERGEABLE").first_page()
            assert len(mergeable.items) == 2
            traded = (await client.list_trades(user=account.deposit).first_page()).items
            assert [(each.side, each.size, each.price) for each in traded] == [("BUY", Decimal(10), Decimal("0.4"))]
            activity = (await client.list_activity().first_page()).items
            assert [str(each.type) for each in activity] == ["TRADE", "SPLIT"]
            venue.resolve(market, 0)
            assert (await client.get_portfolio_value()).value == Decimal(15)
            won = await client.list_positions(status="REDEEMABLE").first_page()
            assert [each.outcome for each in won.items] == ["Yes"]
            lost = await client.list_positions(status="REDEEMABLE_LOST").first_page()
            assert [each.outcome for each in lost.items] == ["No"]
            resolution = (await client.get_resolutions(condition_ids=market.condition_id))[0]
            assert (str(resolution.status), resolution.payouts) == ("resolved", (Decimal(1), Decimal(0)))
            reference = (await client.get_token_references(asset_ids=[market.up]))[0]
            assert (reference.resolved, reference.final_price) == (True, Decimal(1))
            await (await client.redeem_positions(condition_id=market.condition_id)).wait()
            await asyncio.sleep(0.2)
            closed = await client.list_positions(status="CLOSED").first_page()
            assert {each.outcome: each.realized_pnl for each in closed.items} == {
                "Yes": Decimal("8.5"),
                "No": Decimal("-2.5"),
            }

    run(main())


def test_an_allowed_eoa_cannot_send_transactions_and_is_told_so(venue: Venue) -> None:
    account, market = venue.account(), venue.market()

    async def main() -> None:
        async with connected(venue, account, 0) as client:
            with pytest.raises(RequestRejectedError, match="takes no transactions of EOAs"):
                await client.split_position(condition_id=market.condition_id, amount=USD)

    run(main())


@pytest.mark.parametrize("kind", [1, 2])
def test_proxies_and_safes_trade_and_are_told_that_they_are_not_relayed(venue: Venue, kind: int) -> None:
    account, market = venue.account(), venue.market()

    async def main() -> None:
        async with connected(venue, account, kind) as client:
            with pytest.raises(RequestRejectedError, match="only deposit wallets"):
                await client.split_position(condition_id=market.condition_id, amount=USD)

    run(main())
    assert Trader(venue, account).get("/data/orders")["data"] == []
