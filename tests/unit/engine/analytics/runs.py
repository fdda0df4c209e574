"""Runs to compare: rounds of a seeded world played by the real engine, with the config changed or not."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from engine.analytics.parity import Run
from engine.cli.parity import load_run
from engine.config.build import scaled
from engine.config.load import parse_config
from engine.runtime.backtest import run_recording
from engine.runtime.compose import build_kernel, build_paper, fresh_state, open_journal
from engine.runtime.loop import Loop
from engine.runtime.markets import MarketKind, SeededMarket
from engine.worlds.params import Style
from feeder.recording.reader import open_recordings

FIXTURES = Path(__file__).parents[3] / "fixtures" / "recordings"
CAUTIOUS = '{"entry_exit": {"ENTRY_BID_THRESHOLD": 0.8}, "guards": {"STOP_SELLS_DUST": true}}'
SLOW = '{"paper": {"latency_ms": 900}}'
ROUNDS: Final = 25
LENGTH_S: Final = 60


@cache
def journals(config: str = "{}") -> Path:
    """Play the fixture recordings and 25 rounds of a seeded world; return the folder of the journals."""
    folder = Path(mkdtemp(prefix="bmm-runs-"))
    loaded = parse_config(config.encode(), "test")
    for recording in open_recordings(FIXTURES):
        run_recording(loaded, recording, folder)
    loaded = scaled(loaded, LENGTH_S)
    state = fresh_state(loaded)
    journal = open_journal(folder / "world", loaded, state, clock="recording", mode="backtest")
    loop = Loop(build_kernel(loaded, state, journal), build_paper(loaded))
    world = SeededMarket(MarketKind.QUOTES, Style.WILD, 7).run(LENGTH_S, ROUNDS, start_s=1_810_000_020)
    for event in world.events:
        loop.catch_up(event.ts_ns)
        loop.now_ns = event.ts_ns
        loop.market(event)
    journal.close(loop.kernel.state.seq)
    return folder


@cache
def run(config: str = "{}") -> Run:
    """Return what the journals of a config tell."""
    return load_run(journals(config))
