"""A process of ours beside the engine: another verb of `bucketmm`, its output in a log file, ended with the engine."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

END_WITHIN_S: Final = 10.0


class Child:
    """`bucketmm` with some arguments, in a process of its own; secrets reach it by the environment alone."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log: Final = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "engine", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches the engine alone, which ends its children after its orders are cancelled
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it: TERM, and KILL when it does not listen."""
        if self.is_running:
            self._process.terminate()
            try:
                self._process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
