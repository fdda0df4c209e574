"""`bucketmm worlds generate`."""

import json
from pathlib import Path

from click.testing import CliRunner

from engine.cli.main import main
from feeder.recording.reader import open_recordings


def generate(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["worlds", "generate", *arguments])
    return result.exit_code, result.output


def test_it_writes_consecutive_windows_and_says_what_is_in_them(tmp_path: Path) -> None:
    out = tmp_path / "world"
    status, text = generate("--seed", "7", "--rounds", "3", "--seconds", "60", "--out", str(out), "--json")
    summary = json.loads(text)
    (recording,) = open_recordings(out)
    loaded = recording.load()
    assert status == 0
    assert [window.start_s for window in recording.windows] == [1_800_000_000 + 60 * n for n in range(3)]
    assert summary["records"] == len(loaded.records()) == sum(summary["events"].values())
    assert summary["outcomes"] == loaded.outcomes()
    assert abs(sum(summary["books_percent"].values()) - 100) < 0.5


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        generate("--seed", "7", "--seconds", "30", "--out", str(tmp_path / name))
    segments = [(tmp_path / name / "records-00001.bmr").read_bytes() for name in ("a", "b")]
    assert segments[0] == segments[1]


def test_the_summary_for_a_person_names_rounds_books_and_outcomes(tmp_path: Path) -> None:
    status, text = generate("--seed", "7", "--seconds", "30", "--style", "calm", "--out", str(tmp_path / "w"))
    assert status == 0
    assert "1 rounds" in text
    assert "one tick" in text
    assert "btc-updown-30s-1800000000" in text


def test_a_full_directory_and_an_odd_start_are_refused_with_status_2(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    status, text = generate("--seed", "7", "--out", str(tmp_path))
    assert (status, "not empty" in text) == (2, True)
    status, text = generate("--seed", "7", "--start", "1", "--out", str(tmp_path / "new"))
    assert (status, "multiple of 900" in text) == (2, True)


def test_a_crowds_market_can_be_written_and_read_like_any_other(tmp_path: Path) -> None:
    arguments = ("--seed", "7", "--seconds", "30", "--market", "crowd", "--style", "calm", "--json")
    status, text = generate(*arguments, "--out", str(tmp_path / "a"))
    generate(*arguments, "--out", str(tmp_path / "b"))
    summary = json.loads(text)
    (recording,) = open_recordings(tmp_path / "a")
    assert status == 0
    assert summary["records"] == len(recording.load().records())
    assert summary["outcomes"] == recording.load().outcomes()
    segments = [(tmp_path / name / "records-00001.bmr").read_bytes() for name in ("a", "b")]
    assert segments[0] == segments[1]
