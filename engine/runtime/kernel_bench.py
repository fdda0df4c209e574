"""Measures the kernel alone: events decoded beforehand, journal on, one core."""

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from engine.config.build import scaled
from engine.config.load import Config
from engine.journal.writer import NullRecorder
from engine.model.events import Event, Tob
from engine.runtime.compose import build_kernel, build_paper, fresh_state, open_journal
from engine.runtime.decode import Decoder
from engine.runtime.simulated import SimulatedShell
from feeder.recording.files import RecordingFile


class _Inputs(NullRecorder):
    """A recorder that keeps the events: what a kernel was given, paper answers and ticks included."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def event(self, seq: int, event: Event) -> None:
        """Keep the input."""
        self.events.append(event)


def _inputs(config: Config, recording: RecordingFile) -> list[Event]:
    """Return every event that a backtest of the recording gives the kernel, in order."""
    keeper = _Inputs()
    loaded = recording.load()
    kernel = build_kernel(config, fresh_state(config), keeper)
    shell = SimulatedShell(kernel, build_paper(config), Decoder(loaded.instruments.__getitem__))
    for batch in loaded.batches():
        shell.play(batch.tolist())
    return keeper.events


def _once(config: Config, events: Sequence[Event]) -> tuple[int, int, list[int]]:
    """Return (events, ns in all, ns of each Tob that led to a command) of one fresh kernel with its journal."""
    with tempfile.TemporaryDirectory() as folder:
        state = fresh_state(config)
        journal = open_journal(Path(folder), config, state, clock="recording", mode="bench")
        receive = build_kernel(config, state, journal).receive
        intents_ns: list[int] = []
        now = time.perf_counter_ns
        begun_ns = before_ns = now()
        for event in events:
            commands = receive(event)
            after_ns = now()
            if commands and event.__class__ is Tob:
                intents_ns.append(after_ns - before_ns)
            before_ns = after_ns
        total_ns = now() - begun_ns
        journal.close(len(events))
    return len(events), total_ns, intents_ns


def measure(config: Config, recordings: Sequence[RecordingFile], repeats: int) -> dict[str, object]:
    """Return the medians over `repeats` passes of all recordings, and the conditions of the measurement."""
    prepared = []
    for recording in recordings:
        fitted = scaled(config, recording.window_length_s)
        prepared.append((fitted, _inputs(fitted, recording)))
    rates: list[float] = []
    intents_ns: list[int] = []
    for _ in range(repeats):
        passes = [_once(fitted, events) for fitted, events in prepared]
        rates.append(sum(count for count, _, _ in passes) * 1e9 / sum(total_ns for _, total_ns, _ in passes))
        intents_ns += [one for _, _, some in passes for one in some]
    return {
        "events": sum(len(events) for _, events in prepared),
        "events_per_s": round(statistics.median(rates)),
        "events_per_s_all": [round(rate) for rate in rates],
        "intents_measured": len(intents_ns),
        "tick_to_intent_us_p50": round(statistics.median(intents_ns) / 1000, 2) if intents_ns else None,
        "conditions": {"cores": os.cpu_count(), "load_1m": os.getloadavg()[0], "repeats": repeats, "journal": "on"},
    }
