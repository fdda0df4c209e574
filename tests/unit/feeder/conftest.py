"""Sessions over a sink in memory, in both implementations, and the venue's messages to feed them with."""

from collections.abc import Callable
from functools import partial

import pytest

from feeder.collect import MemorySink
from feeder.session import MarketSession

Open = Callable[..., MarketSession]


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture(params=[True, False], ids=["compiled", "python"])
def open_session(request: pytest.FixtureRequest, sink: MemorySink) -> Open:
    return partial(MarketSession, sink, compiled=request.param)
