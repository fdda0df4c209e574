from feeder.book import PythonBook
from feeder.collect import MemorySink
from feeder.health import Rate, book_health

S = 10**9


def test_the_rate_is_that_of_the_last_five_seconds() -> None:
    rate = Rate()
    assert rate.update(0, 0) == 0
    assert rate.update(100, S) == 100
    for second in range(2, 12):
        latest = rate.update(100, second * S)
    assert latest == 0


def test_a_books_health_names_its_state_and_counts_its_churn() -> None:
    book = PythonBook(MemorySink(), 0, 100)
    assert book_health(book, S)["age_ms"] is None
    book.load([(4000, 5)], [], 1, S)
    book.apply([(0, 4100, 5), (0, 4000, 0)], -1, -1, 2, 2 * S)
    assert book_health(book, 3 * S) == {
        "state": "LIVE", "shape": "BID_ONLY", "age_ms": 1000, "updates": 2, "level_changes": 2, "published": 2,
    }  # fmt: skip
