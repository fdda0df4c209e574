"""Windows wait for their outcome, whoever tells it; their orders are forgotten when nobody can name them any more."""

from engine.execution.polymarket.own_orders import OwnOrders
from engine.execution.polymarket.windows import Windows
from engine.model.events import MarketChange, Outcome
from engine.model.market import open_view
from tests.unit.engine.execution.polymarket.scripted import CONDITION, DOWN, NOW, S, market, place

END_NS = NOW + 900 * S


def announced() -> Windows:
    windows = Windows()
    for asset in (0, 1):
        windows.market(market(asset))
    return windows


def test_a_token_has_the_newest_facts() -> None:
    windows = announced()
    windows.market(market(0, MarketChange.TICK, 10))
    ticks = [view.tick_e4 for asset in (0, 1) if (view := windows.view(asset)) is not None]
    assert ticks == [10, 100]
    assert windows.view(7) is None


def test_a_window_is_overdue_from_its_end_on_until_its_outcome_is_told() -> None:
    windows = announced()
    assert (windows.overdue(END_NS), windows.overdue(END_NS + 1)) == ([], [CONDITION])
    windows.outcome(Outcome(NOW, 0, known=False))
    assert windows.overdue(END_NS + 1) == [CONDITION]
    windows.outcome(Outcome(NOW, 1, known=True, won=True))
    assert windows.overdue(END_NS + 1) == []


def test_an_outcome_that_was_read_is_told_of_both_tokens_and_once() -> None:
    windows = Windows()
    windows.restore([(open_view(market(0)), open_view(market(1)), END_NS)])
    assert [(told.asset, told.won) for told in windows.resolved(CONDITION, DOWN)] == [(0, False), (1, True)]
    assert windows.resolved(CONDITION, DOWN) == []


def test_orders_are_forgotten_with_their_settled_window_and_not_while_one_is_open() -> None:
    windows, orders = announced(), OwnOrders()
    own = orders.add(place(), "0x1")
    windows.resolved(CONDITION, DOWN)
    windows.forget(END_NS + 1, orders)
    assert orders.named("slug/1/entry") is own
    own.ended = True
    windows.forget(END_NS, orders)
    assert orders.named("slug/1/entry") is own
    windows.forget(END_NS + 1, orders)
    assert orders.named("slug/1/entry") is None
