"""What keeps a live session well: the dead man's switch, the venue's clock and mode, orders that nobody told us of.

Runs in the gateway's loop, once a second and after each connection of the user channel. What is wrong trips a breaker,
what is well again closes it.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from engine.execution.polymarket.gateway import PolymarketGateway
from engine.execution.polymarket.heartbeat import EVERY_S, Heartbeat
from engine.execution.polymarket.http_line import Answer, LostAnswer
from engine.execution.polymarket.reads import FIRST_CURSOR, order_row, read_page, read_time_s, read_winner
from engine.execution.polymarket.user_channel import read_trade
from engine.model.codes import BreakerName
from engine.model.events import Breaker
from engine.model.units import NS_PER_MS, NS_PER_S

TURN_S: Final = 1.0
CLOCK_EVERY_S: Final = 60.0
CLOCK_AGAIN_S: Final = 5.0
"""While the clocks are apart: quotes are pulled until they are not."""
RECONCILE_EVERY_S: Final = 30.0
OUTCOMES_EVERY_S: Final = 15.0
WALLET_EVERY_S: Final = 10.0
OUTCOME_LATE_NS: Final = 60 * NS_PER_S
"""Settlement comes 20-90 s after a window's end; the feed tells it at once, if it is there."""
TRADES_OVERLAP_S: Final = 120
FORGET_AFTER_S: Final = 900
"""A trade is mined, fails or is confirmed within minutes: so long after a window its orders may still be named."""
SKEW_MOST_NS: Final = 2 * NS_PER_S
NO_ORDER: Final = "0x" + "0" * 64
"""An id that no order has: cancelling it tells whether the venue takes cancels, and changes nothing."""
PAGES_MOST: Final = 50


class Upkeep:
    """Regular duties of one gateway; `healthy` says whether the engine may go on holding the dead man's switch."""

    def __init__(
        self, gateway: PolymarketGateway, now_ns: Callable[[], int], healthy: Callable[[], bool], begun_s: int
    ) -> None:
        self.heartbeat: Final = Heartbeat(gateway.wire.heartbeat)
        self.reconciled = 0  # how often our orders were compared with the venue's
        self._gateway = gateway
        self._now_ns = now_ns
        self._healthy = healthy
        self._trades_from_s = gateway.teller.since_s = begun_s
        self.task: asyncio.Task[None] | None = None
        self._due_s: dict[str, float] = {}
        self._tripped: set[str] = set()
        self._waited: set[str] = set()  # orders whose end waited for a fill at the last turn

    def open(self) -> None:
        """Begin."""
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End; the dead man's switch is let go of."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    def stream_state(self, is_up: bool, why: str) -> None:
        """Hear of the user channel: when it is back, what happened meanwhile is read."""
        self._breaker(BreakerName.USER_STREAM, why or None if not is_up else None)
        if is_up:
            self.read_all()

    def read_all(self) -> None:
        """Compare everything of ours with the venue: orders that have not ended, open orders, trades."""
        self._due_s["reconcile"] = asyncio.get_running_loop().time() + RECONCILE_EVERY_S
        for own in self._gateway.orders.unsure():
            self._gateway.inquire(own)
        self._open_orders(FIRST_CURSOR, PAGES_MOST)
        self._trades(str(self._trades_from_s), self._gateway.wire.venue_s(), FIRST_CURSOR, PAGES_MOST)
        self.reconciled += 1

    async def first_look(self) -> bool:
        """Read the clock and our open orders before the first decision; False when the venue does not answer."""
        answer = await self._gateway.wire.ask(self._gateway.wire.public, "/time")
        self._clock_read(self._now_ns(), answer)
        listed = await self._gateway.wire.ask(self._gateway.wire.read, "/data/orders")
        return isinstance(answer, Answer) and isinstance(listed, Answer) and self._orders_read(0, listed)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            now_s = loop.time()
            if self._healthy() and self._is_due("beat", now_s, EVERY_S):
                self.heartbeat.beat(now_s)
            late = self.heartbeat.is_late(now_s)
            self._breaker(BreakerName.HEARTBEAT, "the dead man's switch is not held" if late else None)
            if self._is_due("clock", now_s, CLOCK_EVERY_S):
                sent_ns = self._now_ns()
                self._gateway.wire.public("/time", partial(self._clock_read, sent_ns))
            if self._is_due("reconcile", now_s, RECONCILE_EVERY_S):
                self.read_all()
            if self._is_due("outcomes", now_s, OUTCOMES_EVERY_S):
                self._read_outcomes()
            if self._is_due("wallet", now_s, WALLET_EVERY_S):
                self._gateway.inquiry.wallet_again()
            self._end_waits()
            self._gateway.cancels.again()
            now_ns = self._now_ns()
            self._gateway.mode(self._gateway.modes.passed(now_ns))
            if self._gateway.modes.wants_probe(now_ns):
                self._gateway.cancels.by_remote_id(NO_ORDER)
            await asyncio.sleep(TURN_S)

    def _is_due(self, what: str, now_s: float, every_s: float) -> bool:
        if now_s < self._due_s.get(what, 0.0):
            return False
        self._due_s[what] = now_s + every_s
        return True

    def _clock_read(self, sent_ns: int, answer: Answer | LostAnswer) -> None:
        if isinstance(answer, LostAnswer) or answer.status != 200:
            return
        try:
            venue_s = read_time_s(answer.body)
        except ValueError:
            return
        middle_ns = (sent_ns + self._now_ns()) // 2
        skew_ns = venue_s * NS_PER_S + NS_PER_S // 2 - middle_ns  # it says whole seconds: half of one on average
        self._gateway.wire.offset_ns = skew_ns if abs(skew_ns) > NS_PER_S else 0
        wrong = abs(skew_ns) > SKEW_MOST_NS
        if wrong:
            self._due_s["clock"] = asyncio.get_running_loop().time() + CLOCK_AGAIN_S
        self._breaker(
            BreakerName.CLOCK_SKEW,
            f"the venue's clock is {skew_ns // NS_PER_MS} ms from ours" if wrong else None,
        )

    def _end_waits(self) -> None:
        """Tell the ends of orders whose last fill has not come for a turn: it may be lost, and is read then."""
        waiting = self._gateway.orders.waiting()
        for own in waiting:
            if own.order in self._waited:
                self._gateway.teller.end(own)
        self._waited = {own.order for own in waiting}

    def _read_outcomes(self) -> None:
        """Ask how windows ended whose outcome the feed did not tell: it may have been away."""
        for condition_id in self._gateway.windows.overdue(self._now_ns() - OUTCOME_LATE_NS):
            self._gateway.wire.public(f"/markets/{condition_id}", partial(self._outcome_read, condition_id))

    def _outcome_read(self, condition_id: str, answer: Answer | LostAnswer) -> None:
        if isinstance(answer, Answer) and answer.status == 200:
            try:
                winner = read_winner(answer.body)
            except ValueError:
                return  # asked again
            if winner is not None:
                self._gateway.resolved(condition_id, winner)

    def _breaker(self, name: BreakerName, why: str | None) -> None:
        """Trip a breaker, or close it where `why` is None; each change is told once."""
        if (why is not None) == (name in self._tripped):
            return
        (self._tripped.discard if why is None else self._tripped.add)(name)
        self._gateway.say(Breaker(0, name, why is not None, why or ""))

    def _open_orders(self, cursor: str, pages_left: int) -> None:
        def read(answer: Answer | LostAnswer) -> None:
            if isinstance(answer, Answer):
                self._orders_read(pages_left, answer)

        self._gateway.wire.read("/data/orders", read, next_cursor=cursor)

    def _orders_read(self, pages_left: int, answer: Answer) -> bool:
        """Tell of open orders that are not ours; whether the page could be read."""
        try:
            page = read_page(answer.body)
            rows = [order_row(row) for row in page.rows]
        except ValueError:
            return False
        for row in rows:
            own = self._gateway.orders.remote(row.remote_id)
            if own is None:
                self._gateway.teller.foreign("order", row.remote_id)
            elif own.ended:  # it was told to be over: the kernel hears that it rests, and cancels it
                self._gateway.inquire(own)
        if page.next_cursor and pages_left > 1:
            self._open_orders(page.next_cursor, pages_left - 1)
        return True

    def _trades(self, after_s: str, asked_s: int, cursor: str, pages_left: int) -> None:
        def read(answer: Answer | LostAnswer) -> None:
            if not isinstance(answer, Answer) or answer.status != 200:
                return  # read again, from the same second on, at the next comparison
            try:
                page = read_page(answer.body)
            except ValueError:
                return
            for row in page.rows:
                self._tell_trade(row)
            if page.next_cursor and pages_left > 1:
                self._trades(after_s, asked_s, page.next_cursor, pages_left - 1)
            else:
                self._trades_known(asked_s)

        self._gateway.wire.read("/data/trades", read, after=after_s, next_cursor=cursor)

    def _tell_trade(self, row: dict[str, Any]) -> None:
        try:
            fills = read_trade(row, self._gateway.wire.writer.owner)
        except ValueError as error:  # said once; it does not hide the trades behind it
            self._gateway.complain_once(f"trade {row.get('id')}: {error}")
            return
        for fill in fills:
            self._gateway.teller.fill(fill)

    def _trades_known(self, until_s: int) -> None:
        """Read from there on from now on, and forget orders that no later reading can name."""
        self._trades_from_s = max(self._trades_from_s, until_s - TRADES_OVERLAP_S)
        self._gateway.windows.forget((self._trades_from_s - FORGET_AFTER_S) * NS_PER_S, self._gateway.orders)
