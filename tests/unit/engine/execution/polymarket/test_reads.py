"""The venue's answers to reads: exact values of good ones, a ValueError for every other."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.execution.polymarket import reads
from engine.model.units import SHARE_U6
from tests.unit.engine.execution.polymarket.scripted import order_row

READERS = [
    reads.read_order,
    reads.read_page,
    reads.read_balance,
    reads.read_book,
    reads.read_redeemable_u6,
    reads.read_winner,
    reads.read_time_s,
]
LEAF = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5)
FIELDS = st.sampled_from(["data", "id", "bids", "asks", "tokens", "balance", "status"])
ANYTHING = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner))


def test_an_orders_status_may_have_a_prefix_and_its_size_may_be_missing() -> None:
    row = reads.read_order(orjson.dumps(order_row("0xAB", "ORDER_STATUS_LIVE", "")))
    assert row is not None
    assert (row.remote_id, row.status, row.matched_u6, row.is_resting) == ("0xab", "LIVE", 0, True)


@pytest.mark.parametrize(("status", "resting"), [("DELAYED", True), ("UNMATCHED", True), ("MATCHED", False)])
def test_an_order_whose_status_says_nothing_certain_is_taken_to_rest(status: str, resting: bool) -> None:
    row = reads.read_order(orjson.dumps(order_row("0xab", status)))
    assert row is not None
    assert row.is_resting == resting


def test_null_is_an_order_that_is_not_known() -> None:
    assert reads.read_order(b"null") is None


def test_the_last_page_names_no_further_cursor() -> None:
    assert reads.read_page(b'{"data":[{}],"next_cursor":"LTE="}') == reads.Page(({},), "")
    assert reads.read_page(b'{"data":[],"next_cursor":"MTAw"}').next_cursor == "MTAw"


def test_an_empty_side_of_a_book_is_no_level() -> None:
    top = reads.read_book(b'{"bids":[],"asks":[{"price":"0.6","size":"1"}],"timestamp":null}')
    assert (top.bid, top.ask, top.venue_ts_ns) == (reads.Level(), reads.Level(6_000, SHARE_U6), 0)


def test_values_that_json_has_as_numbers_are_read_as_they_were_meant() -> None:
    body = b'{"data":[{"current_value":9e-6,"redeemable":true},{"current_value":84.115385,"redeemable":true}]}'
    assert reads.read_redeemable_u6(body) == 84_115_394


def test_a_market_without_a_winner_is_not_resolved() -> None:
    tokens = [{"token_id": "1", "winner": False}, {"token_id": "2", "winner": False}]
    assert reads.read_winner(orjson.dumps({"tokens": tokens})) is None
    tokens[1]["winner"] = True
    assert reads.read_winner(orjson.dumps({"tokens": tokens})) == "2"


def test_the_time_is_a_whole_number() -> None:
    assert reads.read_time_s(b"1763683200") == 1_763_683_200


@pytest.mark.parametrize("reader", READERS)
@given(ANYTHING)
def test_anything_else_is_a_value_error_and_nothing_worse(reader: object, content: object) -> None:
    try:
        reader(orjson.dumps(content))  # type: ignore[operator]
    except ValueError:
        return


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_json_is_a_value_error(reader: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        reader(b"<html>")  # type: ignore[operator]
