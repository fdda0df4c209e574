"""An order's own terms: ticks, prices, decimals, sizes, expirations."""

import pytest

from engine.exchange.core.exchange import Settings
from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import NewOrder
from engine.exchange.core.terms import check_terms
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.venue.refusals import Refusal
from tests.support_exchange import BUY, FAK, FOK, GTC, GTD, SELL, SHARE, START_MS, spec

NOW_S = START_MS // 1000


def check(
    side: Side, maker_u6: int, taker_u6: int, tif: TimeInForce = GTC, tick_e4: int = 100, **more: object
) -> int | str:
    """Return the price, or the text of the refusal."""
    settings = Settings(immediate_minimum=bool(more.pop("immediate_minimum", False)))
    market = Market(spec(tick_e4=tick_e4), Phase.OPEN)
    new = NewOrder("0xid", "ann", "ann", "up1", side, maker_u6, taker_u6, tif, **more)  # type: ignore[arg-type]
    terms = check_terms(new, market, settings, START_MS)
    if isinstance(terms, Refusal):
        assert terms.status == 400
        return terms.text
    return terms


def breaks_tick(price: str, tick: str) -> str:
    return f"order 0xid is invalid. Price ({price}) breaks minimum tick size rule: {tick}"


@pytest.mark.parametrize(
    ("side", "maker_u6", "taker_u6", "tick_e4", "price_e4"),
    [
        (BUY, 5_200_000, 10_000_000, 100, 5200),
        (SELL, 10_000_000, 5_200_000, 100, 5200),
        (BUY, 51_000, 5_100_000, 100, 100),
        (SELL, 5_000_000, 4_950_000, 100, 9900),
        (BUY, 5_150_000, 10_000_000, 50, 5150),
        (SELL, 10_000_000, 5_125_000, 25, 5125),
        (BUY, 5_000, 5_000_000, 10, 10),
        (SELL, 5_000_000, 4_995_000, 10, 9990),
        (BUY, 5_000_000, 10_000_000, 1000, 5000),
    ],
)
def test_a_price_on_the_tick_is_taken(side: Side, maker_u6: int, taker_u6: int, tick_e4: int, price_e4: int) -> None:
    assert check(side, maker_u6, taker_u6, tick_e4=tick_e4) == price_e4


@pytest.mark.parametrize(
    ("side", "maker_u6", "taker_u6", "tick_e4", "text"),
    [
        (BUY, 5_250_000, 10_000_000, 100, breaks_tick("0.525", "0.01")),
        (SELL, 10_000_000, 5_255_000, 10, breaks_tick("0.5255", "0.001")),
        (BUY, 50_000, 10_000_000, 100, breaks_tick("0.005", "0.01")),
        (BUY, 9_950_000, 10_000_000, 100, breaks_tick("0.995", "0.01")),
        (BUY, 10_000_000, 10_000_000, 100, breaks_tick("1", "0.01")),
        (BUY, 20_000_000, 10_000_000, 10, breaks_tick("2", "0.001")),
        (SELL, 10_000_000, 1, 100, breaks_tick("0.0001", "0.01")),
        (BUY, 5_199_999, 10_000_000, 100, breaks_tick("0.5199", "0.01")),
        (BUY, 90_000, 10_000_000, 1000, breaks_tick("0.009", "0.1")),
    ],
)
def test_a_price_off_the_tick_or_out_of_range_is_refused(
    side: Side, maker_u6: int, taker_u6: int, tick_e4: int, text: str
) -> None:
    assert check(side, maker_u6, taker_u6, tick_e4=tick_e4) == text


@pytest.mark.parametrize(
    ("side", "maker_u6", "taker_u6", "price_e4"),
    [
        (BUY, 5_000_000, 9_615_300, 5200),  # 0.520004, the vector of both clients
        (BUY, 5_000_000, 9_600_000, 5200),  # 0.5208
        (SELL, 10_000_000, 5_200_000, 5200),
        (SELL, 10_000_000, 5_199_900, 5200),
        (SELL, 10_000_000, 5_101_000, 5200),
    ],
)
def test_an_immediate_orders_price_is_cut_to_the_tick_in_its_owners_favour(
    side: Side, maker_u6: int, taker_u6: int, price_e4: int
) -> None:
    assert check(side, maker_u6, taker_u6, FAK) == price_e4


def test_an_immediate_order_whose_cut_price_is_out_of_range_is_refused_with_what_it_said() -> None:
    assert check(BUY, 10_000, 2_000_000, FOK) == breaks_tick("0.005", "0.01")
    assert check(SELL, 1_000_000, 995_000, FAK) == breaks_tick("0.995", "0.01")


def test_too_many_decimals_are_refused_in_the_venues_words() -> None:
    resting = (
        "invalid amounts, the buy orders maker amount supports a max accuracy of 4 decimals, taker amount a max of 2 "
    )
    assert check(BUY, 2_601_300, 5_002_500) == resting + "decimals"
    fine = resting.replace("of 4", "of 5")
    assert check(BUY, 5_130_000, 10_000_000 + 1_000, tick_e4=10).startswith("order"), "the price is looked at first"
    assert check(BUY, 5_002_500 * 52 // 100, 5_002_500, tick_e4=10) == fine + "decimals"
    market = "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, taker amount "
    assert check(BUY, 9_980_000, 10_131_970, FAK, tick_e4=10) == market + "a max of 4 decimals"
    assert check(BUY, 9_980_000, 10_131_900, FAK, tick_e4=10) == 9850
    assert check(SELL, 10_001_000, 5_200_000, FAK).endswith(
        "max accuracy of 2 decimals, taker amount a max of 4 decimals"
    )


def test_a_resting_order_has_the_minimum_size_an_immediate_one_need_not() -> None:
    text = "order 0xid is invalid. Size (4.99) lower than the minimum: 5"
    assert check(BUY, 499 * 5_000, 499 * 10_000) == text
    assert check(SELL, 499 * 10_000, 499 * 5_000) == text
    assert check(BUY, 5 * SHARE // 2, 5 * SHARE) == 5000
    assert check(BUY, 1_000_000, 2_000_000, FAK) == 5000
    assert check(BUY, 1_000_000, 2_000_000, FOK, immediate_minimum=True) == text.replace("4.99", "2")


def test_amounts_that_are_no_amounts_are_a_bad_payload() -> None:
    assert check(BUY, 0, 5_000_000) == "Invalid order payload"
    assert check(SELL, 5_000_000, 0) == "Invalid order payload"
    assert check(SELL, -5_000_000, 2_500_000) == "Invalid order payload"


def test_only_a_resting_order_can_be_post_only() -> None:
    assert check(BUY, 5_000_000, 10_000_000, FAK, post_only=True).startswith("invalid post-only order")
    assert check(BUY, 5_000_000, 10_000_000, GTC, post_only=True) == 5000


def test_an_expiration_is_three_minutes_ahead_and_for_gtd_alone() -> None:
    assert check(BUY, 5_000_000, 10_000_000, GTD, expiration_s=NOW_S + 180) == 5000
    assert check(BUY, 5_000_000, 10_000_000, GTD, expiration_s=NOW_S + 179) == "invalid expiration"
    assert check(BUY, 5_000_000, 10_000_000, GTD) == "invalid expiration"
    assert check(BUY, 5_000_000, 10_000_000, GTC, expiration_s=NOW_S + 300) == "invalid expiration"
