import json
import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from engine.cli.follow import changes, finished_rounds, follow
from engine.model.errors import ResourceError
from tests.unit.engine.cli.test_status import ENGINE

Look = dict[str, Any]


def look(**differences: Any) -> Look:
    """Return a look at the engine's file."""
    return deepcopy(ENGINE) | differences


def with_round(**differences: Any) -> Look:
    """Return a look whose one round differs."""
    made = look()
    made["rounds"][0] |= differences
    return made


def test_nothing_new_is_no_line() -> None:
    assert list(changes(look(), look())) == []


def test_a_first_look_tells_stage_and_orders_but_no_old_alerts() -> None:
    lines = list(changes(None, look()))
    assert [line for line in lines if "EXIT" in line and "YES 0.61 / -" in line]
    assert [line for line in lines if line.endswith("SELL 11 at 0.63 sent")]
    assert not [line for line in lines if "alert" in line]


def test_a_stage_a_fill_an_alert_and_the_end_are_a_line_each() -> None:
    after = with_round(stage="SL_PLACED", held="0", leg="YES", seconds_left=-0.2)
    after |= {"alerts": [*ENGINE["alerts"], "stop_fired: bid 4500"], "state": "stopped"}  # type: ignore[misc]
    lines = list(changes(look(), after))
    assert len(lines) == 4
    assert "0.0 s left  SL_PLACED" in lines[0]
    assert "position 0 YES" in lines[1]
    assert lines[2:] == ["alert stop_fired: bid 4500", "engine stopped"]


def test_a_round_is_told_when_it_is_settled_and_only_then() -> None:
    settled = deepcopy(ENGINE["last_rounds"])
    settled[0]["settled"] = True  # type: ignore[index]
    (line,) = changes(look(), look(last_rounds=settled))
    assert line == "old  over: NO, WAIT_ENTRY > EXIT > DONE; P&L 0.2 USD after fees"
    assert list(changes(look(last_rounds=settled), look(last_rounds=settled))) == []
    assert finished_rounds(look()) == set()
    assert finished_rounds(look(last_rounds=settled)) == {"old"}


def test_following_ends_with_the_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "engine.json"
    path.write_text(json.dumps(look(state="stopped")))
    follow(path, None)
    assert "EXIT" in capsys.readouterr().out


def test_an_engine_that_never_wrote_and_one_that_writes_no_more_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "engine.json"
    with pytest.raises(ResourceError, match="is an engine running"):
        follow(path, None)
    path.write_text(json.dumps(look()))
    os.utime(path, (1, 1))
    with pytest.raises(ResourceError, match="the last word was"):
        follow(path, None)
