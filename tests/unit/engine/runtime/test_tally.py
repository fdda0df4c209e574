from engine.model.commands import Cancel, ReadOrder
from engine.model.events import Event, Tick
from engine.model.records import RoundRecord, Verdict
from engine.runtime.tally import Tally


def record(pnl_u6: int) -> RoundRecord:
    return RoundRecord("slug", "YES", ["WAIT_ENTRY"], 1, 0, 1, 1, 0, 0, 0, 0, True, None, pnl_u6)


def test_a_tally_counts_what_passes_and_keeps_the_newest_record_of_a_round() -> None:
    tally = Tally()
    tally.event(1, Tick(1))
    refused = Verdict("a", False, "fw_price")
    tally.decision(1, [], [refused, Verdict("b", True)], [Cancel("a"), ReadOrder("a")], ["slug:DONE"])
    tally.round(1, record(5))
    tally.round(2, record(7))
    assert (tally.events, tally.decisions) == (1, 1)
    assert tally.refusals == {"fw_price": 1}
    assert tally.commands == {"Cancel": 1, "ReadOrder": 1}
    assert tally.stages == {"DONE": 1}
    assert tally.rounds["slug"].pnl_u6 == 7


def test_a_tally_forwards_everything_in_order() -> None:
    said: list[str] = []

    class Inner(Tally):
        def event(self, seq: int, event: Event) -> None:
            said.append(f"event {seq}")

        def round(self, seq: int, record: RoundRecord) -> None:
            said.append(f"round {seq}")

    tally = Tally(Inner())
    tally.event(1, Tick(1))
    tally.round(2, record(0))
    assert said == ["event 1", "round 2"]
