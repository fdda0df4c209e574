"""The feeder as a child process of `run`: started unless a live writer holds the ring, and ended with the engine."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.model.errors import ResourceError
from engine.runtime.child import Child
from shm.errors import RingError
from shm.registry import status

READY_WITHIN_S: Final = 20.0


def has_live_writer(ring: str) -> bool:
    """Whether a feeder already writes this ring."""
    try:
        return status(ring).writer_alive
    except RingError:
        return False


class FeederChild(Child):
    """`bucketmm feed` in a process of its own."""

    def __init__(self, arguments: Sequence[str], ring: str, log: Path) -> None:
        super().__init__(["feed", *arguments, "--ring", ring], log)
        self._ring = ring

    def wait_ready(self) -> None:
        """Wait until the ring has a live writer. Raises ResourceError with the end of the log when it does not come."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline and self.is_running:
            if has_live_writer(self._ring):
                return
            time.sleep(0.02)
        self.stop()
        tail = self.log.read_text(errors="replace").strip()[-2000:]
        raise ResourceError(f"the feeder did not come up on ring {self._ring}; its log {self.log} ends with:\n{tail}")
