import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.events import Feed, FeedChange
from engine.model.market import View, fold, open_view, show
from engine.model.mid import (
    NO_MID,
    Mid,
    MidCounter,
    MidSource,
    canonical_mid,
    tokens_to_usd_u6,
    usd_to_tokens_u6,
)
from tests.unit.engine.rounds import UP, at, book, opened


def view_with(bid_e4: int, ask_e4: int) -> View:
    return show(open_view(opened(UP)), book(UP, 1, bid_e4, ask_e4))


def test_a_two_sided_book_has_its_middle_without_rounding() -> None:
    assert canonical_mid(view_with(6_000, 6_100), 0, 100) == Mid(12_100, MidSource.BOOK)


@pytest.mark.parametrize(
    ("bid_e4", "ask_e4", "trade_e4", "expected"),
    [
        (9_000, 0, 9_200, Mid(18_400, MidSource.LAST_TRADE)),
        (9_000, 0, 8_900, Mid(18_200, MidSource.ONE_SIDE)),
        (9_000, 0, 0, Mid(18_200, MidSource.ONE_SIDE)),
        (0, 1_000, 800, Mid(1_600, MidSource.LAST_TRADE)),
        (0, 1_000, 1_100, Mid(1_800, MidSource.ONE_SIDE)),
        (0, 100, 0, Mid(0, MidSource.ONE_SIDE)),
        (9_950, 0, 0, Mid(20_000, MidSource.ONE_SIDE)),
    ],
)
def test_a_one_sided_book_uses_the_last_trade_inside_it_or_the_side_and_a_half_spread(
    bid_e4: int, ask_e4: int, trade_e4: int, expected: Mid
) -> None:
    assert canonical_mid(view_with(bid_e4, ask_e4), trade_e4, 100) == expected


def test_an_empty_a_crossed_and_a_stale_book_have_no_mid() -> None:
    assert canonical_mid(view_with(0, 0), 5_000, 100) == NO_MID
    assert canonical_mid(view_with(6_100, 6_000), 5_000, 100) == NO_MID
    stale = fold(view_with(6_000, 6_100), Feed(at(2), UP, FeedChange.STALE))
    assert canonical_mid(stale, 5_000, 100) == NO_MID


def test_each_fallback_is_counted_by_name() -> None:
    counter = MidCounter()
    for bid_e4, trade_e4 in ((6_000, 0), (6_000, 6_050), (0, 0)):
        counter.mid(view_with(bid_e4, 0), trade_e4, 100)
    counter.mid(view_with(6_000, 6_100), 0, 100)
    assert counter.counts == {
        MidSource.ONE_SIDE: 1,
        MidSource.LAST_TRADE: 1,
        MidSource.NONE: 1,
        MidSource.BOOK: 1,
    }


@given(st.integers(0, 10**12), st.integers(1, 20_000))
def test_cash_to_shares_and_back_gives_the_cash(cash_u6: int, price_2e4: int) -> None:
    mid = Mid(price_2e4, MidSource.BOOK)
    assert tokens_to_usd_u6(usd_to_tokens_u6(cash_u6, mid), mid) == cash_u6


@given(st.integers(0, 10**12), st.integers(1, 20_000))
def test_shares_to_cash_and_back_never_gives_more_shares(size_u6: int, price_2e4: int) -> None:
    mid = Mid(price_2e4, MidSource.BOOK)
    assert usd_to_tokens_u6(tokens_to_usd_u6(size_u6, mid), mid) <= size_u6


def test_nothing_is_marked_without_a_mid() -> None:
    with pytest.raises(AssertionError):
        tokens_to_usd_u6(1, NO_MID)
