import json
from pathlib import Path

import pytest

from engine.journal.writer import JournalWriter
from engine.runtime.clock import ShellClock
from engine.runtime.compose import build_kernel, build_paper, fresh_state, journal_header
from engine.runtime.control import ControlFiles
from engine.runtime.loop import Loop
from engine.runtime.shell import Shell
from engine.runtime.status import StatusWriter, describe_round
from engine.runtime.tally import Tally
from tests.unit.engine.journal.harness import CONFIG
from tests.unit.engine.rounds import DOWN, UP, at, book, opened
from tests.unit.engine.runtime.ring import Ring


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a shell whose kernel has an entry resting."""
    ring = Ring()
    feed = ring.feed()
    tally = Tally()
    loop = Loop(build_kernel(CONFIG, fresh_state(CONFIG), tally), build_paper(CONFIG))
    loop.now_ns = at(1)
    for asset in (UP, DOWN):
        loop.market(opened(asset))
    loop.market(book(DOWN, 1, 3_800, 3_900))
    loop.market(book(UP, 1, 6_100, 6_200))
    loop.catch_up(at(2))
    made = Shell(loop, feed, ShellClock(), ControlFiles(tmp_path / "KILL"), lambda shell: None)
    feed.close()
    ring.writer.close(unlink=True)
    return made


def writer(folder: Path, said: list[str], alerts: list[str]) -> StatusWriter:
    """Return a status writer of a session."""
    journal = JournalWriter(folder / "j", journal_header(CONFIG, fresh_state(CONFIG), clock="t", mode="t"))
    journal.close(0)

    def say(text: str) -> None:
        alerts.append(text)
        said.append(text)

    return StatusWriter(folder / "run" / "engine.json", "dry", 1.0, journal, Tally(), alerts, say)


def test_the_file_tells_stage_position_books_and_orders(shell: Shell, tmp_path: Path) -> None:
    (round_state,) = shell.loop.kernel.state.rounds.values()
    told = describe_round(round_state, at(2))
    assert (told["stage"], told["seconds_left"], told["leg"], told["entry"]) == ("ENTRY_PLACED", 898.0, "", None)
    assert told["books"]["YES"] == {"bid": "0.61", "ask": "0.62", "fresh": True}
    (order,) = told["orders"]
    assert (order["side"], order["price"], order["size"], order["status"]) == ("BUY", "0.61", "11", "LIVE")


def test_a_reader_never_sees_half_a_file_and_a_stop_is_shown(shell: Shell, tmp_path: Path) -> None:
    status = writer(tmp_path, [], [])
    status.write(shell)
    path = tmp_path / "run" / "engine.json"
    assert json.loads(path.read_bytes())["state"] == "running"
    shell.request_stop()
    status.write(shell)
    assert json.loads(path.read_bytes())["state"] == "stopping"
    status.write(shell, "stopped")
    told = json.loads(path.read_bytes())
    assert (told["state"], told["killed"], told["bankroll_usd"], told["cash_usd"]) == ("stopped", None, "100", "100")
    assert [one.name for one in path.parent.iterdir()] == ["engine.json"]


def test_a_file_that_cannot_be_written_is_told_once_and_stops_nothing(shell: Shell, tmp_path: Path) -> None:
    said: list[str] = []
    status = writer(tmp_path, said, [])
    (tmp_path / "run").write_text("a file where the folder should be")
    status.write(shell)
    status.write(shell)
    (text,) = said
    assert text.startswith("status_not_written: ")


def test_only_the_newest_alerts_are_shown(shell: Shell, tmp_path: Path) -> None:
    status = writer(tmp_path, [], [str(number) for number in range(25)])
    assert status.describe(shell, "running")["alerts"] == [str(number) for number in range(15, 25)]
