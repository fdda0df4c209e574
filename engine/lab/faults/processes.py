"""Plays seeds in several processes, and ends them with whoever asked for the runs.

Neither pool of the standard library does (CPython 3.11): `multiprocessing.Pool` ends its idle processes by SIGTERM and
waits for ever for one in which the handler's exception was swallowed (by a destructor, an import, an exit function);
`ProcessPoolExecutor` cannot be ended before its work is done.
"""

import contextlib
import logging
import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, Final, TypeVar, cast

END_WITHIN_S: Final = 30.0
"""How long a run that is told to end may take for its own processes, rings and folders."""
Result = TypeVar("Result")


def play_in_processes(play: Callable[[int], Result], seeds: Iterable[int], jobs: int) -> Generator[Result]:
    """Yield `play(seed)` of each seed, in their order; `jobs` of them are played at a time.

    The processes are new ones: nothing of this one's loops and locks is in them. They are gone when this ends, also
    when it is closed or left by an exception. Raises RuntimeError when one dies.
    """
    with contextlib.closing(_Players(play, jobs)) as players:
        waiting = iter(seeds)
        order: deque[int] = deque()
        results: dict[int, Result] = {}
        idle = list(players.lines)
        while True:
            for line, seed in zip(idle, waiting, strict=False):
                players.give(line, seed)
                order.append(seed)
            # handed on only when everybody is at work again
            while order and order[0] in results:
                yield results.pop(order.popleft())
            if not order:
                return
            idle = []
            for line, seed, result in players.answers():
                results[seed] = result
                idle.append(line)


class _Players:
    """Processes that play one seed after another, each at the other end of a pipe."""

    def __init__(self, play: Callable[[int], Any], jobs: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._busy: dict[Connection[int, Any], int] = {}
        self.lines: list[Connection[int, Any]] = []
        self._processes = []
        for _ in range(jobs):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, play))
            process.start()
            theirs.close()
            self._processes.append(process)
            self.lines.append(ours)

    def give(self, line: "Connection[int, Any]", seed: int) -> None:
        """Have the process at the end of `line` play `seed`."""
        line.send(seed)
        self._busy[line] = seed

    def answers(self) -> Iterator[tuple["Connection[int, Any]", int, Any]]:
        """Wait for results, and yield each with its line and its seed. Raises RuntimeError when a process has died."""
        for line in cast("list[Connection[int, Any]]", wait(list(self._busy))):
            seed = self._busy.pop(line)
            try:
                yield line, seed, line.recv()
            except EOFError:
                raise RuntimeError(f"the process that played seed {seed} died") from None

    def close(self) -> None:
        """End all processes: idle ones at the end of their pipe, busy ones by a signal, stubborn ones for good."""
        for line, process in zip(self.lines, self._processes, strict=True):
            line.close()
            if line in self._busy:
                process.terminate()
        for process in self._processes:
            process.join(END_WITHIN_S)
            process.kill()
            process.join()


def _serve(line: "Connection[Any, int]", play: Callable[[int], Any]) -> None:
    """Play what the pipe says until it is closed; Ctrl-C is for the process that asked for the runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            seed = line.recv()
            # a run cleans up after itself when it is told to end; between runs nothing is to be cleaned
            signal.signal(signal.SIGTERM, end_by_signal)
            try:
                result = play(seed)
            finally:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
            line.send(result)


def end_by_signal(number: int, frame: object) -> None:
    """Leave by an exception, so that rings, folders and processes of a run are removed."""
    del frame
    sys.exit(128 + number)
