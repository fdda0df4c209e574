from engine.config.build import scaled
from engine.config.load import parse_config
from engine.journal.writer import NullRecorder
from engine.model.events import Event, Tick
from engine.runtime.compose import build_kernel, build_paper, fresh_state
from engine.runtime.decode import Decoder
from engine.runtime.simulated import SimulatedShell
from feeder.recording.reader import open_recordings
from tests.unit.engine.runtime.test_backtest import FIXTURES

RECORDING = open_recordings(FIXTURES / "lively-seed-10")[0]
CONFIG = scaled(parse_config(b"{}", "test"), RECORDING.window_length_s)


class Inputs(NullRecorder):
    """A recorder that keeps what the kernel was given."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def event(self, seq: int, event: Event) -> None:
        self.events.append(event)


def shell_with() -> tuple[SimulatedShell, Inputs]:
    """Return a shell that is ready for the recording."""
    inputs = Inputs()
    instruments = RECORDING.load().instruments
    kernel = build_kernel(CONFIG, fresh_state(CONFIG), inputs)
    return SimulatedShell(kernel, build_paper(CONFIG), Decoder(instruments.__getitem__)), inputs


def rows() -> list[tuple[int, ...]]:
    """Return the recording's records."""
    return RECORDING.load().records().tolist()


def test_time_is_the_records_and_what_is_due_between_two_comes_between_them() -> None:
    shell, inputs = shell_with()
    records = rows()
    shell.play(records)  # type: ignore[arg-type]
    assert shell.records == len(records)
    assert shell.loop.now_ns == max(record[10] for record in records)
    times = [event.ts_ns for event in inputs.events]
    assert times == sorted(times)
    ticks = {event.ts_ns for event in inputs.events if isinstance(event, Tick)}
    assert ticks - {record[10] for record in records}, "timers are woken at their own times"


def test_a_recorders_clock_that_steps_back_takes_no_event_back() -> None:
    shell, inputs = shell_with()
    records = rows()
    stepped = [
        (*record[:10], record[10] - (5_000_000_000 if index > 500 else 0)) for index, record in enumerate(records)
    ]
    shell.play(stepped)  # type: ignore[arg-type]
    times = [event.ts_ns for event in inputs.events]
    assert times == sorted(times)


def test_running_out_lets_answers_and_timers_pass_and_no_more() -> None:
    shell, inputs = shell_with()
    first = rows()[:200]
    shell.play(first)  # type: ignore[arg-type]
    before, heard = shell.loop.now_ns, len(inputs.events)
    shell.run_out(3_600_000_000_000)
    assert shell.records == 200
    assert all(before <= event.ts_ns <= before + 3_600_000_000_000 for event in inputs.events[heard:])
    assert not shell.loop.kernel.working_orders()
