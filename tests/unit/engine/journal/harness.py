"""A journal of one short paper round, made by the real kernel and the real paper venue."""

from pathlib import Path

from engine.config.load import Config, parse_config
from engine.journal.format import SEGMENT_BYTES_MAX
from engine.journal.writer import JournalWriter
from engine.model.events import Outcome
from engine.runtime.compose import build_kernel, build_paper, fresh_state, journal_header
from engine.runtime.loop import Loop
from tests.unit.engine.rounds import DOWN, UP, at, book, opened

CONFIG = parse_config(b"{}", "test")


def play_round(folder: Path, config: Config = CONFIG, *, segment_bytes_max: int = SEGMENT_BYTES_MAX) -> int:
    """Write the journal of a round with an entry, a stop and a settlement; return its number of events."""
    state = fresh_state(config)
    header = journal_header(config, state, clock="test", mode="test")
    journal = JournalWriter(folder, header, segment_bytes_max=segment_bytes_max)
    loop = Loop(build_kernel(config, state, journal), build_paper(config))
    for asset in (UP, DOWN):
        loop.now_ns = at(-5)
        loop.market(opened(asset))
    for second in range(120):
        bid_e4 = 6_100 if second < 10 else 5_900 if second < 60 else 4_800
        loop.catch_up(at(second))
        loop.now_ns = at(second)
        loop.market(book(UP, second, bid_e4, bid_e4 + 100))
        loop.market(book(DOWN, second, 9_900 - bid_e4, 10_000 - bid_e4))
    loop.catch_up(at(901))
    loop.now_ns = at(930)
    loop.market(Outcome(at(930), UP, True, False))
    journal.close(loop.kernel.state.seq)
    return journal.events
