"""The operator's files: run/KILL kills while it exists, run/RESUME says who resumes and why; status files for whoever
looks.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from engine.model.errors import InputError
from engine.model.events import Operator


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's content in one step, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)


class ControlFiles:
    """The kill file and its counterpart."""

    def __init__(self, kill_file: Path) -> None:
        self.kill_file = kill_file
        self.resume_file = kill_file.with_name("RESUME")

    def kill(self, reason: str) -> None:
        """Write the kill file. A resume that was not yet taken is withdrawn."""
        write_atomically(self.kill_file, reason.encode() + b"\n")
        self.resume_file.unlink(missing_ok=True)

    def resume(self, who: str, reason: str) -> None:
        """Take the kill file away and say who and why. Raises InputError when nothing was killed."""
        if not self.kill_file.exists():
            raise InputError(
                f"expected a kill file, {self.kill_file} does not exist: nothing is killed "
                "(if an engine still is, because the file was removed by hand: kill again, then resume)"
            )
        write_atomically(self.resume_file, orjson.dumps({"who": who, "reason": reason}))
        self.kill_file.unlink(missing_ok=True)

    def poll(self, now_ns: int, *, killed: bool, why: str = "") -> Operator | None:
        """Return the operator's word that the kernel has not heard yet.

        A kernel that was killed by one of its guards, `why`, has its file written: whoever looks sees it, and it stays
        killed in a fresh state folder too.
        """
        reason = self.kill_reason()
        if reason is not None:
            return None if killed else Operator(now_ns, "kill", "file", reason)
        if killed and not self.resume_file.exists():
            with suppress(OSError):  # it stays killed without its file, and the journal says so
                write_atomically(self.kill_file, why.encode() + b"\n")
            return None
        if not killed:
            self.resume_file.unlink(missing_ok=True)  # it would end a later kill unasked
        elif self.resume_file.exists():
            said = _said(self.resume_file)
            self.resume_file.unlink(missing_ok=True)
            return Operator(now_ns, "resume", str(said.get("who", "?")), str(said.get("reason", "?")))
        return None

    def kill_reason(self) -> str | None:
        """Return the kill file's content, None without one; one that cannot be read kills as well."""
        try:
            return self.kill_file.read_text(errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return f"the kill file cannot be read: {error}"


def _said(path: Path) -> dict[str, Any]:
    try:
        said = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return said if isinstance(said, dict) else {}
