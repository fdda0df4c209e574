from pathlib import Path

from engine.analytics.window_history import Histories
from engine.journal.format import DecisionEntry
from engine.journal.reader import JournalReader
from tests.unit.engine.journal.harness import play_round
from tests.unit.engine.rounds import SLUG


def histories(folder: Path) -> Histories:
    play_round(folder)
    found = Histories()
    found.take_all(frame.entry for frame in JournalReader(folder))
    return found


def test_a_window_tells_its_decisions_without_ids_and_times(tmp_path: Path) -> None:
    window = histories(tmp_path).finish()[SLUG]
    entries = [frame.entry for frame in JournalReader(tmp_path) if isinstance(frame.entry, DecisionEntry)]
    assert len(window.decisions) == len(entries)
    moves = [move for decision in window.decisions for move in decision.moves]
    assert moves[:3] == ["ENTRY_PLACED", "SETTLING_IN", "EXIT"]
    first = window.decisions[0]
    assert first.moves == ("ENTRY_PLACED",)
    ((kind, purpose, leg, side, price_e4, size_u6, tif, post_only),) = first.wishes
    assert (kind, purpose, leg, side, price_e4, tif, post_only) == ("Place", "ENTRY", "YES", "BUY", 6_100, "GTD", True)
    assert isinstance(size_u6, int)
    assert "/" not in str([decision.wishes for decision in window.decisions])


def test_a_window_has_its_orders_fills_answers_and_record(tmp_path: Path) -> None:
    window = histories(tmp_path).finish()[SLUG]
    assert window.record is not None
    assert len(window.fills) == window.record.fills > 1
    assert len(window.orders) == window.record.orders
    said = [answer.said for answer in window.answers]
    assert {one[0] for one in said} >= {"Fill", "Gone"}
    assert len([one for one in said if one[0] == "Fill"]) == len(window.fills), "settlements are no new fills"
    assert ("Gone", "ENTRY", "FILLED") not in said
    assert window.minimum_u6 == 5_000_000


def test_the_stage_and_the_best_price_are_known_when_an_order_leaves(tmp_path: Path) -> None:
    window = histories(tmp_path).finish()[SLUG]
    stop = next(name for name in window.orders if name.endswith("/stop"))
    assert window.sent[stop] == ("SL_PLACED", 4_800)


def test_what_only_asks_is_left_out_of_what_trades(tmp_path: Path) -> None:
    window = histories(tmp_path).finish()[SLUG]
    kinds = {wish[0] for decision in window.decisions for wish in decision.wishes}
    assert "ReadPosition" in kinds
    trading = [found for found in (decision.trading() for decision in window.decisions) if found]
    assert {wish[0] for decision in trading for wish in decision.wishes} <= {"Place", "Cancel", "CancelMarket"}
    assert [one.moves for one in trading if one.moves] == [one.moves for one in window.decisions if one.moves]
