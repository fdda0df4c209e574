from pathlib import Path

import msgspec
import pytest

from engine.journal.format import MAGIC
from engine.journal.writer import JournalWriter
from engine.kernel.state import encode_state
from engine.model.commands import CancelAll, CancelMarket, ReadOrder, ReadPosition
from engine.model.errors import InputError
from engine.model.events import Gap, Operator, Unknown
from engine.runtime.compose import build_kernel, build_paper, fresh_state, journal_header, open_journal
from engine.runtime.loop import Loop
from engine.runtime.recovery import first_words, recover, sessions, was_closed
from tests.unit.engine.journal.harness import CONFIG, play_round
from tests.unit.engine.rounds import DOWN, UP, at, book, opened


def begin_round(folder: Path, until_s: float) -> Loop:
    """Play the beginning of a round and leave its journal as a crash would: not closed."""
    state = fresh_state(CONFIG)
    journal = open_journal(folder, CONFIG, state, clock="test", mode="test")
    loop = Loop(build_kernel(CONFIG, state, journal), build_paper(CONFIG))
    loop.now_ns = at(-5)
    for asset in (UP, DOWN):
        loop.market(opened(asset))
    loop.now_ns = at(1)
    loop.market(book(DOWN, 1, 3_800, 3_900))
    loop.market(book(UP, 1, 6_100, 6_200))
    loop.catch_up(at(until_s))
    journal.flush()
    return loop


def test_a_fresh_folder_gives_a_fresh_state_and_the_first_session(tmp_path: Path) -> None:
    recovered = recover(CONFIG, tmp_path)
    assert recovered.state == fresh_state(CONFIG)
    assert recovered.folder == tmp_path / "session-000001"
    assert recovered.previous is None


def test_the_state_after_a_crash_is_the_state_before_it(tmp_path: Path) -> None:
    loop = begin_round(tmp_path / "session-000001", 2)
    recovered = recover(CONFIG, tmp_path)
    assert encode_state(recovered.state) == encode_state(loop.kernel.state)
    assert not recovered.was_closed
    assert recovered.folder == tmp_path / "session-000002"


def test_a_session_that_ended_in_order_is_known_as_closed(tmp_path: Path) -> None:
    play_round(tmp_path / "session-000001")
    assert was_closed(tmp_path / "session-000001")
    assert recover(CONFIG, tmp_path).was_closed
    begin_round(tmp_path / "session-000002", 2)
    assert not was_closed(tmp_path / "session-000002")
    assert [path.name for path in sessions(tmp_path)] == ["session-000001", "session-000002"]


def test_an_order_that_was_never_answered_is_unknown_and_read_and_the_gap_is_told(tmp_path: Path) -> None:
    begin_round(tmp_path / "session-000001", 1.01)
    state = recover(CONFIG, tmp_path).state
    events, commands = first_words(state, at(30))
    order = next(iter(state.rounds.values())).entry
    assert order is not None
    assert events == [Gap(at(30), 0), Unknown(at(30), order.order)]
    assert commands == [ReadOrder(order.order)]


def test_an_order_that_rested_is_only_read_so_that_it_keeps_its_place(tmp_path: Path) -> None:
    begin_round(tmp_path / "session-000001", 2)
    state = recover(CONFIG, tmp_path).state
    events, commands = first_words(state, at(30))
    assert events == [Gap(at(30), 0)]
    assert [type(command) for command in commands] == [ReadOrder]


def test_a_position_is_asked_for(tmp_path: Path) -> None:
    loop = begin_round(tmp_path / "session-000001", 2)
    loop.now_ns = at(3)
    loop.market(book(UP, 3, 5_900, 6_000))
    loop.catch_up(at(4))
    assert next(iter(loop.kernel.state.rounds.values())).held_u6 > 0
    _, commands = first_words(loop.kernel.state, at(30))
    assert ReadPosition(UP) in commands


def test_what_a_kill_or_a_bug_had_to_cancel_is_cancelled_again(tmp_path: Path) -> None:
    state = begin_round(tmp_path / "session-000001", 2).kernel.state
    (slug,) = state.rounds
    state.broken[slug] = "a bug"
    assert first_words(state, at(30))[1][-1] == CancelMarket(UP)
    state.killed = True
    assert first_words(state, at(30))[1][-2:] == [CancelMarket(UP), CancelAll()]
    del state.rounds[slug]
    assert first_words(state, at(30))[1] == [CancelAll()]


def test_a_session_that_died_before_its_header_was_written_took_nothing_and_is_passed_over(tmp_path: Path) -> None:
    loop = begin_round(tmp_path / "session-000001", 2)
    for number, data in ((2, b""), (3, MAGIC[:5]), (4, MAGIC + b"\x10\x00\x00\x00half")):
        folder = tmp_path / f"session-{number:06d}"
        folder.mkdir()
        (folder / "journal-000000.bmj").write_bytes(data)
    recovered = recover(CONFIG, tmp_path)
    assert encode_state(recovered.state) == encode_state(loop.kernel.state)
    assert recovered.previous == tmp_path / "session-000001"
    assert recovered.folder == tmp_path / "session-000005"


def test_a_folder_that_only_looks_like_a_session_is_left_alone(tmp_path: Path) -> None:
    play_round(tmp_path / "session-000001")
    play_round(tmp_path / "session-000001.backup")
    (tmp_path / "session-old").mkdir()
    assert sessions(tmp_path) == [tmp_path / "session-000001"]
    assert recover(CONFIG, tmp_path).folder == tmp_path / "session-000002"


def test_a_journal_of_another_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    header = journal_header(CONFIG, fresh_state(CONFIG), clock="test", mode="test")
    other = msgspec.structs.replace(header, version="9.9.9", kernel_state=b"\x91\xa3abc")
    JournalWriter(tmp_path / "session-000001", other).close(0)
    with pytest.raises(InputError, match=r"session-000001: .* version 0\.1\.0 .* was written by 9\.9\.9"):
        recover(CONFIG, tmp_path)


def test_a_journal_whose_config_cannot_be_read_is_named(tmp_path: Path) -> None:
    header = journal_header(CONFIG, fresh_state(CONFIG), clock="test", mode="test")
    other = msgspec.structs.replace(header, config_json=b'{"entry_exit": {"UNHEARD_OF": 1}}')
    JournalWriter(tmp_path / "session-000001", other).close(0)
    with pytest.raises(InputError, match=r"(?s)session-000001: .*UNHEARD_OF"):
        recover(CONFIG, tmp_path)


def test_what_the_last_session_stopped_at_its_end_goes_on_in_the_next(tmp_path: Path) -> None:
    loop = begin_round(tmp_path / "session-000001", 2)
    loop.receive(Operator(loop.now_ns, "stop", "shell", "asked to stop"))
    loop.catch_up(at(5))
    assert loop.kernel.working_orders() == []
    assert loop.kernel.state.stopping
    loop.kernel.recorder.flush()  # type: ignore[attr-defined]
    state = recover(CONFIG, tmp_path).state
    assert not state.stopping
    (one,) = state.rounds.values()
    assert (one.stopping, one.safe_reason) == (False, "")
