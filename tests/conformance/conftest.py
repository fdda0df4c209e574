"""One running exchange for all tests of a process, and the rule that the clients must be there under CI."""

import importlib.util
import os
from collections.abc import Iterator

import pytest

from tests.conformance.venue import Venue, running

CLIENTS = ("polymarket", "py_clob_client_v2", "py_clob_client")


def pytest_ignore_collect(collection_path: object) -> bool | None:
    """Refuse to go without the clients where nothing may be skipped."""
    del collection_path
    missing = [name for name in CLIENTS if importlib.util.find_spec(name) is None]
    assert not missing or os.environ.get("CI") != "true", f"the official clients are not installed: {missing}"
    return None


@pytest.fixture(scope="session")
def venue() -> Iterator[Venue]:
    with running() as found:
        yield found
