"""Which Gamma markets are taken, which are waited for, and what exactly is refused."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from feeder.discovery import NotReadyError, RefusedError, read_market
from shm.layout import Outcome
from tests import support_feed as feed
from tests.unit.feeder import gamma

SLUG = f"btc-updown-15m-{feed.START_S}"


def test_a_market_of_september_2026_is_read() -> None:
    found = read_market(gamma.market(SLUG), SLUG)
    assert (found.up, found.down, found.version) == (feed.UP_ROW, feed.DOWN_ROW, "v1")


def test_token_ids_are_taken_by_label_not_by_place() -> None:
    found = read_market(gamma.market(SLUG, outcomes='["Down", "Up"]'), SLUG)
    assert (found.up.token_id, found.up.outcome) == (feed.DOWN, Outcome.UP)


def test_the_version_decides_the_ids_and_not_their_presence() -> None:
    found = read_market(gamma.market(SLUG, version="v2"), SLUG)
    assert (found.up.token_id, found.down.token_id) == ("77", "88")


def test_the_fees_are_the_schedules_and_none_where_they_are_disabled() -> None:
    schedule = {"exponent": 2, "rate": 0.25, "takerOnly": False}
    up = read_market(gamma.market(SLUG, feeSchedule=schedule), SLUG).up
    assert (up.fee_rate_e6, up.fee_exponent, up.taker_only) == (250_000, 2, False)
    assert read_market(gamma.market(SLUG, feesEnabled=False, feeSchedule=None), SLUG).up.fee_rate_e6 == 0


def test_a_fine_tick_and_decimals_in_strings_are_read() -> None:
    up = read_market(gamma.market(SLUG, orderPriceMinTickSize=0.001, orderMinSize="5.5"), SLUG).up
    assert (up.tick_e4, up.min_size_u6) == (10, 5_500_000)


def test_a_short_local_window_settles_on_an_average_in_proportion() -> None:
    slug = "btc-updown-30s-1766683800"
    config = {"twapEnabled": True, "twapLookbackSeconds": 2}
    source = "https://data.chain.link/streams/btc-usd-twap-2s-streams"
    changed = {"cryptoMarketConfigId": "btc-30s-twap-2", "cryptoMarketConfig": config, "resolutionSource": source}
    assert read_market(gamma.market(slug, **changed), slug).up.window_length_s == 30


@pytest.mark.parametrize(
    "changed",
    [
        {"clobTokenIds": None},
        {"clobTokenIds": ""},
        {"clobTokenIds": "[]"},
        {"clobTokenIds": '["", ""]'},
        {"enableOrderBook": False},
        {"acceptingOrders": False},
        {"active": False},
        {"outcomes": None},
    ],
)
def test_a_market_that_is_not_hydrated_is_waited_for(changed: dict[str, Any]) -> None:
    with pytest.raises(NotReadyError, match=SLUG):
        read_market(gamma.market(SLUG, **changed), SLUG)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"version": None}, "expected version 'v1' or 'v2', was None"),
        ({"version": "v3"}, "expected version 'v1' or 'v2', was 'v3'"),
        ({"resolutionSource": "https://data.chain.link/streams/btc-usd"}, "resolutionSource .*btc-usd'$"),
        ({"cryptoMarketConfigId": "btc-15m"}, "cryptoMarketConfigId 'btc-15m-twap-60', was 'btc-15m'"),
        ({"cryptoMarketConfig": {"twapEnabled": False, "twapLookbackSeconds": 60}}, "twapEnabled True, was False"),
        ({"cryptoMarketConfig": {"twapEnabled": True, "twapLookbackSeconds": 30}}, "twapLookbackSeconds 60, was 30"),
        ({"cryptoMarketConfig": None}, "twapEnabled True, was None"),
        ({"slug": "btc-updown-15m-0"}, "expected slug"),
        ({"eventStartTime": "2025-12-25T17:30:01Z"}, "expected eventStartTime at Unix second 1766683800"),
        ({"endDate": "soon"}, "expected endDate at Unix second 1766684700, was 'soon'"),
        ({"negRisk": True}, "expected negRisk false"),
        ({"closed": True}, "was closed"),
        ({"outcomes": '["Yes", "No"]'}, "expected Up and Down"),
        ({"outcomes": "[1"}, "expected a list of strings in outcomes"),
        ({"clobTokenIds": '["1"]'}, "expected Up and Down with one token each"),
        ({"clobTokenIds": '["1", "1"]'}, "expected Up and Down with one token each"),
        ({"clobTokenIds": '["1", "0x2"]'}, "expected decimal token ids"),
        ({"conditionId": "0x12"}, "expected a conditionId"),
        ({"orderPriceMinTickSize": 0.02}, "expected one of the venue's ticks, was '0.02'"),
        ({"orderPriceMinTickSize": None}, "orderPriceMinTickSize"),
        ({"orderMinSize": 0}, "expected an orderMinSize in shares"),
        ({"feeSchedule": None}, "expected a feeSchedule, was None"),
        ({"feeSchedule": {"exponent": 3, "rate": 0.07, "takerOnly": True}}, "exponent 1 or 2"),
        ({"feeSchedule": {"exponent": 1, "rate": None, "takerOnly": True}}, "rate: expected a plain decimal"),
    ],
)
def test_a_market_with_another_rule_is_refused_by_name(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(RefusedError, match=message) as refused:
        read_market(gamma.market(SLUG) | changed, SLUG)
    assert str(refused.value).startswith(SLUG)


def test_an_answer_that_is_no_object_is_refused() -> None:
    with pytest.raises(RefusedError, match="expected a market object, was list"):
        read_market([], SLUG)


def recorded_markets() -> list[tuple[Path, dict[str, Any]]]:
    paths = sorted((feed.data_folder() / "api_samples").glob("gamma_market_*.json"))
    assert len(paths) == 8, f"expected 8 recorded markets, was {len(paths)}"
    found = [(path, orjson.loads(path.read_bytes())) for path in paths]
    return [(path, sample.get("raw_market", sample)) for path, sample in found]


def test_the_recorded_markets_of_early_2026_are_refused_because_they_have_no_version() -> None:
    for path, market in recorded_markets():
        assert "version" not in market, path
        with pytest.raises(RefusedError, match="expected version 'v1' or 'v2', was None"):
            read_market(market, market["slug"])


def test_with_a_version_they_are_refused_because_they_settle_on_the_spot_price() -> None:
    for _, market in recorded_markets():
        with pytest.raises(RefusedError, match=r"resolutionSource .*, was 'https://data.chain.link/streams/btc-usd'"):
            read_market(market | {"version": "v1"}, market["slug"])


def test_with_the_fields_of_september_2026_what_else_they_hold_is_read() -> None:
    for _, market in recorded_markets():
        now = gamma.market(market["slug"])
        newer = ("version", "resolutionSource", "cryptoMarketConfig", "cryptoMarketConfigId", "feeSchedule")
        opened = {"closed": False, "acceptingOrders": True, "active": True, "enableOrderBook": True}
        found = read_market({**market, **{field: now[field] for field in newer}, **opened}, market["slug"])
        labels, tokens = orjson.loads(market["outcomes"]), orjson.loads(market["clobTokenIds"])
        assert dict(zip(labels, tokens, strict=True)) == {"Up": found.up.token_id, "Down": found.down.token_id}
        assert found.up.condition_id == market["conditionId"]
