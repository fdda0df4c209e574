"""`bucketmm kernel bench` measures something; how fast it is depends on the machine and is no test."""

import json
from pathlib import Path

from click.testing import CliRunner

from engine.cli.main import main

RECORDINGS = Path(__file__).resolve().parents[3] / "fixtures" / "recordings"


def test_the_bench_reports_rate_and_latency() -> None:
    result = CliRunner().invoke(main, ["kernel", "bench", str(RECORDINGS), "--repeats", "1", "--json"])
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["events_per_s"] > 0
    assert report["tick_to_intent_us_p50"] > 0
