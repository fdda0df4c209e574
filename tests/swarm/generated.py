"""Generated worlds through the whole simulated shell, played with a config that holds to the end: the
late stages' proving ground.
"""

from collections import Counter

import msgspec

from engine.config.build import scaled
from engine.config.load import Config, parse_config
from engine.model.records import RoundRecord
from engine.runtime.compose import build_kernel, build_paper, fresh_state
from engine.runtime.decode import Decoder
from engine.runtime.simulated import SimulatedShell
from engine.runtime.tally import Tally
from engine.worlds.params import Style, styled_world
from engine.worlds.world import generate_events
from feeder.recording.collector import RecordCollector
from feeder.recording.events import EventRecorder

WINDOW_S = 60
ROUNDS_PER_WORLD = 10
LATE_CONFIG = b"""{
    "entry_exit": {"ENTRY_BID_THRESHOLD": 0.93, "MIN_TP_INCREMENT": 0.06},
    "guards": {"MAX_LATE_ENTRY_PRICE": 0.98, "MIN_WINDOW_REMAINING": 15}
}"""
"""Enters dear and late, so that the take-profit is hardly ever reached: what is held is held to the late window."""


def late_config() -> Config:
    """Return the config that plays the late stages, for the generated windows."""
    return scaled(parse_config(LATE_CONFIG, "late config"), WINDOW_S)


def play(config: Config, seed: int, rounds: int = ROUNDS_PER_WORLD) -> Tally:
    """Play one generated world and return what happened."""
    params = msgspec.structs.replace(
        styled_world(Style.LIVELY, seed, WINDOW_S), panics_per_round_e3=6_000, panic_e3=60, updates_per_s_e3=4_000
    )
    collector = RecordCollector()
    recorder = EventRecorder(collector)
    for event in generate_events(params, rounds):
        recorder.publish(event)
    tally = Tally()
    kernel = build_kernel(config, fresh_state(config), tally)
    shell = SimulatedShell(kernel, build_paper(config), Decoder(collector.instruments.__getitem__))
    shell.play(collector.records().tolist())
    shell.run_out(5_000_000_000)
    assert not kernel.state.broken, f"seed {seed}: {kernel.state.broken}"
    return tally


def count_reentries(records: list[RoundRecord]) -> int:
    """Count the rounds in which a late stop was followed by a new entry order."""
    return sum(1 for record in records if _reentered(record.stages))


def _reentered(stages: list[str]) -> bool:
    return any(
        stages[index : index + 3] == ["LATE_SL_PLACED", "WAIT_ENTRY", "ENTRY_PLACED"] for index in range(len(stages))
    )


def survey(first_seed: int, worlds: int) -> Counter[str]:
    """Play many worlds and count how often each stage was entered, and RE_ENTRY for re-entries."""
    config = late_config()
    seen: Counter[str] = Counter()
    for seed in range(first_seed, first_seed + worlds):
        tally = play(config, seed)
        seen += tally.stages
        seen["RE_ENTRY"] += count_reentries(list(tally.rounds.values()))
    return seen
