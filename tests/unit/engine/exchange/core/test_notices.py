"""Notices say what was, also when what they name has gone on."""

import msgspec
import pytest

from engine.exchange.core.notices import LevelChanged, Notice, OrderChanged
from tests.support_exchange import BUY, SELL, SHARE, Floor


def test_a_notice_keeps_the_size_and_status_of_its_moment() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5000, order_id="maker")
    floor.limit("bob", BUY, 5, 5000)
    floor.limit("bob", BUY, 5, 5000)
    told = [(n.status, n.filled_u6) for n in floor.seen if isinstance(n, OrderChanged) and n.order.order_id == "maker"]
    assert told == [("LIVE", 0), ("LIVE", 5 * SHARE), ("MATCHED", 10 * SHARE)]


def test_every_notice_has_its_time_and_market_and_cannot_be_changed() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5000)
    assert all(isinstance(n, Notice) and (n.at_ms, n.market) == (floor.now_ms, floor.market) for n in floor.seen)
    level = next(n for n in floor.seen if isinstance(n, LevelChanged))
    with pytest.raises(AttributeError):
        level.size_u6 = 0  # type: ignore[misc]
    assert msgspec.structs.astuple(level)[2:] == (False, 5000, 10 * SHARE)


def test_notices_are_taken_once() -> None:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5000)
    assert floor.look() == []
    assert floor.exchange.take_notices() == []
