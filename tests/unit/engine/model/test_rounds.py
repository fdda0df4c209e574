"""Windows and their slugs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.rounds import bucket_start_s, parse_slug, slug_of, twap_lookback_s

lengths = st.sampled_from([900, 300, 60, 20, 7])


@given(st.integers(0, 2**33), lengths)
def test_a_window_starts_at_a_multiple_of_its_length_and_holds_its_moment(ts_s: int, length_s: int) -> None:
    start_s = bucket_start_s(ts_s, length_s)
    assert start_s % length_s == 0
    assert start_s <= ts_s < start_s + length_s


@given(st.integers(0, 2**33), lengths, st.sampled_from(["btc", "eth", "sol1"]))
def test_a_slug_survives_the_way_there_and_back(start_s: int, length_s: int, asset: str) -> None:
    assert parse_slug(slug_of(asset, start_s, length_s)) == (asset, start_s, length_s)


def test_short_local_windows_settle_on_an_average_in_proportion() -> None:
    assert [twap_lookback_s(length_s) for length_s in (3600, 900, 300, 30, 5)] == [60, 60, 60, 2, 1]


def test_the_venues_own_slugs() -> None:
    assert slug_of("btc", 1_766_683_800, 900) == "btc-updown-15m-1766683800"
    assert slug_of("btc", 1_766_683_800, 300) == "btc-updown-5m-1766683800"
    assert slug_of("btc", 1_766_683_800, 60) == "btc-updown-60s-1766683800"


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "btc-updown-15m-",
        "btc-updown-0s-1",
        "btc-updown-1h-1",
        "BTC-updown-15m-1",
        "btc-updown-15m-1\n",
        "btc-15m-1",
    ],
)
def test_what_is_not_a_windows_slug_is_refused(slug: str) -> None:
    with pytest.raises(ValueError, match="expected a slug such as btc-updown-15m-1766683800, was"):
        parse_slug(slug)
