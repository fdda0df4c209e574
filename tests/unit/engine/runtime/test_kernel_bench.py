from collections import Counter
from dataclasses import replace

from engine.config.load import parse_config
from engine.runtime.backtest import run_recording
from engine.runtime.kernel_bench import measure
from feeder.recording.files import Loaded
from feeder.recording.reader import open_recordings
from tests.unit.engine.runtime.test_backtest import FIXTURES

CONFIG = parse_config(b"{}", "test")


def test_the_bench_gives_the_kernel_what_a_backtest_gives_it_and_prints_its_conditions() -> None:
    recordings = open_recordings(FIXTURES)
    result = measure(CONFIG, recordings, repeats=2)
    events = result["events"]
    backtest = sum(run_recording(CONFIG, recording, None).events for recording in recordings)
    assert isinstance(events, int)
    assert 0.99 * backtest <= events <= backtest  # all but what comes after the last record
    rates = result["events_per_s_all"]
    assert isinstance(rates, list)
    assert len(rates) == 2
    assert min(rates) <= result["events_per_s"] <= max(rates)  # type: ignore[operator]
    assert result["intents_measured"]
    conditions = result["conditions"]
    assert isinstance(conditions, dict)
    assert (conditions["repeats"], conditions["journal"]) == (2, "on")


def test_recordings_without_an_intent_have_no_time_to_one() -> None:
    empty = open_recordings(FIXTURES / "lively-seed-10")[0]
    nothing = replace(empty, load=lambda: Loaded({}, Counter(), lambda: iter(())))
    result = measure(CONFIG, [empty, nothing], repeats=1)
    assert result["intents_measured"]
    result = measure(CONFIG, [nothing], repeats=1)
    assert (result["events"], result["intents_measured"], result["tick_to_intent_us_p50"]) == (0, 0, None)
