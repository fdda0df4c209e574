from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from engine.store.database import Store
from engine.store.tables import Base


def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []
