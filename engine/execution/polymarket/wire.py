"""Every call of the gateway as one method: what is sent where, signed for which second, over which warm lines."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from engine.execution.polymarket.dialling import Address, Dial
from engine.execution.polymarket.http_line import Answer, LostAnswer, OnAnswer
from engine.execution.polymarket.line_pool import LinePool
from engine.execution.polymarket.public_reads import public_read
from engine.execution.polymarket.requests import RequestWriter
from engine.model.units import NS_PER_S
from engine.venue.credentials import ApiCredentials

ROUND_TRIPS_KEPT: Final = 500
CONTROL_TIMEOUT_S: Final = 4.0
"""Heartbeats and the like: an answer must not outlive the next call."""


class Wire:
    """The venue's calls. `now_ns` is the wall clock; `offset_ns` is what the venue's clock is ahead of it."""

    def __init__(
        self,
        dial: Dial,
        clob: Address,
        data: Address,
        address: bytes,
        credentials: ApiCredentials,
        now_ns: Callable[[], int],
    ) -> None:
        self.clob: Final = clob
        self.data: Final = data
        self.writer: Final = RequestWriter(clob.authority, address, credentials, clob.path)
        self.orders: Final = LinePool(dial, clob)
        self.reads: Final = LinePool(dial, clob, warm=1, most=2)
        self.data_reads: Final = LinePool(dial, data, warm=1, most=1)
        self.beats: Final = LinePool(dial, clob, warm=1, most=1)  # slow reads may not hold up the dead man's switch
        self._pools: Final = (self.orders, self.reads, self.data_reads, self.beats)
        self.offset_ns = 0
        self.round_trips_ns: Final[deque[int]] = deque(maxlen=ROUND_TRIPS_KEPT)
        """How long the last orders and cancels took to be answered; the taker's hold is in it."""
        self._now_ns = now_ns

    def open(self) -> None:
        """Begin to dial."""
        for pool in self._pools:
            pool.open()

    async def close(self) -> None:
        """Close all lines."""
        await asyncio.gather(*(pool.close() for pool in self._pools))

    def venue_s(self) -> int:
        """Return the venue's present Unix second, which proofs are dated with."""
        return (self._now_ns() + self.offset_ns) // NS_PER_S

    def place(self, body: bytes, on_answer: OnAnswer) -> bool:
        """Send an order now; False when no line is idle and nothing has left."""
        return self.orders.send_now(self.writer.place(body, self.venue_s()), self._timed(on_answer))

    def cancel(self, remote_id: str, on_answer: OnAnswer) -> None:
        """Cancel one order."""
        self.orders.send(self.writer.cancel(remote_id, self.venue_s()), self._timed(on_answer))

    def cancel_market(self, condition_id: str, on_answer: OnAnswer) -> None:
        """Cancel everything of one market."""
        self.orders.send(self.writer.cancel_market(condition_id, self.venue_s()), on_answer)

    def cancel_all(self, on_answer: OnAnswer) -> None:
        """Cancel everything."""
        self.orders.send(self.writer.cancel_all(self.venue_s()), on_answer)

    def heartbeat(self, beat_id: str, on_answer: OnAnswer) -> None:
        """Send one beat of the dead man's switch."""
        self.beats.send(self.writer.heartbeat(beat_id, self.venue_s()), on_answer, CONTROL_TIMEOUT_S)

    def read(self, path: str, on_answer: OnAnswer, **query: str) -> None:
        """Read something of ours."""
        self.reads.send(self.writer.read(path, self.venue_s(), **query), on_answer)

    def public(self, path: str, on_answer: OnAnswer, **query: str) -> None:
        """Read something that anybody may read."""
        self.reads.send(public_read(self.clob, path, **query), on_answer)

    def positions(self, on_answer: OnAnswer, **query: str) -> None:
        """Read positions from the Data API."""
        self.data_reads.send(public_read(self.data, "/v2/positions", **query), on_answer)

    def _timed(self, on_answer: OnAnswer) -> OnAnswer:
        sent_ns = self._now_ns()

        def answered(answer: Answer | LostAnswer) -> None:
            if isinstance(answer, Answer):
                self.round_trips_ns.append(self._now_ns() - sent_ns)
            on_answer(answer)

        return answered

    async def ask(self, call: Callable[..., None], *arguments: str, **query: str) -> Answer | LostAnswer:
        """Wait for the answer of one of the calls above."""
        answered: asyncio.Future[Answer | LostAnswer] = asyncio.get_running_loop().create_future()

        def settle(answer: Answer | LostAnswer) -> None:
            if not answered.done():
                answered.set_result(answer)

        call(*arguments, settle, **query)
        return await answered
