"""Who is matched with whom, at what price, in which trade."""

import pytest

from engine.exchange.core.notices import LevelChanged, OrderChanged, TradeChanged
from engine.model.fees import NO_FEES
from tests.support_exchange import BUY, FAK, FOK, GTC, SELL, SHARE, Floor, makers


def test_the_better_price_comes_first_and_at_one_price_the_earlier_order() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5300, order_id="worse")
    floor.limit("bob", SELL, 10, 5200, order_id="first")
    floor.limit("ann", SELL, 10, 5200, order_id="second")
    floor.limit("cat", BUY, 25, 5300, order_id="taker")
    assert [makers(trade) for trade in floor.trades()] == [
        [("first", 10 * SHARE), ("second", 10 * SHARE)],
        [("worse", 5 * SHARE)],
    ]
    assert floor.asks() == [(5300, 5 * SHARE)]


def test_a_partial_fill_keeps_the_makers_place_in_the_queue() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5200, order_id="first")
    floor.limit("bob", SELL, 10, 5200, order_id="second")
    floor.limit("cat", BUY, 6, 5200)
    floor.limit("cat", BUY, 6, 5200)
    assert [makers(trade) for trade in floor.trades()] == [
        [("first", 6 * SHARE)],
        [("first", 4 * SHARE), ("second", 2 * SHARE)],
    ]


def test_orders_of_both_tokens_stand_in_one_queue_by_their_mirrored_price() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 4800, token=1, order_id="buys down")  # an offer of Up at 0.52
    floor.limit("bob", SELL, 10, 5200, order_id="sells up")
    floor.limit("ann", BUY, 10, 4900, token=1, order_id="buys down for more")
    assert floor.asks() == [(5100, 10 * SHARE), (5200, 20 * SHARE)]
    floor.limit("cat", BUY, 25, 5200)
    assert [makers(trade) for trade in floor.trades()] == [
        [("buys down for more", 10 * SHARE)],
        [("buys down", 10 * SHARE), ("sells up", 5 * SHARE)],
    ]


@pytest.mark.parametrize(
    ("maker", "taker", "minted", "paid"),
    [
        (("ann", SELL, 0, 5200), ("bob", BUY, 0, 5500), 0, 5_200_000),
        (("ann", BUY, 0, 5200), ("bob", SELL, 0, 5000), 0, 5_200_000),
        (("ann", BUY, 1, 4800), ("bob", BUY, 0, 5500), 10, 5_200_000),
        (("ann", BUY, 0, 5200), ("bob", BUY, 1, 5000), 10, 4_800_000),
        (("ann", SELL, 1, 4800), ("bob", SELL, 0, 5000), -10, 5_200_000),
        (("ann", SELL, 0, 5200), ("bob", SELL, 1, 4500), -10, 4_800_000),
    ],
    ids=["buy meets sale", "sale meets buy", "mint", "mint of the other", "merge", "merge of the other"],
)
def test_the_taker_gets_the_better_price_in_every_kind_of_match(
    maker: tuple[str, int, int, int], taker: tuple[str, int, int, int], minted: int, paid: int
) -> None:
    floor = Floor(fees=NO_FEES)
    who, side, token, price_e4 = maker
    floor.limit(who, side, 10, price_e4, token=token)
    who, side, token, price_e4 = taker
    answer = floor.limit(who, side, 10, price_e4, token=token)
    cash, shares = (answer.making_u6, answer.taking_u6) if side == BUY else (answer.taking_u6, answer.making_u6)
    assert (cash, shares) == (paid, 10 * SHARE)
    (trade,) = floor.trades()
    assert trade.minted_u6 == minted * SHARE
    floor.wait(10_000)
    sign = 1 if side == BUY else -1
    assert floor.account(who).chain[""] == 1_000 * SHARE - sign * paid
    assert floor.account(who).chain[floor.market.spec.tokens[token]] == (500 + sign * 10) * SHARE


def test_prices_that_do_not_reach_one_dollar_do_not_mint() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 4700, token=1)
    assert floor.limit("bob", BUY, 10, 5200).status == "LIVE"
    assert (floor.bids(), floor.asks()) == ([(5200, 10 * SHARE)], [(5300, 10 * SHARE)])


def test_what_a_gtc_order_does_not_get_rests_and_is_told_in_order() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5200, order_id="maker")
    answer = floor.limit("bob", BUY, 15, 5300, order_id="taker")
    assert (answer.status, answer.taking_u6, answer.trade_ids) == ("MATCHED", 10 * SHARE, (floor.trades()[0].trade_id,))
    assert floor.bids() == [(5300, 5 * SHARE)]
    assert floor.told("taker") == [("PLACEMENT", "LIVE", 0), ("UPDATE", "LIVE", 10 * SHARE)]
    assert floor.told("maker") == [("PLACEMENT", "LIVE", 0), ("UPDATE", "MATCHED", 10 * SHARE)]


def test_levels_are_told_with_their_new_totals() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5200)
    floor.limit("bob", SELL, 5, 5200)
    floor.limit("cat", BUY, 12, 5200)
    told = [(n.is_bid, n.up_price_e4, n.size_u6) for n in floor.seen if isinstance(n, LevelChanged)]
    assert told == [(False, 5200, 10 * SHARE), (False, 5200, 15 * SHARE), (False, 5200, 3 * SHARE)]


def test_a_fak_takes_what_there_is_and_its_rest_is_cancelled() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 5, 5000)
    answer = floor.now("bob", BUY, 10, 5000, FAK, order_id="fak")
    assert (answer.status, answer.making_u6, answer.taking_u6) == ("MATCHED", 2_500_000, 5 * SHARE)
    assert [what for what, _, _ in floor.told("fak")] == ["PLACEMENT", "UPDATE", "CANCELLATION"]
    assert floor.told("fak")[-1] == ("CANCELLATION", "CANCELED", 5 * SHARE)
    assert floor.bids() == []


def test_a_fak_that_meets_nothing_is_killed_and_told_why() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 5, 5100)
    answer = floor.now("bob", BUY, 10, 5000, FAK, order_id="fak")
    text = "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found."
    assert answer.refusal is not None
    assert answer.refusal.text == text
    assert floor.told("fak") == [("CANCELLATION", f"CANCELED_{text}", 0)]


def test_a_fok_buy_is_counted_in_money() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("ann", SELL, 10, 5200)
    assert floor.now("bob", BUY, 10.21, 5200, FOK).refusal is not None, "20 shares cost 10.20"
    answer = floor.now("bob", BUY, 10.20, 5200, FOK)
    assert (answer.making_u6, answer.taking_u6) == (10_200_000, 20 * SHARE)


def test_a_buy_by_money_gets_more_shares_at_better_prices() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 100, 700)
    answer = floor.now("bob", BUY, 1, 900, FOK)
    assert (answer.making_u6, answer.taking_u6) == (999_999, 14_285_714), "a dollar at 0.07, each part cut to 1e-6"


def test_a_fok_sale_is_counted_in_shares() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 5000)
    refused = floor.now("bob", SELL, 10.01, 5000, FOK, order_id="too many")
    assert refused.refusal is not None
    assert refused.refusal.text == "order couldn't be fully filled. FOK orders are fully filled or killed."
    assert floor.told("too many") == [("CANCELLATION", f"CANCELED_{refused.refusal.text}", 0)]
    assert floor.now("bob", SELL, 10, 4500, FOK).taking_u6 == 5_000_000


def test_one_owner_may_trade_with_himself_and_pays_the_fee_alone() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("ann", BUY, 10, 5000)
    floor.wait(10_000)
    assert floor.account("ann").chain == {"": 1_000 * SHARE - 175_000, "up1": 500 * SHARE, "down1": 500 * SHARE}


def test_the_fee_is_the_takers_fill_by_fill() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 108, 3600)
    floor.limit("bob", BUY, 108, 3600)
    (trade,) = floor.trades()
    assert trade.fee_u6 == 1_741_820, "the venue's own fill: 108 at 0.36"
    floor.wait(10_000)
    assert floor.account("bob").chain[""] == 1_000_000_000 - 38_880_000 - 1_741_820
    assert floor.account("ann").chain[""] == 1_038_880_000
    assert floor.exchange.ledger.fees_u6 == 1_741_820


def test_a_makers_cash_is_rounded_down_and_the_taker_balances() -> None:
    floor = Floor(fees=NO_FEES)
    floor.limit("ann", BUY, 100, 3300, token=1)
    floor.now("bob", BUY, 1, 6700)  # 1.492537 Up at 0.67
    (trade,) = floor.trades()
    assert (trade.size_u6, trade.makers[0].cash_u6) == (1_492_537, 492_537), "0.33 x 1.492537 is 0.49253721"
    assert trade.minted_u6 == 1_492_537
    assert [move.delta_u6 for move in trade.moves if move.asset == ""] == [-492_537, -1_000_000]


def test_trade_ids_are_uuids_that_depend_on_seed_and_number_alone() -> None:
    ids = []
    for _ in range(2):
        floor = Floor()
        for _ in range(3):
            floor.limit("ann", SELL, 5, 5000, tif=GTC)
            floor.limit("bob", BUY, 5, 5000)
        ids.append([trade.trade_id for trade in floor.trades()])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3
    assert all([len(part) for part in one.split("-")] == [8, 4, 4, 4, 12] for one in ids[0])


def test_a_match_is_told_as_level_makers_trade_and_then_taker() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5000, order_id="maker")
    floor.exchange.take_notices()
    before = len(floor.seen)
    floor.limit("bob", BUY, 10, 5000, order_id="taker")
    told = [
        n.order.order_id if isinstance(n, OrderChanged) else type(n).__name__
        for n in floor.seen[before:]
        if isinstance(n, OrderChanged | LevelChanged | TradeChanged)
    ]
    assert told == ["taker", "LevelChanged", "maker", "TradeChanged", "taker"]
