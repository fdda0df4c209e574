"""Actions are values."""

from engine.model.events import Side
from engine.worlds.participants.actions import PlaceOrder, Token


def test_each_token_is_the_others_peer() -> None:
    assert (Token.UP.peer, Token.DOWN.peer) == (Token.DOWN, Token.UP)


def test_actions_that_say_the_same_are_equal() -> None:
    order = PlaceOrder(1, Token.UP, Side.BUY, 5_000, 5_000_000)
    assert order == PlaceOrder(1, Token.UP, Side.BUY, 5_000, 5_000_000)
    assert order != PlaceOrder(2, Token.UP, Side.BUY, 5_000, 5_000_000)
