"""The benchmark's kernel has two windows at a time, whatever it is shown."""

from engine.config.load import parse_config
from engine.journal.writer import NullRecorder
from engine.model.events import Market, MarketChange
from engine.model.fees import NO_FEES
from engine.model.units import SHARE_U6
from engine.runtime.compose import build_kernel, fresh_state
from engine.runtime.latency_engine import forget_rounds

CONFIG = parse_config(b"{}", "test")
NOW_S = 1_795_000_000


def opened(number: int, side: int) -> Market:
    asset = 2 * number + side
    return Market(
        NOW_S * 10**9, asset, asset ^ 1, MarketChange.OPENED, str(1000 + asset), f"0x{number}", f"slug-{number}",
        NOW_S, 900, side + 1, 100, 5 * SHARE_U6, NO_FEES,
    )  # fmt: skip


def test_older_windows_are_forgotten_with_their_tokens() -> None:
    kernel = build_kernel(CONFIG, fresh_state(CONFIG), NullRecorder())
    forget_rounds(kernel)
    for number in range(6):
        for side in (0, 1):
            kernel.receive(opened(number, side))
    assert list(kernel.state.rounds)[-1] == "slug-5"
    assert len(kernel.state.rounds) <= 3
    known = {view.asset for one in kernel.state.rounds.values() for view in (one.up, one.down)}
    assert set(kernel.state.slug_of_asset) == known
