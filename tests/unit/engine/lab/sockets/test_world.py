from pathlib import Path

import pytest

from engine.lab.faults.troubles import Mishap, Trouble
from engine.lab.sockets import world
from engine.lab.sockets.world import run_seed_on_sockets


def test_a_run_with_real_processes_leaves_books_that_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "OVER_MS", 12_000)
    monkeypatch.setattr(world, "QUIET_S", 4)
    troubles = [
        Trouble(name=str(Mishap.ENGINE_CUT_OFF), at_ms=3_000, for_ms=500),
        Trouble(name=str(Mishap.ENGINE_KILLED), at_ms=6_000, for_ms=500),
    ]
    result = run_seed_on_sockets(4, troubles, tmp_path)
    assert result.violations == ()
    assert result.effects == {"engine_cut_off": 1, "engine_killed": 1}
    assert result.sessions == 2
    assert result.decisions > 0
