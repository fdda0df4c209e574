"""A process of a run: started, watched, frozen, killed and started again; what it printed is kept in a file."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

END_WITHIN_S: Final = 45.0
BEGINS_WITHIN_S: Final = 3.0
WATCH_EVERY_S: Final = 0.1
AGAIN_S: Final = 1.0
MISSING: Final = 3
"""The exit status of a process that lacks something it needs: it is started again."""
TAIL_CHARACTERS: Final = 400


class Program:
    """One `bucketmm` verb, kept running until it is ended; `failures` says how it ended when nobody wanted that."""

    def __init__(self, name: str, arguments: Sequence[str], folder: Path) -> None:
        self.name = name
        self.starts = 0
        self.failures: list[str] = []
        self._arguments = arguments
        self._folder = folder
        self._log = folder / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._again_s = AGAIN_S
        self._started_s = 0.0
        self._is_wanted = True
        self._was_killed = False

    @property
    def is_running(self) -> bool:
        """Tell whether the process lives, frozen or not."""
        return self._process is not None and self._process.returncode is None

    async def first_line(self) -> bytes:
        """Start it alone, not to be started again, and return the first line that it prints."""
        await self._start(asyncio.subprocess.PIPE)
        assert self._process is not None
        assert self._process.stdout is not None
        return await asyncio.wait_for(self._process.stdout.readline(), END_WITHIN_S)

    def keep_running(self) -> None:
        """Start it, and again whenever it ends, until `end`."""
        self._keeping = asyncio.create_task(self._keep())

    def send(self, number: int) -> None:
        """Send it a signal."""
        if self.is_running and self._process is not None:
            self._process.send_signal(number)

    def kill(self, stays_dead_s: float) -> None:
        """Let it die; it is started again later."""
        self._was_killed, self._again_s = True, stays_dead_s
        self.send(signal.SIGKILL)

    async def end(self) -> int | None:
        """Ask it to end in order; return its exit status, None where it had to be killed.

        One that is being started is given the time to begin: before that it cannot end in order.
        """
        loop = asyncio.get_running_loop()
        while not self.is_running or loop.time() < self._started_s + BEGINS_WITHIN_S:
            await asyncio.sleep(WATCH_EVERY_S)
        self._is_wanted = False
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_WITHIN_S):
                if self._keeping is not None:
                    await self._keeping
                elif self._process is not None:
                    await self._process.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            return None
        return self._process.returncode if self._process is not None else None

    def abandon(self) -> None:
        """Kill it, whatever it does."""
        self._is_wanted = False
        if self._keeping is not None:
            self._keeping.cancel()
        self.send(signal.SIGKILL)

    async def _keep(self) -> None:
        while True:
            await self._start(asyncio.subprocess.DEVNULL)
            assert self._process is not None
            status = await self._process.wait()
            was_killed, self._was_killed = self._was_killed, False
            if not was_killed and status not in (0, MISSING):
                self.failures.append(f"{self.name} ended with {status}: {self._tail()}")
            if not self._is_wanted and status == 0:
                return
            again_s, self._again_s = self._again_s, AGAIN_S
            await asyncio.sleep(again_s)

    async def _start(self, stdout: int) -> None:
        self.starts += 1
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "engine",
                *self._arguments,
                cwd=self._folder,
                env=os.environ | {"XDG_STATE_HOME": str(self._folder / "home")},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stdout,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the campaign, which ends its processes
            )
        self._started_s = asyncio.get_running_loop().time()

    def _tail(self) -> str:
        return self._log.read_text(errors="replace").strip()[-TAIL_CHARACTERS:]
