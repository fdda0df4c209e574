import pytest

from engine.analytics.fill_types import MEANING, FillType, fill_type
from engine.analytics.window_history import SentOrder, WindowHistory
from engine.journal.orders import FillHistory, OrderHistory
from engine.model.commands import Purpose, TimeInForce
from engine.model.events import Settlement, Side
from engine.model.orders import Order
from engine.model.records import RoundRecord

SHARE = 1_000_000
MINIMUM = 5 * SHARE


def window(*fills: tuple[Purpose, int], held: int = 0, won: bool | None = None, settled: bool = True) -> WindowHistory:
    """Return a window with one order a fill; sizes in shares."""
    found = WindowHistory("w")
    for number, (purpose, shares) in enumerate(fills, 1):
        name = f"w/{number}/{purpose.name.lower()}"
        side = Side.BUY if purpose == Purpose.ENTRY else Side.SELL
        order = Order(name, 0, side, 6_000, 10 * SHARE, TimeInForce.GTC, purpose, False, number)
        found.orders[name] = OrderHistory(order, 0, 0, 0)
        found.sent[name] = SentOrder("EXIT", 6_000)
        if shares:
            size_u6 = shares * SHARE
            found.fills.append(
                FillHistory(name, f"t{number}", 0, side, 6_000, size_u6, 0, True, number, Settlement.MATCHED)
            )
    count = len(found.fills)
    found.record = RoundRecord("w", "YES", [], 1, 0, count, count, 0, 0, 0, held, settled, won, 0)
    return found


E, T, S = Purpose.ENTRY, Purpose.TAKE_PROFIT, Purpose.STOP


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (window(), FillType.NO_ENTRY),
        (window((E, 0)), FillType.ENTRY_UNFILLED),
        (window((E, 10), (T, 10)), FillType.TAKE_PROFIT),
        (window((E, 10), (T, 4), (S, 6)), FillType.STOP),
        (window((E, 10), (S, 6), held=4 * SHARE), FillType.DUST),
        (window((E, 10), held=10 * SHARE, won=True), FillType.SETTLED_WON),
        (window((E, 10), held=10 * SHARE, won=False), FillType.SETTLED_LOST),
        (window((E, 10), held=10 * SHARE, settled=False), FillType.NOT_SETTLED),
        (window((E, 10), (S, 10), held=9_999), FillType.STOP),
    ],
)
def test_a_round_ends_in_one_of_nine_ways(made: WindowHistory, expected: FillType) -> None:
    assert fill_type(made, MINIMUM) == expected


def test_a_stop_of_the_late_hold_is_a_kind_of_its_own() -> None:
    made = window((E, 10), (S, 10))
    made.sent["w/2/stop"] = SentOrder("LATE_SL_PLACED", 6_000)
    assert fill_type(made, MINIMUM) == FillType.LATE_STOP


def test_a_fill_that_was_taken_back_is_none() -> None:
    made = window((E, 10))
    made.fills = [FillHistory("w/1/entry", "t", 0, Side.BUY, 1, SHARE, 0, True, 1, Settlement.FAILED, True)]
    assert fill_type(made, MINIMUM) == FillType.ENTRY_UNFILLED


def test_the_markets_minimum_counts_where_it_is_larger() -> None:
    made = window((E, 10), held=6 * SHARE, won=True)
    assert fill_type(made, MINIMUM) == FillType.SETTLED_WON
    made.minimum_u6 = 7 * SHARE
    assert fill_type(made, MINIMUM) == FillType.DUST


def test_every_kind_has_its_words() -> None:
    assert set(MEANING) == set(FillType)
