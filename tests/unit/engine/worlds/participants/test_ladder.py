"""Ladders: on the grid, in range, uncrossed; and the least change from one to the next."""

from hypothesis import given
from hypothesis import strategies as st

from engine.model.events import Side
from engine.worlds.participants.actions import Token
from engine.worlds.participants.ladder import NO_LADDER, Ladder, ladder_around, missing, surplus
from engine.worlds.participants.view import OpenOrder

LADDERS = st.builds(
    ladder_around,
    st.integers(0, 1_000_000),
    st.integers(0, 50_000),
    st.sampled_from([10, 100]),
    st.integers(1, 8),
    st.integers(1, 3),
)


def order(is_bid: bool, up_price_e4: int, token: Token = Token.UP) -> OpenOrder:
    if token == Token.DOWN:
        return OpenOrder(token, Side.SELL if is_bid else Side.BUY, 10_000 - up_price_e4, 5_000_000)
    return OpenOrder(token, Side.BUY if is_bid else Side.SELL, up_price_e4, 5_000_000)


@given(st.integers(0, 1_000_000), st.integers(0, 50_000), st.sampled_from([10, 100]), st.integers(1, 8))
def test_every_level_is_legal_and_on_its_side_of_the_centre(centre: int, half: int, tick: int, levels: int) -> None:
    ladder = ladder_around(centre, half, tick, levels, 2)
    prices = [*reversed(ladder.bids), *ladder.asks]
    assert all(price % tick == 0 and tick <= price <= 10_000 - tick for price in prices)
    assert prices == sorted(set(prices))
    assert all(price * 100 <= centre - half or price == 10_000 - tick for price in ladder.bids)
    assert all(price * 100 >= centre + half or price == tick for price in ladder.asks)
    assert max(len(ladder.bids), len(ladder.asks)) <= levels


def test_a_ladder_stands_around_its_centre_with_its_gap() -> None:
    assert ladder_around(503_000, 2_500, 100, 3, 1) == Ladder((5_000, 4_900, 4_800), (5_100, 5_200, 5_300))
    assert ladder_around(503_000, 3_500, 100, 2, 3) == Ladder((4_900, 4_600), (5_100, 5_400))


@given(LADDERS, LADDERS, st.sampled_from(Token))
def test_what_is_surplus_and_what_is_missing_turn_one_ladder_into_the_other(
    old: Ladder, new: Ladder, token: Token
) -> None:
    orders = dict(
        enumerate(order(is_bid, price, token) for is_bid, side in ((True, 0), (False, 1)) for price in old[side])
    )
    for key in list(surplus(orders.items(), new)):
        del orders[key]
    wanted = missing(orders.values(), new)
    for is_bid, prices, added in ((True, new.bids, wanted.bids), (False, new.asks, wanted.asks)):
        kept = [one.up_price_e4 for one in orders.values() if one.is_bid == is_bid]
        assert sorted([*kept, *added]) == sorted(prices)


def test_a_second_order_on_a_level_is_surplus_and_an_empty_ladder_wants_none() -> None:
    orders = {1: order(True, 5_000), 2: order(True, 5_000), 3: order(False, 5_100)}
    assert list(surplus(orders.items(), Ladder((5_000,), (5_100,)))) == [2]
    assert list(surplus(orders.items(), NO_LADDER)) == [1, 2, 3]
