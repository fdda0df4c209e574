"""The feeder as a child process of `run`: started unless a live writer holds the ring, and ended with the engine."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.model.errors import ResourceError
from shm.errors import RingError
from shm.registry import status

READY_WITHIN_S: Final = 20.0
END_WITHIN_S: Final = 10.0


def has_live_writer(ring: str) -> bool:
    """Whether a feeder already writes this ring."""
    try:
        return status(ring).writer_alive
    except RingError:
        return False


class FeederChild:
    """`bucketmm feed` in a process of its own, its output in a log file."""

    def __init__(self, arguments: Sequence[str], ring: str, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        self._ring = ring
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "engine", "feed", *arguments, "--ring", ring],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches the engine alone, which ends the feeder after its orders are cancelled
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Wait until the ring has a live writer. Raises ResourceError with the end of the log when it does not come."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline and self.is_running:
            if has_live_writer(self._ring):
                return
            time.sleep(0.02)
        self.stop()
        tail = self._log.read_text(errors="replace").strip()[-2000:]
        raise ResourceError(f"the feeder did not come up on ring {self._ring}; its log {self._log} ends with:\n{tail}")

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the feeder: TERM, and KILL when it does not listen."""
        if self.is_running:
            self._process.terminate()
            try:
                self._process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
