from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from engine.store.database import MIGRATIONS, Store


def test_the_migrations_go_back_and_forth_on_the_connection_they_are_given(store: Store) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(config, "head")
        assert "orders" in inspect(connection).get_table_names()
