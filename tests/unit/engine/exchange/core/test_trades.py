"""A trade names its taker and, each in his own token, side and price, its makers."""

from tests.support_exchange import BUY, SHARE, Floor


def test_a_trade_is_the_takers_and_a_mints_maker_is_on_his_own_side_of_the_other_token() -> None:
    floor = Floor()
    floor.limit("ann", BUY, 10, 4800, token=1, order_id="maker")
    floor.wait(250)
    floor.limit("bob", BUY, 10, 5500, order_id="taker")
    (trade,) = floor.trades()
    assert (trade.taker_order_id, trade.owner, trade.wallet, trade.token, trade.side) == ("taker", "bob", "bob", 0, BUY)
    assert (trade.price_e4, trade.size_u6, trade.number, trade.bucket) == (5200, 10 * SHARE, 1, 0)
    assert (trade.match_ms, trade.updated_ms, trade.market) == (floor.now_ms, floor.now_ms, floor.market)
    (maker,) = trade.makers
    assert (maker.order_id, maker.owner, maker.token, maker.side, maker.price_e4) == ("maker", "ann", 1, BUY, 4800)
    assert (maker.size_u6, maker.cash_u6, maker.rebate_base_u6) == (10 * SHARE, 4_800_000, trade.fee_u6)
    assert {(m.account.wallet, m.asset, m.delta_u6) for m in trade.moves} == {
        ("ann", "", -4_800_000),
        ("ann", "down1", 10 * SHARE),
        ("bob", "", -5_200_000 - trade.fee_u6),
        ("bob", "up1", 10 * SHARE),
    }


def test_the_levels_of_one_taker_are_numbered() -> None:
    floor = Floor()
    for price_e4 in (4800, 4900):
        floor.limit("ann", BUY, 10, price_e4, token=1)
    floor.limit("bob", BUY, 20, 5500)
    assert [(trade.bucket, trade.number, trade.price_e4) for trade in floor.trades()] == [(0, 1, 5100), (1, 2, 5200)]
    assert list(floor.exchange.trades_by_owner["ann"]) == list(floor.exchange.orders["o3"].trade_ids)
