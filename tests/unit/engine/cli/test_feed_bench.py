"""How a result is shown; the measuring is tested with feeder.bench."""

from pathlib import Path

from click.testing import CliRunner

from engine.cli import feed_bench

TIMING = {
    "frames": 2941,
    "bytes_p50": 3451.0,
    "us_p50": 3.4,
    "us_p99": 5.9,
    "frames_per_s": 144_649.0,
    "records_per_frame": 0.9,
}
RESULT = {
    "kinds": {"book": TIMING, "price_change": TIMING},
    "oracle": {"book": TIMING, "price_change": TIMING},
    "transports": {"picows": {"a": 0.5, "b": 46.9, "c": 115.2}},
    "price_changes_are": "derived from successive recorded books",
    "clock_us": 0.06,
    "conditions": {"cpus": 2},
}


def test_the_tables_show_both_implementations_the_transports_and_the_conditions() -> None:
    with CliRunner().isolation() as (output, _, _):
        feed_bench._show(RESULT)
        text = output.getvalue().decode()
    for part in ("compiled", "Python oracle", "144,649", "picows", "46.9", "derived from successive", "'cpus': 2"):
        assert part in text


def test_a_folder_without_frames_is_status_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(feed_bench.bench_command, [str(tmp_path)])
    assert result.exit_code == 2
