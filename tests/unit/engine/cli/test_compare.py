"""`bucketmm worlds compare`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.analytics.market_summary import LABELS
from engine.cli.main import main

FIXTURES = Path(__file__).parents[3] / "fixtures" / "recordings"


def compare(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["worlds", "compare", *arguments])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def columns() -> dict[str, dict[str, float | None]]:
    status, text = compare(
        str(FIXTURES / "lively-seed-10"), "--rounds", "2", "--style", "lively", "--market", "quotes", "--json"
    )
    assert status == 0
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_a_recording_stands_beside_worlds_of_the_same_length(columns: dict[str, dict[str, float | None]]) -> None:
    assert list(columns) == ["recorded lively-seed-10", "lively 60s, rules recorded", "lively 60s, rules today"]
    assert [column["rounds"] for column in columns.values()] == [1, 2, 2]
    assert all(list(column) == [*LABELS, "levels_per_s"] for column in columns.values())


def test_a_recorded_world_looks_like_the_world_that_it_was_recorded_from(
    columns: dict[str, dict[str, float | None]],
) -> None:
    recorded, world = columns["recorded lively-seed-10"], columns["lively 60s, rules today"]
    assert recorded["spread_1_tick"] == pytest.approx(world["spread_1_tick"], abs=15)
    assert recorded["messages_mean"] == pytest.approx(world["messages_mean"], rel=0.2)


def test_the_table_can_be_printed_for_a_person_and_for_a_page() -> None:
    status, text = compare(str(FIXTURES), "--rounds", "1", "--rules", "today", "--market", "quotes", "--markdown")
    lines = text.strip().splitlines()
    assert status == 0
    assert lines[0] == "|  | recorded recordings | calm 60s, rules today |"
    assert lines[2].startswith("| rounds | 2 | 1 |")
    assert {line.count("|") for line in lines} == {4}
    status, text = compare(str(FIXTURES), "--rounds", "1", "--rules", "today")
    assert (status, "recordings and worlds" in text) == (0, True)


def test_a_crowds_market_knows_of_every_level() -> None:
    status, text = compare(str(FIXTURES / "lively-seed-10"), "--rounds", "1", "--rules", "today", "--json")
    recorded, crowd = json.loads(text).values()
    assert status == 0
    assert recorded["levels_per_s"] is None
    assert crowd["levels_per_s"] > 20


def test_what_is_no_recording_is_an_error_that_names_it(tmp_path: Path) -> None:
    status, text = compare(str(tmp_path))
    assert (status, str(tmp_path) in text) == (2, True)
