import json

from click.testing import CliRunner

from engine.cli.kernel import kernel
from tests.unit.engine.runtime.test_backtest import FIXTURES


def test_json_has_the_two_numbers_of_decision_thirteen() -> None:
    result = CliRunner().invoke(kernel, ["bench", str(FIXTURES), "--repeats", "1", "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["events_per_s"] > 0
    assert report["tick_to_intent_us_p50"] > 0


def test_no_pass_at_all_is_a_bad_argument() -> None:
    result = CliRunner().invoke(kernel, ["bench", str(FIXTURES), "--repeats", "0"])
    assert result.exit_code == 2
    assert "--repeats" in result.stderr
