from pathlib import Path

from engine.config.load import parse_config
from engine.journal.reader import JournalReader
from engine.journal.replay import replay
from engine.runtime.backtest import run_recording
from engine.runtime.compose import kernel_of_header
from feeder.recording.reader import open_recordings

FIXTURES = Path(__file__).parents[3] / "fixtures" / "recordings"
CONFIG = parse_config(b"{}", "test")


def test_a_recording_gives_the_same_journal_twice_and_it_replays_equal(tmp_path: Path) -> None:
    for recording in open_recordings(FIXTURES):
        first = run_recording(CONFIG, recording, tmp_path / "one")
        second = run_recording(CONFIG, recording, tmp_path / "two")
        assert first._replace(journal=None) == second._replace(journal=None)
        assert first.journal is not None
        assert second.journal is not None
        for segment in sorted(first.journal.iterdir()):
            assert segment.read_bytes() == (second.journal / segment.name).read_bytes()
        result = replay(JournalReader(first.journal), kernel_of_header)
        assert result.is_equal
        assert result.decisions == first.decisions


def test_every_window_of_a_recording_is_played_to_its_end() -> None:
    for recording in open_recordings(FIXTURES):
        result = run_recording(CONFIG, recording, None)
        assert not result.skipped
        assert not result.broken
        assert [record.slug for record in result.rounds] == [window.slug for window in recording.windows]
        assert all(record.stages[-1] == "SETTLING" for record in result.rounds)


def test_the_money_of_a_round_is_the_money_of_the_paper_venue() -> None:
    for recording in open_recordings(FIXTURES):
        result = run_recording(CONFIG, recording, None)
        for record in result.rounds:
            payout_u6 = record.held_u6 if record.won else 0
            assert record.pnl_u6 == record.received_u6 + payout_u6 - record.spent_u6 - record.fees_u6
