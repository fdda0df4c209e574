"""Backtest: one recording through the simulated shell, with a journal if one is wanted; the same recording gives the
same journal.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import orjson

from engine.config.build import scaled
from engine.config.load import Config
from engine.execution.paper.venue import PaperVenue
from engine.model.records import RoundRecord
from engine.model.units import NS_PER_S
from engine.runtime.compose import build_kernel, build_paper, fresh_state, open_journal
from engine.runtime.decode import Decoder
from engine.runtime.simulated import SimulatedShell
from engine.runtime.tally import Tally
from feeder.recording.files import RecordingFile

SETTLE_NS = 5 * NS_PER_S
"""How long answers and timers may run on after the last record."""


class BacktestResult(NamedTuple):
    """What one recording came to."""

    name: str
    windows: int
    records: int
    events: int
    decisions: int
    orders: Counter[str]
    refusals: Counter[str]
    stages: Counter[str]
    rounds: list[RoundRecord]
    broken: dict[str, str]
    skipped: tuple[str, ...]
    outcomes: dict[str, str]
    counts: Counter[str]
    journal: Path | None


def run_recording(config: Config, recording: RecordingFile, journal_root: Path | None) -> BacktestResult:
    """Play one recording with the config scaled to its window length. Raises InputError as journals and configs do."""
    config = scaled(config, recording.window_length_s)
    state = fresh_state(config)
    folder = None if journal_root is None else journal_root / recording.name
    journal = None if folder is None else open_journal(folder, config, state, clock="recording", mode="backtest")
    tally = Tally(journal)
    kernel = build_kernel(config, state, tally)
    loaded = recording.load()
    paper = build_paper(config)
    shell = SimulatedShell(kernel, paper, Decoder(loaded.instruments.__getitem__))
    for batch in loaded.batches():
        shell.play(batch.tolist())
    shell.run_out(SETTLE_NS)
    if journal is not None:
        journal.close(kernel.state.seq)
    outcomes = loaded.outcomes()
    return BacktestResult(
        name=recording.name,
        windows=len(recording.windows),
        records=shell.records,
        events=tally.events,
        decisions=tally.decisions,
        orders=order_outcomes(paper),
        refusals=tally.refusals,
        stages=tally.stages,
        rounds=list(tally.rounds.values()),
        broken=dict(kernel.state.broken),
        skipped=skipped_windows(recording, tally),
        outcomes=outcomes,
        counts=loaded.counts,
        journal=folder,
    )


def skipped_windows(recording: RecordingFile, tally: Tally) -> tuple[str, ...]:
    """Return the windows of the recording that were never played to an end."""
    return tuple(window.slug for window in recording.windows if window.slug not in tally.rounds)


def order_outcomes(paper: PaperVenue) -> Counter[str]:
    """Count the paper venue's orders by what became of them."""
    counts: Counter[str] = Counter()
    for order in paper.account.orders.values():
        if order.status == "refused":
            counts["refused"] += 1
        elif order.open_u6 == 0:
            counts["filled"] += 1
        elif order.filled_u6:
            counts["partly filled"] += 1
        else:
            counts["unfilled"] += 1
    return counts


def write_manifest(root: Path, facts: dict[str, object]) -> None:
    """Write what differs from run to run (host, wall times, paths) beside the journals, never into them."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "manifest.json").write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
