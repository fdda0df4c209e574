"""A few warm connections to one host: an order leaves at once on an idle one, or it is said that it did not leave.

Reads and cancels may wait for a line; a new order may not, because the book that it was made for would be another one.
A line is opened again when one was lost, and one more when all are busy (a marketable order's answer takes as long as
the venue holds it).
"""

import asyncio
from collections import deque
from typing import Final, NamedTuple

from engine.execution.polymarket.dialling import Address, Dial
from engine.execution.polymarket.http_line import HttpLine, LostAnswer, OnAnswer

WARM: Final = 3
MOST: Final = 8
FIRST_RETRY_S: Final = 0.25
LONGEST_RETRY_S: Final = 5.0
REQUEST_TIMEOUT_S: Final = 5.0
"""The venue holds a marketable order for 150 ms; an answer that takes longer than this is not waited for."""
WAITING_MOST: Final = 256


class _Waiting(NamedTuple):
    request: bytes
    on_answer: OnAnswer
    until_s: float


class LinePool:
    """Lines to one address, kept open from `open` to `close`."""

    def __init__(self, dial: Dial, address: Address, *, warm: int = WARM, most: int = MOST) -> None:
        self.address: Final = address
        self.lost = 0  # lines that ended, for whoever looks
        self.last_loss = ""
        self._dial = dial
        self._warm = warm
        self._most = most
        self._lines: list[HttpLine] = []
        self._dialling: list[asyncio.Task[None]] = []
        self._waiting: deque[_Waiting] = deque()
        self._retry_s = FIRST_RETRY_S
        self._is_open = False

    def open(self) -> None:
        """Begin to dial; lines come up by themselves from now on."""
        self._is_open = True
        self._fill(self._warm)

    async def close(self) -> None:
        """Close every line; what is under way or waits is answered as lost."""
        self._is_open = False
        for task in tuple(self._dialling):
            task.cancel()
        await asyncio.gather(*self._dialling, return_exceptions=True)
        for line in tuple(self._lines):
            line.close()
        while self._waiting:
            self._waiting.popleft().on_answer(LostAnswer("closed by us"))

    @property
    def ready(self) -> int:
        """How many requests could leave this moment."""
        return sum(1 for line in self._lines if line.is_idle)

    def send_now(self, request: bytes, on_answer: OnAnswer, timeout_s: float = REQUEST_TIMEOUT_S) -> bool:
        """Send at once; False, and nothing has left, when no line is idle."""
        for line in self._lines:
            if line.is_idle:
                line.send(request, on_answer, timeout_s)
                return True
        self._fill(len(self._lines) + 1)
        return False

    def send(self, request: bytes, on_answer: OnAnswer, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        """Send as soon as a line is idle; what still waits after `timeout_s` is answered as lost."""
        if self.send_now(request, on_answer, timeout_s):
            return
        loop = asyncio.get_running_loop()
        if len(self._waiting) >= WAITING_MOST or not self._is_open:
            loop.call_soon(on_answer, LostAnswer("no connection, and too much waits for one"))
            return
        self._waiting.append(_Waiting(request, on_answer, loop.time() + timeout_s))
        loop.call_later(timeout_s, self._expire)

    def on_idle(self, line: HttpLine) -> None:
        """Give the line what waits longest."""
        loop = asyncio.get_running_loop()
        while self._waiting and line.is_idle:
            waiting = self._waiting.popleft()
            left_s = waiting.until_s - loop.time()
            if left_s > 0:
                line.send(waiting.request, waiting.on_answer, left_s)
            else:
                waiting.on_answer(LostAnswer("no connection in time"))

    def on_gone(self, line: HttpLine, why: str) -> None:
        """Forget the line and open another one."""
        self.last_loss = why
        if line in self._lines:
            self._lines.remove(line)
        self.lost += 1
        if self._is_open:
            self._fill(self._warm)

    def _fill(self, wanted: int) -> None:
        missing = min(wanted, self._most) - len(self._lines) - len(self._dialling)
        for _ in range(missing if self._is_open else 0):
            task = asyncio.get_running_loop().create_task(self._open_one())
            self._dialling.append(task)
            task.add_done_callback(self._dialling.remove)

    async def _open_one(self) -> None:
        while self._is_open:
            try:
                _, line = await self._dial(lambda: HttpLine(self), self.address)
            except (OSError, TimeoutError) as error:
                self.last_loss = f"no connection: {str(error) or type(error).__name__}"
                await asyncio.sleep(self._retry_s)
                self._retry_s = min(self._retry_s * 2, LONGEST_RETRY_S)
                continue
            self._retry_s = FIRST_RETRY_S
            if not self._is_open:
                line.close()
                return
            self._lines.append(line)
            self.on_idle(line)
            return

    def _expire(self) -> None:
        now_s = asyncio.get_running_loop().time()
        while self._waiting and self._waiting[0].until_s <= now_s:
            self._waiting.popleft().on_answer(LostAnswer("no connection in time"))
