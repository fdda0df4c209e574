"""The command's arguments; the process itself is tested in tests/integration/feeder/test_feed_process.py."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli.feed import feed


def test_help_names_the_sources_and_the_bench() -> None:
    output = CliRunner().invoke(feed, ["--help"]).output
    assert "[local|polymarket|recording]" in output
    assert "bench" in output


@pytest.mark.parametrize(
    "arguments", [["--source", "recording"], ["--lines", "0"], ["--transport", "pigeon"], ["--path", "nowhere"]]
)
def test_bad_arguments_are_status_2(arguments: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(feed, [*arguments, "--run-dir", str(tmp_path)])
    assert result.exit_code == 2
    assert not (tmp_path / "feeder.json").exists()


def test_a_path_without_a_source_is_a_recording(tmp_path: Path) -> None:
    result = CliRunner().invoke(feed, ["--path", str(tmp_path), "--run-dir", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr
    assert "expected --path with" not in result.stderr
