"""Where the store is: a SQLite file beside the journals, or a PostgreSQL schema by URL; its migrations."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from engine.model.errors import InputError, ResourceError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_MS: Final = 10_000
"""How long a writer of the SQLite file waits for another one."""


def name_of(mode: str) -> str:
    """Return the database's name for a mode, e.g. "bucketmm-dry": it says at a glance what it is about."""
    return "bucketmm-" + re.sub(r"[^a-z0-9]+", "-", mode.lower()).strip("-")


class Store:
    """One mode's database: `engine` is SQLAlchemy's, `where` names it for people, without a password."""

    def __init__(self, engine: Engine, where: str) -> None:
        self.engine = engine
        self.where = where

    def migrate(self) -> None:
        """Bring the tables to this version's form. Raises ResourceError when the database does not take it."""
        with _refused(self.where), self.engine.begin() as connection:
            config = AlembicConfig()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a session. What the database refuses is a ResourceError."""
        with _refused(self.where), Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def open_store(root: Path, mode: str, url: str | None = None) -> Store:
    """Return the store of one mode: `root`/bucketmm-<mode>.sqlite, or a schema bucketmm_<mode> in PostgreSQL by URL.

    Raises InputError for a URL that is none, or of another kind of database.
    """
    name = name_of(mode)
    if url is None:
        root.mkdir(parents=True, exist_ok=True)
        path = root / f"{name}.sqlite"
        engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        return Store(engine, str(path))
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError("store.url: expected a URL such as postgresql://user@host/database") from None
    if parsed.get_backend_name() != "postgresql":
        raise InputError(f"store.url: expected a URL of PostgreSQL, was one of {parsed.get_backend_name()}")
    schema = name.replace("-", "_")
    parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(
        parsed, hide_parameters=True, pool_pre_ping=True, connect_args={"options": f"-csearch_path={schema}"}
    )
    where = f"{parsed.host or 'local'}/{parsed.database}, schema {schema}"
    with _refused(where), engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    return Store(engine, where)


@contextmanager
def _refused(where: str) -> Iterator[None]:
    """Turn what the database refuses into a message; the statement's values stay out of it."""
    try:
        yield
    except SQLAlchemyError as error:
        raise ResourceError(f"expected the database {where} to answer: {str(error).splitlines()[0]}") from error


def _prepare_sqlite(connection: object, entry: ConnectionPoolEntry) -> None:
    """Let readers read while the follower writes, and let a second writer wait."""
    del entry
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the driver's own connection
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.close()
