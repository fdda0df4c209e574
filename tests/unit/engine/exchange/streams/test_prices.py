import pytest

from engine.exchange.streams.prices import PriceHistory, PricePoint, exact, exact_e18, number


@pytest.mark.parametrize(
    ("value_e8", "as_number", "as_exact"),
    [
        (6_412_350_000_000, "64123.5", "64123.50000000"),
        (6_412_600_000_000, "64126.0", "64126.00000000"),
        (1, "0.00000001", "0.00000001"),
    ],
)
def test_prices_are_written_as_the_venue_does(value_e8: int, as_number: str, as_exact: str) -> None:
    assert (number(value_e8), exact(value_e8)) == (as_number, as_exact)


def test_the_older_stream_has_eighteen_decimals_in_an_integer() -> None:
    assert exact_e18(6_500_050_000_000) == "65000500000000000000000"


def test_two_minutes_are_kept() -> None:
    history = PriceHistory()
    for second in range(200):
        history.add(PricePoint(second, second * 1_000))
    assert [point.value_e8 for point in history.since(0)] == list(range(79, 200))
    assert [point.value_e8 for point in history.since(198_001)] == [199]


def test_time_does_not_run_back() -> None:
    history = PriceHistory()
    history.add(PricePoint(1, 5))
    with pytest.raises(AssertionError, match="expected a point after 5 ms"):
        history.add(PricePoint(1, 4))
