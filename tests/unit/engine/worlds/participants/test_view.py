"""Views: orders of both tokens in one book."""

import pytest

from engine.model.events import Side
from engine.worlds.participants.actions import Token
from engine.worlds.participants.view import Holdings, OpenOrder, Window


@pytest.mark.parametrize(
    ("token", "side", "price_e4", "is_bid", "up_price_e4"),
    [
        (Token.UP, Side.BUY, 4_200, True, 4_200),
        (Token.UP, Side.SELL, 4_300, False, 4_300),
        (Token.DOWN, Side.SELL, 5_800, True, 4_200),
        (Token.DOWN, Side.BUY, 5_700, False, 4_300),
    ],
)
def test_an_order_of_either_token_stands_in_the_book_of_up(
    token: Token, side: Side, price_e4: int, is_bid: bool, up_price_e4: int
) -> None:
    order = OpenOrder(token, side, price_e4, 10)
    assert (order.is_bid, order.up_price_e4) == (is_bid, up_price_e4)


def test_holdings_are_told_apart_by_token() -> None:
    own = Holdings(up_u6=1, down_u6=2)
    assert (own.of(Token.UP), own.of(Token.DOWN)) == (1, 2)
    assert Holdings().orders is not own.orders


def test_a_window_knows_its_length() -> None:
    assert Window("w", 1_000, 61_000, 4_000, 5).length_ms == 60_000
