import logging

import pytest

from feeder.complaints import LOG_EVERY_NS, Complaints


def test_a_kind_is_counted_always_and_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints("line A")
    with caplog.at_level(logging.WARNING, "feeder"):
        for ts_ns in (0, 1, LOG_EVERY_NS - 1, LOG_EVERY_NS):
            complaints.note("odd", ts_ns, "x" * 500)
        complaints.note("other", 1)
    assert complaints.counts == {"odd": 4, "other": 1}
    assert [record.getMessage()[:28] for record in caplog.records] == [
        "line A: odd (1 so far): xxxx", "line A: odd (4 so far): xxxx", "line A: other (1 so far): ",
    ]  # fmt: skip
    assert max(len(record.getMessage()) for record in caplog.records) < 200
