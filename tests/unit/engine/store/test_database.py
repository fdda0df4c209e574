from pathlib import Path

import pytest
from sqlalchemy import text

from engine.model.errors import InputError, ResourceError
from engine.store.database import Store, name_of, open_store
from tests.unit.engine.store.harness import content


def test_the_name_of_the_database_says_the_mode(tmp_path: Path) -> None:
    assert name_of("dry") == "bucketmm-dry"
    assert name_of("LIVE (local exchange)") == "bucketmm-live-local-exchange"
    store = open_store(tmp_path / "state", "LIVE (local exchange)")
    store.migrate()
    store.close()
    assert (tmp_path / "state" / "bucketmm-live-local-exchange.sqlite").exists()


def test_two_modes_do_not_meet_in_one_postgresql_database(postgres_url: str, tmp_path: Path) -> None:
    for mode in ("dry", "live"):
        store = open_store(tmp_path, mode, postgres_url)
        store.migrate()
        with store.session() as database:
            schema = database.scalar(text("select current_schema()"))
            database.execute(text("insert into markets values (0, 't', 'c', 's', 1, 0, 900, 100, 5, 7, null)"))
            database.commit()
        assert schema == f"bucketmm_{mode}"
        assert len(content(store)["markets"]) == 1
        store.close()


def test_migrating_twice_changes_nothing(store: Store) -> None:
    store.migrate()
    assert {len(rows) for rows in content(store).values()} == {0}


@pytest.mark.parametrize(("url", "said"), [("nonsense", "such as postgresql"), ("mysql://u:secret@h/d", "was one of")])
def test_a_url_that_is_not_of_postgresql_is_refused_without_its_password(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said) as raised:
        open_store(tmp_path, "dry", url)
    assert "secret" not in str(raised.value)


def test_a_database_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="to answer") as raised:
        open_store(tmp_path, "dry", "postgresql://user:secret@127.0.0.1:1/nothing?connect_timeout=2")
    assert "secret" not in str(raised.value)
