"""The one error of this package: a recording that cannot be read or written, and where it went wrong."""

from pathlib import Path


class RecordingError(ValueError):
    """A bad recording: says what was expected, what was found, and in which file and line (0 = the file as a
    whole).
    """

    def __init__(self, path: Path, line: int, text: str) -> None:
        self.path = path
        self.line = line
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {text}")
