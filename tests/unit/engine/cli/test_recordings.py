"""`bucketmm recordings`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli.main import main

FIXTURES = Path(__file__).parents[3] / "fixtures" / "recordings"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["recordings", *arguments])
    return result.exit_code, result.output


def test_it_counts_what_every_recording_holds() -> None:
    status, text = run(str(FIXTURES), "--json")
    listing = json.loads(text)
    assert status == 0
    assert [row["name"] for row in listing["recordings"]] == ["lively-seed-10", "wild-seed-5"]
    for row in listing["recordings"]:
        assert row["records"] == sum(row["records_by_kind"].values())
        assert row["records_by_kind"]["market"] >= 6
    assert listing["totals"]["rounds"] == 2


def test_a_person_reads_one_line_per_recording_and_one_of_totals() -> None:
    status, text = run(str(FIXTURES))
    assert (status, len(text.splitlines())) == (0, 3)
    assert "btc-updown-60s-1800000000=up" in text


@pytest.mark.parametrize("content", [b"", b"not a recording\n", b"\x1f\x8b\x08\x00torn"])
def test_a_bad_file_is_named_with_status_2(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.csv.gz"
    path.write_bytes(content)
    status, text = run(str(path))
    assert (status, "bad.csv.gz" in text) == (2, True)
    assert "Traceback" not in text
