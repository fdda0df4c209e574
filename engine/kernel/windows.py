"""The windows that a kernel plays: opened when both tokens are announced, booked at their end, dropped when settled."""

from collections.abc import Iterable

import msgspec

from engine.kernel.gate import slug_of
from engine.kernel.state import Dust, KernelState
from engine.model.events import Market, MarketChange
from engine.model.ports import Recorder
from engine.model.units import NS_PER_S
from engine.strategy.base import Strategy
from engine.strategy.bucket.round import Round


def announce(strategy: Strategy[Round], state: KernelState, event: Market) -> None:
    """Open a window once both of its tokens have been announced."""
    state.assets_seen = max(state.assets_seen, event.asset + 1)
    if event.change != MarketChange.OPENED or event.slug in state.rounds or not strategy.plays(event):
        return
    if event.ts_ns >= (event.window_start_s + event.window_length_s) * NS_PER_S:
        return  # announced again by a late joiner's table: the window is over
    other = state.announced.get(event.condition_id)
    if other is None or other.asset == event.asset:
        state.announced[event.condition_id] = event
        return
    del state.announced[event.condition_id]
    up, down = (event, other) if event.outcome == 1 else (other, event)
    dust = tuple(
        (market.asset, state.dust[market.token_id].size_u6, state.dust[market.token_id].cost_u6)
        for market in (up, down)
        if market.token_id in state.dust
    )
    state.rounds[event.slug] = strategy.open(up, down, dust)
    state.slug_of_asset[up.asset] = state.slug_of_asset[down.asset] = event.slug


def book(
    strategy: Strategy[Round],
    state: KernelState,
    recorder: Recorder,
    slugs: Iterable[str],
    moves: list[str],
    resolved: Iterable[str],
) -> list[str]:
    """Write the record of each window that has just ended or is over, book its dust, and drop it when it is over.

    `resolved`: windows whose outcome was just said. Returns the windows that were dropped.
    """
    dropped = []
    for slug in slugs:
        round_state = state.rounds[slug]
        if slug in state.broken:
            if slug in resolved:
                dropped.append(slug)
            continue
        dust = strategy.dust(round_state)
        if dust is not None:
            asset, size_u6, cost_u6 = dust
            view = strategy.view(round_state, asset)
            assert view is not None
            state.dust[view.token_id] = Dust(size_u6, cost_u6)
        if strategy.is_over(round_state):
            dropped.append(slug)
        elif f"{slug}:DONE" in moves:
            recorder.round(state.seq, strategy.record(round_state))
    for slug in dropped:
        _drop(strategy, state, recorder, slug)
    return dropped


def _drop(strategy: Strategy[Round], state: KernelState, recorder: Recorder, slug: str) -> None:
    """Settle a round to which nothing can happen any more, and forget it."""
    round_state = state.rounds[slug]
    record = strategy.record(round_state)
    broken = state.broken.get(slug)
    if broken is not None:  # what became of its orders was not followed: its money is not known, nothing is booked
        record = msgspec.structs.replace(record, settled=False, safe_reason=broken)
    recorder.round(state.seq, record)
    if record.settled:
        state.bankroll_u6 += record.pnl_u6
    for view in (round_state.up, round_state.down):
        state.dust.pop(view.token_id, None)
        state.slug_of_asset.pop(view.asset, None)
    state.placed = {order: place for order, place in state.placed.items() if slug_of(order) != slug}
    state.prepared.pop(slug, None)
    del state.rounds[slug]
    state.rounds_over += 1
