"""The fold agrees with the strategy's own books, and repeated or late news changes nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config.load import load_config
from engine.journal.format import DecisionEntry, EventEntry, RoundEntry
from engine.journal.orders import MemoryHistories, take_command, take_event
from engine.journal.reader import JournalReader
from engine.journal.writer import NullRecorder
from engine.model.commands import Cancel, Place, Purpose, TimeInForce
from engine.model.events import (
    Accepted,
    Event,
    Fill,
    FillReversed,
    Gone,
    GoneReason,
    Rejected,
    Settlement,
    Side,
    Unknown,
)
from engine.model.orders import OrderStatus
from engine.runtime.backtest import run_recording
from engine.runtime.compose import kernel_of_header
from feeder.recording.reader import open_recordings
from tests.unit.engine.journal.harness import play_round

FIXTURES = Path(__file__).parents[3] / "fixtures" / "recordings"
ORDER = "btc-updown-15m-1800000000/1/entry"


def sent() -> MemoryHistories:
    histories = MemoryHistories()
    place = Place(ORDER, 0, Side.BUY, 6_000, 10_000_000, TimeInForce.GTC, Purpose.ENTRY, True, 0, 7, 8)
    take_command(histories, place, 100)
    return histories


def fill(trade: str, shares: int, settlement: Settlement = Settlement.MATCHED) -> Fill:
    return Fill(200, ORDER, trade, 0, Side.BUY, 6_000, shares * 1_000_000, 0, True, settlement)


ANSWERS: list[Event] = [
    Accepted(110, ORDER, "0xabc"),
    fill("a", 4),
    fill("b", 6),
    fill("b", 6, Settlement.CONFIRMED),
    Gone(300, ORDER, GoneReason.FILLED, 10_000_000),
]


def journals(tmp_path: Path) -> list[Path]:
    """Return journals of the fixtures and of a round with a stop."""
    found = [tmp_path / "round"]
    play_round(found[0])
    for recording in open_recordings(FIXTURES):
        result = run_recording(load_config(None), recording, tmp_path)
        assert result.journal is not None
        found.append(result.journal)
    return found


def test_the_fold_knows_of_every_round_what_the_strategy_knew(tmp_path: Path) -> None:
    compared = 0
    for folder in journals(tmp_path):
        reader = JournalReader(folder)
        histories, kernel, now_ns = MemoryHistories(), kernel_of_header(reader.header, NullRecorder()), 0
        for frame in reader:
            entry = frame.entry
            if isinstance(entry, EventEntry):
                now_ns, before = entry.event.ts_ns, dict(kernel.state.rounds)
                kernel.receive(entry.event)
                assert take_event(histories, entry.event)
            elif isinstance(entry, DecisionEntry):
                for command in entry.commands:
                    take_command(histories, command, now_ns)
            elif isinstance(entry, RoundEntry):
                played = kernel.state.rounds.get(entry.record.slug, before[entry.record.slug])
                for order in (*played.past, played.entry, played.exit):
                    if order is not None and order.order in histories.orders:
                        found = histories.orders[order.order].order
                        assert (found.status, found.filled_u6) == (order.status, order.filled_u6)
                        compared += 1
                counted = [one for one in histories.fills.values() if one.order.startswith(f"{entry.record.slug}/")]
                assert len(counted) == entry.record.fills
    assert compared > 10


@given(st.lists(st.sampled_from(ANSWERS), max_size=6), st.permutations(ANSWERS))
def test_answers_in_any_order_and_any_number_come_to_the_same_fills(
    extra: list[Event], all_of_them: list[Event]
) -> None:
    histories = sent()
    for event in [*extra, *all_of_them]:
        assert take_event(histories, event)
    history = histories.orders[ORDER]
    assert (history.order.status, history.order.filled_u6) == (OrderStatus.MATCHED, 10_000_000)
    assert {one.trade_id: one.size_u6 for one in histories.fills.values()} == {"a": 4_000_000, "b": 6_000_000}


def test_the_times_of_an_order_are_kept() -> None:
    histories = sent()
    for event in ANSWERS:
        take_event(histories, event)
    history = histories.orders[ORDER]
    assert (history.order.sent_ns, history.answered_ns, history.filled_ns, history.ended_ns) == (100, 110, 200, 200)
    assert (history.remote_id, history.salt, history.timestamp_ms) == ("0xabc", 7, 8)
    assert histories.fills[ORDER, "b"].settlement == Settlement.CONFIRMED


def test_a_refusal_is_kept_with_its_code() -> None:
    histories = sent()
    take_event(histories, Rejected(120, ORDER, "balance"))
    history = histories.orders[ORDER]
    assert (history.order.status, history.refusal, history.ended_ns) == (OrderStatus.REJECTED, "balance", 120)


def test_a_cancel_is_on_its_way_until_it_is_answered() -> None:
    histories = sent()
    take_event(histories, ANSWERS[0])
    take_command(histories, Cancel(ORDER), 150)
    assert histories.orders[ORDER].order.status == OrderStatus.CANCELING
    take_event(histories, Gone(160, ORDER, GoneReason.CANCELED, 0))
    assert histories.orders[ORDER].order.status == OrderStatus.CANCELED


@pytest.mark.parametrize("undo", [FillReversed(400, ORDER, "a"), fill("a", 4, Settlement.FAILED)])
def test_a_trade_that_failed_is_taken_back_and_stays_so(undo: Event) -> None:
    histories = sent()
    for event in (*ANSWERS, undo, fill("a", 4, Settlement.MINED)):
        take_event(histories, event)
    found = histories.fills[ORDER, "a"]
    assert (found.is_reversed, found.settlement) == (True, Settlement.FAILED)


@pytest.mark.parametrize(
    "event", [Accepted(1, "x/1/entry"), FillReversed(1, "x/1/entry", "t"), Unknown(1, "x/1/entry")]
)
def test_an_answer_to_an_order_that_nobody_sent_is_told(event: Event) -> None:
    assert not take_event(MemoryHistories(), event)
