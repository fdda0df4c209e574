"""An empty exchange in a process of its own, for the tests of what the latency benchmark does."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine.runtime.latency_run import start_exchange


@pytest.fixture(scope="module")
def latency_reach(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Return where it is."""
    process, found = start_exchange(tmp_path_factory.mktemp("exchange"))
    yield found
    process.terminate()
    process.wait()
