"""Which process is which: a pid alone may be recycled, a pid with its start time is not."""

import os
from pathlib import Path


def start_ticks(pid: int) -> int:
    """Return the kernel's start time of a process in clock ticks since boot, 0 when there is no such process.

    Facts: field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces and brackets (proc(5), Linux 6.1).
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat.rpartition(b")")[2].split()[19])


def is_alive(pid: int, ticks: int) -> bool:
    """Return whether the process with this pid is still the one that had this start time."""
    return pid != 0 and ticks != 0 and start_ticks(pid) == ticks


def identity() -> tuple[int, int]:
    """Return (pid, start time) of this process."""
    pid = os.getpid()
    return pid, start_ticks(pid)
