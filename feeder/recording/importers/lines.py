"""Numbered lines of a text file, gzipped or not, with every way that it can be damaged named by line."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from feeder.recording.errors import RecordingError

_GZIP_MAGIC: Final = b"\x1f\x8b"


def iter_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, line without its end); blank lines are left out.

    Raises RecordingError for an unreadable, truncated or damaged file.
    """
    number = 0
    try:
        with _open(path) as file:
            for line in file:
                number += 1
                if stripped := line.strip():
                    yield number, stripped
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordingError(
            path, number + 1, f"expected a whole gzip file, was damaged after here: {error}"
        ) from error
    except OSError as error:
        raise RecordingError(path, number, f"expected a readable file: {error.strerror or error}") from error


def first_line(path: Path) -> bytes:
    """Return the first line that is not blank. Raises RecordingError for an empty file."""
    for _, line in iter_lines(path):
        return line
    raise RecordingError(path, 0, "expected a recording, was an empty file")


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        magic = file.read(len(_GZIP_MAGIC))
    return cast("BinaryIO", gzip.open(path, "rb")) if magic == _GZIP_MAGIC else path.open("rb")
