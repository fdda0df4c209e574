"""The manifest of a recording: what a person or a program should know before opening the segments.

It is written when the recording begins and, whole, when it ends; a recording whose writer died has `complete:
false` and figures of its start. The segments alone are enough to read it.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from feeder.recording.errors import RecordingError
from feeder.recording.format import MANIFEST_NAME

FORMAT_VERSION: Final = 1


class MarketSummary(msgspec.Struct, frozen=True):
    """One market of a recording; `result` is up, down, unknown (resolved, nobody knows how) or "" (not
    resolved yet).
    """

    slug: str
    condition_id: str
    window_start_s: int
    window_length_s: int
    result: str = ""
    inferred: bool = False


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times are the recording's own clock (Unix ns, 0 = nothing recorded); gaps and drops are counts."""

    format_version: int
    kind: str
    source: str
    software_version: str
    complete: bool = False
    start_ns: int = 0
    end_ns: int = 0
    records: int = 0
    frames: int = 0
    gaps: int = 0
    drops: int = 0
    flags: list[str] = []
    markets: list[MarketSummary] = []


def save_manifest(directory: Path, manifest: Manifest) -> None:
    """Replace the manifest of a recording in one step, on disk before the name changes."""
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    draft = directory / f"{MANIFEST_NAME}.new"
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(directory / MANIFEST_NAME)


def load_manifest(directory: Path) -> Manifest | None:
    """Return the manifest of a recording, None where the writer died before it wrote one.

    Raises RecordingError when it is not a manifest or of another version.
    """
    path = directory / MANIFEST_NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise RecordingError(path, 0, f"expected a recording's manifest: {error}") from error
    if manifest.format_version != FORMAT_VERSION:
        raise RecordingError(path, 0, f"expected format version {FORMAT_VERSION}, was {manifest.format_version}")
    return manifest
