"""Following an engine: each change is told once, and the end is seen."""

import copy
import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.cli.follow import changes, follow
from engine.model.errors import ResourceError

SLUG = "btc-updown-60s-1800000000"


def look(**over: Any) -> dict[str, Any]:
    one = {
        "slug": SLUG,
        "stage": "WAIT_ENTRY",
        "seconds_left": 42.0,
        "leg": "YES",
        "held": "0",
        "entry": None,
        "pnl_usd": "0",
        "books": {"YES": {"bid": "0.6", "ask": "0.61"}, "NO": {"bid": None, "ask": "0.4"}},
        "orders": [],
    }
    return {"state": "running", "rounds": [one | over], "last_rounds": [], "alerts": []}


def result(*, settled: bool) -> dict[str, Any]:
    return {"slug": SLUG, "leg": "YES", "stages": ["EXIT", "DONE"], "pnl_usd": "0.5", "settled": settled}


def test_nothing_is_said_while_nothing_changes() -> None:
    assert list(changes(look(), look(seconds_left=41.0))) == []


def test_a_new_stage_is_told_with_the_books() -> None:
    (line,) = changes(look(), look(stage="EXIT"))
    assert line == f"{SLUG}   42.0 s left  EXIT           YES 0.6 / 0.61  NO - / 0.4"


def test_an_order_is_told_when_it_is_new() -> None:
    order = {"order": f"{SLUG}/1/entry", "side": "BUY", "size": "10", "price": "0.6"}
    (line,) = changes(look(), look(orders=[order]))
    assert line.endswith("BUY 10 at 0.6 sent")
    assert list(changes(look(orders=[order]), look(orders=[order]))) == []


def test_a_fill_is_told_as_the_new_position() -> None:
    (line,) = changes(look(), look(held="10", entry="0.6", pnl_usd="-6"))
    assert line.endswith("  holding 10 YES bought at 0.6")


def test_being_flat_again_is_told_with_its_result() -> None:
    (line,) = changes(look(held="10"), look(held="0", pnl_usd="0.5"))
    assert line.endswith("  flat, P&L 0.5 USD")


def test_a_round_is_over_once_it_is_settled() -> None:
    before, open_end, settled = look(), look(), look()
    open_end["last_rounds"] = [result(settled=False)]
    settled["last_rounds"] = [result(settled=True)]
    assert list(changes(before, open_end)) == []
    assert list(changes(open_end, settled)) == [f"{SLUG}  over: YES, EXIT > DONE; P&L 0.5 USD after fees"]
    assert list(changes(settled, copy.deepcopy(settled))) == []


def test_alerts_and_the_end_are_told() -> None:
    ended = look() | {"alerts": ["stop_fired: bid 5000"], "state": "stopped"}
    assert list(changes(look(), ended)) == ["alert stop_fired: bid 5000", "engine stopped"]


def test_following_ends_with_the_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "engine.json"
    path.write_bytes(orjson.dumps(look() | {"state": "stopped"}))
    follow(path, None)
    assert "WAIT_ENTRY" in capsys.readouterr().out


def test_an_engine_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="is an engine running"):
        follow(tmp_path / "engine.json", 1)


def test_an_engine_that_fell_silent_is_said(tmp_path: Path) -> None:
    path = tmp_path / "engine.json"
    path.write_bytes(orjson.dumps(look()))
    os.utime(path, (1_000, 1_000))
    with pytest.raises(ResourceError, match="the last word was"):
        follow(path, 1)
