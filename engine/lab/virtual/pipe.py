"""One direction of a connection in memory: bytes under way, in pieces, late, held up, or broken off with a reset."""

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Callable
from contextvars import Context
from hashlib import blake2b
from typing import Final, NamedTuple

from engine.model.units import NS_PER_S

NS_PER_US: Final = 1_000
PIECES_MAX: Final = 4
EOF_MARK: Final = b""
RESET_MARK: Final = None
Piece = bytes | None
"""What arrives: bytes, none of them for the end, None for a reset."""


class Manner(NamedTuple):
    """How bytes travel: `delay_us` at least, up to `jitter_us` more; one write in `split_every` comes in pieces."""

    delay_us: int = 200
    jitter_us: int = 300
    split_every: int = 8


class Pipe:
    """Bytes on their way to `deliver`, which is called in the receiver's context.

    While `is_held` nothing arrives and nothing is lost, as with a network that is cut and comes back.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        manner: Manner,
        seed: str,
        deliver: Callable[[Piece], None],
        on_drained: Callable[[], None],
        context: Context,
    ) -> None:
        self.under_way_bytes = 0
        self.is_held = False
        self.digest = blake2b(digest_size=16)
        """Of everything that was written, with its times."""
        self._loop = loop
        self._manner = manner
        self._random = random.Random(seed)
        self._deliver = deliver
        self._on_drained = on_drained
        self._context = context
        self._pieces: deque[tuple[float, Piece]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._last_s = 0.0
        self._is_broken = False

    def send(self, data: bytes) -> None:
        """Take bytes, or EOF_MARK."""
        if self._is_broken:
            return
        now_s = self._loop.time()
        self.digest.update(f"{now_s:.9f} {len(data)} ".encode() + data)
        for piece in self._cut(data):
            self._put(piece, now_s)
        self.under_way_bytes += len(data)
        self._set_timer()

    def reset(self) -> None:
        """Let a reset follow what is under way, and nothing else."""
        if not self._is_broken:
            self._put(RESET_MARK, self._loop.time())
            self._is_broken = True
            self._set_timer()

    def hold(self) -> None:
        """Let nothing arrive."""
        self.is_held = True
        self._stop_timer()

    def release(self) -> None:
        """Let arrive what was held, and go on."""
        self.is_held = False
        self._set_timer()

    def break_off(self) -> None:
        """Lose what is under way and all that follows."""
        self._is_broken = True
        self._pieces.clear()
        self.under_way_bytes = 0
        self._stop_timer()

    def _put(self, piece: Piece, now_s: float) -> None:
        delay_us = self._manner.delay_us + self._random.randrange(self._manner.jitter_us + 1)
        self._last_s = max(self._last_s, now_s + delay_us * NS_PER_US / NS_PER_S)
        self._pieces.append((self._last_s, piece))

    def _cut(self, data: bytes) -> list[bytes]:
        """Return the pieces in which a write arrives: a parser has to take every split."""
        if len(data) < 2 or self._random.randrange(self._manner.split_every):
            return [data]
        count = min(len(data) - 1, self._random.randrange(1, PIECES_MAX))
        marks = [0, *sorted(self._random.sample(range(1, len(data)), count)), len(data)]
        return [data[start:end] for start, end in itertools.pairwise(marks)]

    def _set_timer(self) -> None:
        if self._pieces and self._timer is None and not self.is_held:
            self._timer = self._loop.call_at(self._pieces[0][0], self._arrive, context=self._context)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arrive(self) -> None:
        self._timer = None
        _, piece = self._pieces.popleft()
        self.under_way_bytes -= len(piece or b"")
        self._set_timer()
        self._deliver(piece)
        self._on_drained()
