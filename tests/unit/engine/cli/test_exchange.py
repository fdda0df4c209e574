"""The command's arguments; the process itself is tested in tests/integration/exchange/test_process.py."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli.exchange import exchange, make_source
from engine.exchange.calendar import SeriesOptions
from engine.worlds.crowd import Crowd
from engine.worlds.replayed import Replay

NOW_MS = 1_795_262_415_000


def invoke(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(exchange, ["--run-dir", str(tmp_path / "run"), *arguments])
    assert not (tmp_path / "run" / "exchange.json").exists()
    return result.exit_code, " ".join(re.sub("[│╭╰─╮╯]", " ", result.output).split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--bucket-seconds", "14"], "expected a --bucket-seconds of 15 or more that divides a day, was 14"),
        (["--bucket-seconds", "0"], "was 0"),
        (["--bucket-seconds", "-60"], "was -60"),
        (["--bucket-seconds", "901"], "was 901"),
        (["--asset", "BTC"], "expected an --asset of up to 12 small letters and digits, was 'BTC'"),
        (["--asset", ""], "was ''"),
        (["--asset", "a/b"], "was 'a/b'"),
        (["--mined-ms", "100", "--confirmed-ms", "50"], "expected --confirmed-ms of at least --mined-ms (100), was 50"),
        (["--host", "0.0.0.0"], "0.0.0.0"),
        (["--host", "example.com"], "example.com"),
        (["--port", "70000"], "70000"),
        (["--control-port", "-1"], "-1"),
        (["--style", "nice"], "nice"),
        (["--limits", "some"], "some"),
        (["--accounts", "101"], "101"),
        (["--ahead", "0"], "0"),
        (["--recording", "nowhere"], "nowhere"),
        (["--scenario", "nowhere"], "nowhere"),
        (["--nonsense"], "nonsense"),
    ],
)
def test_bad_arguments_are_status_2_and_named(tmp_path: Path, arguments: list[str], says: str) -> None:
    status, output = invoke(tmp_path, *arguments)
    assert status == 2
    assert says in output


def test_bad_files_are_status_2_and_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.file"
    bad.write_text("what = [")
    for option in ("--scenario", "--state", "--recording"):
        status, output = invoke(tmp_path, option, str(bad))
        assert status == 2, option
        assert "bad.file" in output, option


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    for option in ("--scenario", "--state"):
        assert invoke(tmp_path, option, str(tmp_path))[0] == 2


def test_a_run_directory_that_cannot_be_made_is_status_3(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    result = CliRunner().invoke(exchange, ["--run-dir", str(tmp_path / "run")])
    assert result.exit_code == 3


def test_help_says_that_the_keys_are_everybodys() -> None:
    output = CliRunner().invoke(exchange, ["--help"]).output
    assert "never send anything of value" in " ".join(output.split())
    assert "bench" in output


def test_two_assets_do_not_move_together() -> None:
    source_of = make_source("lively", 1, None)
    tapes = [source_of([SeriesOptions(asset=asset)], NOW_MS).tape for asset in ("btc", "eth", "btc")]
    prices = []
    for tape in tapes:
        tape.advance(NOW_MS + 10_000)
        prices.append([tape.spot_e8(NOW_MS + ms) for ms in range(0, 10_000, 1_000)])
    assert prices[0] == prices[2] != prices[1]


def test_the_style_says_who_comes() -> None:
    series = [SeriesOptions(length_s=60)]
    assert isinstance(make_source("calm", 1, None)(series, NOW_MS), Crowd)
    nobody = make_source("empty", 1, None)(series, NOW_MS)
    assert isinstance(nobody, Replay)
    assert nobody.next_turn_ms() is None


def test_a_recording_is_played_instead_of_a_crowd() -> None:
    recording = Path("tests/fixtures/recordings/lively-seed-10")
    played = make_source("lively", 1, recording)([SeriesOptions(length_s=60)], NOW_MS)
    assert isinstance(played, Replay)
