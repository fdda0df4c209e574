"""A venue of the campaign in virtual time, with nobody else, and orders that are put into it by hand."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import Answer, NewOrder
from engine.lab.faults import venue as venue_module
from engine.lab.faults.venue import Venue
from engine.lab.faults.world import JOIN_S, LENGTH_S, START_S
from engine.lab.virtual.loop import VirtualLoop
from engine.model.events import Side
from engine.model.units import NS_PER_S
from engine.worlds.counterparties import Counterparties
from engine.worlds.params import Style
from engine.worlds.replayed import Replay, ReplayParams

OTHER = "0x" + "11" * 20
"""A wallet that is not the engine's."""


def nobody(params: object, seed: int, now_ms: int) -> Counterparties:
    return Replay(iter(()), ReplayParams(), now_ms)


class Stage:
    """A venue, and who trades there by hand."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.orders = 0
        venue.app.exchange.deposit(OTHER, 1_000_000_000)

    @property
    def market(self) -> Market:
        return next(market for market in self.venue.markets if market.phase == Phase.OPEN)

    def order(self, side: Side, price_e4: int, shares: int, *, token: int = 0, ours: bool = True) -> Answer:
        """Put an order in."""
        self.orders += 1
        cash_u6, size_u6 = price_e4 * shares * 100, shares * 1_000_000
        new = NewOrder(
            order_id=f"0x{self.orders:064x}",
            owner=self.venue.account.credentials.key if ours else "other",
            wallet=self.venue.wallet if ours else OTHER,
            token_id=self.market.spec.tokens[token],
            side=side,
            maker_u6=cash_u6 if side == Side.BUY else size_u6,
            taker_u6=size_u6 if side == Side.BUY else cash_u6,
        )
        answer = self.venue.app.exchange.submit(new, self.venue.app.desk.now_ms())
        self.venue.advance()
        return answer

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.venue.advance()


def play(monkeypatch: pytest.MonkeyPatch, story: Callable[[Stage], Awaitable[None]]) -> None:
    """Let a story happen on a stage."""
    monkeypatch.setattr(venue_module, "Crowd", nobody)
    loop = VirtualLoop((START_S + JOIN_S) * NS_PER_S)

    async def work() -> None:
        stage = Stage(Venue(loop, 1, Style.CALM, LENGTH_S))
        try:
            await story(stage)
        finally:
            await stage.venue.close()

    loop.run(work())
    assert loop.errors == []
