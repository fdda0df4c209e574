"""The strict reader of messages; its use on whole frames is in test_session."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeder import messages
from feeder.book import ASK, BID, NOT_SAID
from tests.support_feed import DOWN, UP, change, price_change


def test_changes_are_grouped_by_token_with_the_best_prices_of_the_last_entry() -> None:
    message = price_change(
        1,
        change(UP, "BUY", "0.5", "2", best_bid="0.5", best_ask="0.6"),
        change(DOWN, "SELL", "0.5", "2"),
        change(UP, "SELL", "0.55", "0", best_bid="0.51", best_ask="1"),
    )
    assert messages.token_changes_of(message) == [
        (UP, [(BID, 5000, 2_000_000), (ASK, 5500, 0)], 5100, 0),
        (DOWN, [(ASK, 5000, 2_000_000)], NOT_SAID, NOT_SAID),
    ]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"event_type": "x", "bids": [], "asks": []}, "x"),
        ({"bids": [], "asks": []}, "book"),
        ({"price_changes": []}, "price_change"),
        ({"changes": []}, "price_change"),
    ],
)
def test_a_kind_is_named_or_told_by_its_fields(message: dict[str, Any], kind: str) -> None:
    assert messages.kind_of(message) == kind


def test_tokens_are_found_in_messages_that_cannot_be_read() -> None:
    assert messages.tokens_named({"asset_id": "1", "price_changes": [{"asset_id": "2"}, 7, {"asset_id": 3}]}) == [
        "1",
        "2",
    ]
    assert messages.tokens_named({"price_changes": 7}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["0.5", "BUY", UP, "", "x", "0.00001", "٣"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["asset_id", "price", "size", "side", "price_changes", "changes", "bids", "asks", "timestamp", "best_bid"]
    ), inner, max_size=5),
    max_leaves=15,
)  # fmt: skip


def refusal_of(read: Callable[[dict[str, Any]], object], message: dict[str, Any]) -> str:
    try:
        read(message)
    except ValueError as error:
        return str(error)
    return ""


@given(st.dictionaries(st.sampled_from(["asset_id", "price_changes", "changes", "timestamp", "price", "size"]), JSON))
def test_any_message_is_read_or_refused_with_a_value_error(message: dict[str, Any]) -> None:
    for read in (messages.token_changes_of, messages.venue_ts_ns_of, messages.level_of, messages.kind_of):
        assert refusal_of(read, message)[:9] in ("", "expected ")
    assert all(isinstance(token, str) for token in messages.tokens_named(message))
