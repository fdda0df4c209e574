"""`bucketmm order bench` prints what was measured, and under which conditions."""

import json

from click.testing import CliRunner

from engine.cli.order import order


def test_the_report_has_every_promised_key() -> None:
    result = CliRunner().invoke(order, ["bench", "--rounds", "100", "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert {"sign_us_p50", "presigned_us_p50", "encode_us_p50", "clients", "conditions"} <= report.keys()


def test_without_json_it_is_a_line_for_each() -> None:
    lines = CliRunner().invoke(order, ["bench", "--rounds", "100"]).stdout.splitlines()
    assert any(line.startswith("sign_us_p50: ") for line in lines)
