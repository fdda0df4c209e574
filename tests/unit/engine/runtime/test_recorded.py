"""The events of a recording."""

from pathlib import Path

from engine.model.events import Market, MarketChange, Outcome, Tob
from engine.runtime.recorded import recorded_events
from feeder.recording.reader import open_recordings

FIXTURE = Path(__file__).parents[3] / "fixtures" / "recordings" / "lively-seed-10"


def test_a_recording_gives_its_events_in_the_order_of_its_own_time() -> None:
    (recording,) = open_recordings(FIXTURE)
    events = list(recorded_events(recording))
    opened = [event for event in events if isinstance(event, Market) and event.change == MarketChange.OPENED]
    assert {event.slug for event in opened} == {window.slug for window in recording.windows}
    assert len([event for event in events if isinstance(event, Tob)]) > 500
    assert len([event for event in events if isinstance(event, Outcome)]) == 2 * len(recording.windows)
    assert [event.ts_ns for event in events] == sorted(event.ts_ns for event in events)
