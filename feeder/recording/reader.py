"""One entry point for recordings of every kind: find what is under a path, name its kind, sort by time.

What a file is comes from its content, not from its name: a directory with segments is ours, JSON lines with
`recv_s` and `msg` are raw book frames, a CSV whose first column is `slug` is one-second tops of book.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from feeder.recording.errors import RecordingError
from feeder.recording.files import RecordingFile
from feeder.recording.importers.book_frames import is_frame, open_book_frames
from feeder.recording.importers.lines import first_line
from feeder.recording.importers.tob_csv import is_header, open_tob_csv
from feeder.recording.segments import is_recording, open_recording

_SUFFIXES: Final = (".gz", ".jsonl", ".csv")
_INDEX_NAME: Final = "rounds.csv"
"""An index that some public data sets carry; everything it says is in the recordings themselves, so it is
left alone.
"""


def open_recordings(path: Path) -> list[RecordingFile]:
    """Return the recordings under a file or a folder, sorted by window start and slug.

    Raises RecordingError when there is none, or when a file with a recording's suffix (.gz, .jsonl, .csv) is
    none.
    """
    if not path.exists():
        raise RecordingError(path, 0, "expected a recording or a folder of recordings, was nothing there")
    found = _open_folder(path) if path.is_dir() else _open_file(path)
    if not found:
        raise RecordingError(path, 0, f"expected recordings (ours, or files {', '.join(_SUFFIXES)}), was none in there")
    return sorted(found, key=lambda recording: (recording.window_start_s, recording.slug, str(recording.path)))


def choose(recordings: list[RecordingFile], slugs: Sequence[str], path: Path) -> list[RecordingFile]:
    """Return the recordings that hold one of these windows, all of them when none is named.

    Raises RecordingError naming a window that is not there.
    """
    if not slugs:
        return recordings
    known = {window.slug for recording in recordings for window in recording.windows}
    for slug in slugs:
        if slug not in known:
            raise RecordingError(path, 0, f"expected the window {slug}, it is not in there")
    return [one for one in recordings if any(window.slug in slugs for window in one.windows)]


def _open_folder(folder: Path) -> list[RecordingFile]:
    if is_recording(folder):
        return [open_recording(folder)]
    found: list[RecordingFile] = []
    for child in sorted(folder.iterdir()):
        if child.is_dir():
            found += _open_folder(child)
        elif child.suffix in _SUFFIXES and child.name != _INDEX_NAME:
            found += _open_file(child)
    return found


def _open_file(path: Path) -> list[RecordingFile]:
    if is_recording(path.parent) and path.suffix not in _SUFFIXES:
        return [open_recording(path.parent)]
    line = first_line(path)
    if is_header(line):
        return open_tob_csv(path)
    if is_frame(line):
        return [open_book_frames(path)]
    raise RecordingError(
        path,
        1,
        f'expected {{"recv_s": ..., "msg": ...}} or a CSV header that begins with slug, was {line[:60]!r}',
    )
