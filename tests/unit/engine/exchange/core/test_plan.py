"""What a taking order would meet: sizes, cash and fees before anything is changed."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import NewOrder, Order
from engine.exchange.core.plan import plan_fills
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.fees import CRYPTO_FEES, NO_FEES, taker_fee_u6
from tests.support_exchange import BUY, FAK, FOK, GTC, SELL, SHARE, spec


def order(
    market: Market, number: int, side: Side, price_e4: int, size_u6: int, token: int = 0, budget_u6: int = 0,
    tif: TimeInForce = GTC,
) -> Order:  # fmt: skip
    given_u6, wanted_u6 = (budget_u6, size_u6) if side == BUY else (size_u6, 1)
    new = NewOrder(f"o{number}", "ann", "ann", market.spec.tokens[token], side, given_u6, wanted_u6, tif)
    return Order(new, market, price_e4, 0)


def test_nothing_is_planned_where_prices_do_not_meet() -> None:
    market = Market(spec(), Phase.OPEN)
    market.book.asks.add(order(market, 1, SELL, 5100, 10 * SHARE))
    plan = plan_fills(order(market, 2, BUY, 5000, 10 * SHARE), NO_FEES)
    assert (plan.fills, plan.complete, plan.size_u6, plan.cash_u6, plan.fee_u6) == ([], False, 0, 0, 0)


def test_a_plan_changes_nothing_and_says_what_it_comes_to() -> None:
    market = Market(spec(), Phase.OPEN)
    first = order(market, 1, SELL, 5100, 10 * SHARE)
    second = order(market, 2, BUY, 4800, 10 * SHARE, token=1)
    for maker in (first, second):
        market.book.asks.add(maker)
    plan = plan_fills(order(market, 3, BUY, 5500, 15 * SHARE), CRYPTO_FEES)
    assert [(fill.maker, fill.price_e4, fill.size_u6) for fill in plan.fills] == [
        (first, 5100, 10 * SHARE),
        (second, 5200, 5 * SHARE),
    ]
    assert [(fill.maker_cash_u6, fill.taker_cash_u6) for fill in plan.fills] == [
        (5_100_000, 5_100_000),
        (2_400_000, 2_600_000),
    ]
    assert (plan.complete, plan.size_u6, plan.cash_u6) == (True, 15 * SHARE, 7_700_000)
    fees = [taker_fee_u6(CRYPTO_FEES, 5100, 10 * SHARE), taker_fee_u6(CRYPTO_FEES, 5200, 5 * SHARE)]
    assert [fill.fee_u6 for fill in plan.fills] == fees
    assert plan.fee_u6 == sum(fees)
    assert (first.filled_u6, market.book.depth(False)) == (0, ((5100, 10 * SHARE), (5200, 10 * SHARE)))


def test_money_that_buys_next_to_nothing_is_spent_enough() -> None:
    market = Market(spec(), Phase.OPEN)
    market.book.asks.add(order(market, 1, SELL, 5000, 1_999_900))
    budget_u6 = 1_000_000
    plan = plan_fills(order(market, 2, BUY, 5000, 2 * SHARE, budget_u6=budget_u6, tif=FOK), NO_FEES)
    assert not plan.complete, "what is left buys exactly 0.0001 share"
    market.book.asks.add(order(market, 3, SELL, 5000, 2))
    plan = plan_fills(order(market, 2, BUY, 5000, 2 * SHARE, budget_u6=budget_u6, tif=FOK), NO_FEES)
    assert (plan.complete, plan.size_u6, plan.cash_u6) == (True, 1_999_902, 999_951)


def test_a_fee_is_not_more_than_the_proceeds_of_a_sale() -> None:
    market = Market(spec(), Phase.OPEN)
    market.book.bids.add(order(market, 1, BUY, 100, 3))
    market.book.bids.add(order(market, 2, BUY, 100, 10 * SHARE))
    plan = plan_fills(order(market, 3, SELL, 100, 5 * SHARE, tif=FAK), CRYPTO_FEES)
    assert [(fill.taker_cash_u6, fill.fee_u6 <= fill.taker_cash_u6) for fill in plan.fills] == [
        (0, True),
        (49_999, True),
    ]


@given(
    st.lists(st.tuples(st.integers(1, 99), st.integers(1, 40_000_000), st.integers(0, 1)), min_size=1, max_size=8),
    st.sampled_from((BUY, SELL)),
    st.integers(1, 99),
    st.integers(100, 3_000),
    st.booleans(),
)
def test_every_plan_balances_and_keeps_to_the_limits_of_both_sides(
    resting: list[tuple[int, int, int]], side: Side, cents: int, hundredths: int, by_money: bool
) -> None:
    market = Market(spec(), Phase.OPEN)
    for number, (price, size_u6, token) in enumerate(resting):
        maker_side = (SELL if token == 0 else BUY) if side == BUY else (BUY if token == 0 else SELL)
        market.book.side(side == SELL).add(order(market, number, maker_side, price * 100, size_u6, token))
    budget_u6 = hundredths * 10_000 if by_money and side == BUY else 0
    taker = order(market, 99, side, cents * 100, hundredths * 10_000, budget_u6=budget_u6, tif=FAK)
    plan = plan_fills(taker, CRYPTO_FEES)
    wanted = budget_u6 or taker.size_u6
    assert (plan.cash_u6 if budget_u6 else plan.size_u6) <= wanted
    for fill in plan.fills:
        exact = Fraction(fill.maker.price_e4 * fill.size_u6, 10_000)
        assert 0 <= exact - fill.maker_cash_u6 < 1, "the maker's cash is rounded down"
        assert fill.size_u6 <= fill.maker.size_u6
        assert fill.price_e4 <= taker.price_e4 if side == BUY else fill.price_e4 >= taker.price_e4
        both_u6 = fill.maker_cash_u6 + fill.taker_cash_u6
        assert both_u6 == (2 * fill.maker_cash_u6 if fill.maker.token == 0 else fill.size_u6)
    assert plan.size_u6 == sum(fill.size_u6 for fill in plan.fills)
    prices = [fill.price_e4 for fill in plan.fills]
    assert prices == sorted(prices, reverse=side == SELL)
