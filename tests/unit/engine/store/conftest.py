"""Every test of the store runs on SQLite and on a real PostgreSQL."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from engine.store.database import Store, open_store
from tests.unit.engine.store.postgres import programs, running

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    """Start PostgreSQL once a process; skip without Debian's package, but not in CI."""
    found = programs()
    if found is None:
        assert os.environ.get("CI") != "true", "expected Debian's package postgresql"
        pytest.skip("Debian's package postgresql is not installed")
    with running(found) as socket:
        yield socket


@pytest.fixture
def postgres_url(server: Path) -> str:
    """Return the URL of an empty database."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(f"host={server} user=tester dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql://tester@/{name}?host={server}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    """Return what `open_store` takes: None for SQLite."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(url: str | None, tmp_path: Path) -> Iterator[Store]:
    """Yield a migrated, empty store."""
    opened = open_store(tmp_path / "store", "dry", url)
    opened.migrate()
    yield opened
    opened.close()
