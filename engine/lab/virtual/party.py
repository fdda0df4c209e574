"""Whose work a callback is: everything that one process would do can be stopped at once, and stay stopped.

Parties travel in contexts, as asyncio's own values do: what a party's callbacks and tasks schedule is the party's.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final

PARTY: Final[ContextVar["Party | None"]] = ContextVar("party", default=None)


class Party:
    """What would be one process. While it is stopped its callbacks wait, in order; one that was killed stays so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_stopped = False
        self.is_dead = False
        self.tasks: set[asyncio.Task[Any]] = set()
        """Held here, so that no garbage collection ends what a dead party has begun."""
        self._waiting: deque[asyncio.Handle] = deque()

    @contextlib.contextmanager
    def acting(self) -> Iterator[None]:
        """Let what is scheduled inside be this party's."""
        token = PARTY.set(self)
        try:
            yield
        finally:
            PARTY.reset(token)

    def wait(self, handle: asyncio.Handle) -> None:
        """Keep a callback until the party goes on."""
        self._waiting.append(handle)

    def stop(self) -> None:
        """Do nothing from here on."""
        self.is_stopped = True

    def go_on(self) -> list[asyncio.Handle]:
        """Return, in order, the callbacks that have waited."""
        assert not self.is_dead, f"{self.name} is dead"
        return self._release()

    def kill(self) -> None:
        """Never do anything again."""
        self.is_stopped = self.is_dead = True

    def unwind(self) -> list[asyncio.Handle]:
        """Let even a dead party end its tasks, when all is over; return the callbacks that have waited."""
        for task in tuple(self.tasks):
            task.cancel()
        return self._release()

    def _release(self) -> list[asyncio.Handle]:
        self.is_stopped = False
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting


class PartyHandle(asyncio.Handle):
    """A callback that waits while its party is stopped."""

    __slots__ = ("_party",)

    def __init__(
        self, callback: Callable[..., object], args: Any, loop: asyncio.AbstractEventLoop, context: Any
    ) -> None:
        super().__init__(callback, args, loop, context)
        self._party: Party | None = self._context.get(PARTY)  # type: ignore[attr-defined]

    @property
    def is_stopped(self) -> bool:
        """Tell whether the callback would wait."""
        return self._party is not None and self._party.is_stopped

    def _run(self) -> None:
        if self._party is not None and self._party.is_stopped:
            self._party.wait(self)
        else:
            super()._run()


class PartyTimer(asyncio.TimerHandle):
    """A timer whose callback waits while its party is stopped."""

    __slots__ = ("_party",)

    def __init__(
        self, when: float, callback: Callable[..., object], args: Any, loop: asyncio.AbstractEventLoop, context: Any
    ) -> None:
        super().__init__(when, callback, args, loop, context)
        self._party: Party | None = self._context.get(PARTY)  # type: ignore[attr-defined]

    def _run(self) -> None:
        if self._party is not None and self._party.is_stopped:
            self._party.wait(self)
        else:
            super()._run()
