from hypothesis import given
from hypothesis import strategies as st

from engine.journal.orders import FillHistory, OrderHistory
from engine.store.rows import fill_history, fill_values, order_history, order_values
from engine.store.tables import FillRow, OrderRow


@given(st.from_type(OrderHistory))
def test_an_order_survives_the_way_to_a_row_and_back(history: OrderHistory) -> None:
    row = OrderRow(order_id=history.order.order, session_id=1, seq=1, **order_values(history))
    assert order_history(row) == history


@given(st.from_type(FillHistory))
def test_a_fill_survives_the_way_to_a_row_and_back(history: FillHistory) -> None:
    row = FillRow(order_id=history.order, trade_id=history.trade_id, session_id=1, seq=1, **fill_values(history))
    assert fill_history(row) == history
