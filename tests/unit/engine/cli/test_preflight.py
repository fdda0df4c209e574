"""`bucketmm preflight` where nothing answers; with a venue it is tested in tests/conformance/test_preflight.py."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.main import main
from engine.venue.accounts import known_secret

SECRET = known_secret(9).hex()
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a config whose venue is a port that nobody listens on; nothing of the user's is looked at."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    names = ("clob_url", "gamma_url", "data_url", "relayer_url", "rpc_url", "geoblock_url")
    content = {"venue": dict.fromkeys(names, NOWHERE), "api": {"PRIVATE_KEY": f"0x{SECRET}"}}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    return str(path)


def preflight(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["preflight", "--source", "polymarket", *arguments])


def statuses(result: Result) -> dict[str, str]:
    return {one["name"]: one["status"] for one in json.loads(result.stdout)["checks"]}


def test_a_venue_that_does_not_answer_fails_with_one_line_each(config: str) -> None:
    result = preflight("--config", config)
    assert result.exit_code == 1
    assert "FAIL  venue              http://127.0.0.1:1: ConnectError" in result.stdout
    assert "PASS  disk" in result.stdout
    assert len([line for line in result.stdout.splitlines() if line[:4] in ("PASS", "FAIL", "SKIP")]) == 19
    assert SECRET not in result.stdout + result.stderr


def test_a_program_can_read_it_and_the_config_is_shown_without_secrets(config: str) -> None:
    result = preflight("--config", config, "--json", "--show-config")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["passed"] is False
    assert report["config"]["api"]["PRIVATE_KEY"] == "***"
    assert statuses(result)["collateral"] == "FAIL"
    assert SECRET not in result.stdout


def test_the_kill_switch_and_another_wallets_state_are_seen(config: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "KILL").write_text("the spread looks wrong\n")
    root = tmp_path / "state" / "live-local"
    root.mkdir(parents=True)
    (root / "wallet").write_text("0xsomebody\n")
    found = {one["name"]: one for one in json.loads(preflight("--config", config, "--json").stdout)["checks"]}
    assert "the spread looks wrong" in found["kill switch"]["found"]
    assert "is the state of 0xsomebody" in found["state"]["found"]


def test_a_bad_config_is_refused_before_any_check(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"risk": {"NO_SUCH_KEY": 1}}')
    result = preflight("--config", str(path))
    assert result.exit_code == 2
    assert "risk.NO_SUCH_KEY" in result.stderr
