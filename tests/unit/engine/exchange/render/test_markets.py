"""Market facts as the order book service writes them (protocol.md 4.1)."""

import msgspec
import pytest

from engine.exchange.core.market import Market, Phase
from engine.exchange.render.markets import (
    clob_market,
    description,
    full_market,
    iso,
    iso_fine,
    json_number,
    outcome_price,
    simplified_market,
)
from tests.unit.engine.exchange.desks import START_MS, TestDesk

FULL = [
    "accepting_order_timestamp",
    "accepting_orders",
    "active",
    "archived",
    "closed",
    "condition_id",
    "description",
    "enable_order_book",
    "end_date_iso",
    "fpmm",
    "game_start_time",
    "icon",
    "image",
    "is_50_50_outcome",
    "maker_base_fee",
    "market_slug",
    "minimum_order_size",
    "minimum_tick_size",
    "neg_risk",
    "neg_risk_market_id",
    "neg_risk_request_id",
    "notifications_enabled",
    "question",
    "question_id",
    "rewards",
    "seconds_delay",
    "tags",
    "taker_base_fee",
    "tokens",
]
"""Of the capture that protocol.md 4.1 names."""


def market(**facts: object) -> Market:
    listed = TestDesk().list_market("one")
    listed.spec = msgspec.structs.replace(listed.spec, **facts)
    return listed


def test_the_short_form_has_the_venues_abbreviations() -> None:
    one = market(hold_ms=150)
    assert clob_market(one) == {
        "gst": None,
        "r": {"rates": None, "min_size": 0, "max_spread": 0},
        "t": [{"t": one.spec.tokens[0], "o": "Up"}, {"t": one.spec.tokens[1], "o": "Down"}],
        "mos": 5,
        "mts": 0.01,
        "mbf": 1_000,
        "tbf": 1_000,
        "rfqe": False,
        "itode": True,
        "ibce": False,
        "fd": {"r": 0.07, "e": 1, "to": True},
        "oas": 0,
        "nr": False,
    }


def test_the_long_form_has_every_captured_field() -> None:
    row = full_market(market(created_ms=START_MS, end_ms=START_MS + 900_000))
    assert sorted(row) == sorted(FULL)
    assert (row["accepting_order_timestamp"], row["end_date_iso"]) == ("2026-11-21T12:15:00Z", "2026-11-21T12:30:00Z")
    assert [(each["price"], each["winner"]) for each in row["tokens"]] == [(0.5, False), (0.5, False)]


@pytest.mark.parametrize(
    ("phase", "taking", "closed"),
    [(Phase.HYDRATING, False, False), (Phase.OPEN, True, False), (Phase.HALTED, False, False),
     (Phase.RESOLVED, False, True)],
)  # fmt: skip
def test_a_phase_is_two_flags(phase: Phase, taking: bool, closed: bool) -> None:
    one = market()
    one.phase = phase
    for row in (full_market(one), simplified_market(one)):
        assert (row["accepting_orders"], row["closed"]) == (taking, closed)


def test_an_outcome_is_worth_all_or_nothing_in_the_end() -> None:
    one = market()
    assert outcome_price(one, 0) == 0.5
    one.winner = 1
    assert [outcome_price(one, token) for token in (0, 1)] == [0.0, 1.0]


def test_the_rules_of_a_window_name_the_average_and_those_of_others_the_outcomes() -> None:
    assert "time-weighted average BTC price" in description(market(asset="btc"))
    assert description(market()) == 'This market will resolve to "Up" or "Down".'


def test_times_and_numbers_are_written_as_the_venue_does() -> None:
    assert iso(START_MS + 999) == "2026-11-21T12:15:00Z"
    assert iso_fine(START_MS + 123) == "2026-11-21T12:15:00.123000Z"
    assert [json_number(each, 6) for each in (5_000_000, 5_500_000, 0)] == [5, 5.5, 0]
