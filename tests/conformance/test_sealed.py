"""Clients whose hosts are sealed reach the local exchange through `--tls`: by a proxy and a local authority alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("polymarket", reason="the official clients are not installed: pip install -e '.[clients]'")
pytest.importorskip("py_clob_client_v2", reason="the official clients are not installed: pip install -e '.[clients]'")

from tests.conformance.venue import running

CLIENT = Path(__file__).with_name("sealed_client.py")


def test_clients_in_their_production_environments_trade_here(tmp_path: Path) -> None:
    with running("--tls", "--tls-dir", str(tmp_path / "tls")) as venue:
        account, market = venue.account(), venue.market()
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        arguments = (account.private_key, account.deposit, market.up, market.condition_id)
        child = subprocess.run(
            [sys.executable, str(CLIENT), *arguments],
            env=kept | venue.reach["environment"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert child.returncode == 0, child.stderr
        assert venue.held(account.deposit, market.up) == 1_000_000
    assert json.loads(child.stdout) == {
        "sdk": {
            "first frame": "book",
            "placed": "live",
            "told": ["order", True],
            "cancelled": 1,
            "split": 66,
            "approved": True,
            "positions": False,
        },
        "v2": {"placed": "live", "cancelled": 1},
    }
