"""How a journal looks on disk: a folder of segments, each a chain of checked frames.

    segment   journal-000000.bmj, 000001 ...
    file      magic "BMMJ0001", then frames
    frame     length u32 | crc32 u32 | payload (msgpack)
    payload   [0, Header] first in each segment, [1, seq, event], [2, seq, intents, verdicts, commands, stages],
              [3, seq, round record], [4, seq] last in a journal that was closed

A torn tail (the last frame of the last segment is incomplete or fails its check) is dropped; a bad frame anywhere else
is an error that names its place. Little-endian.
"""

import struct
from typing import Final

import msgspec

from engine.model.commands import AnyCommand
from engine.model.events import AnyEvent
from engine.model.records import RoundRecord, Verdict

MAGIC: Final = b"BMMJ0001"
FRAME: Final = struct.Struct("<II")
SEGMENT_BYTES_MAX: Final = 64 << 20
"""A segment that a person can still copy and look at; about a million events."""
FRAME_BYTES_MAX: Final = 16 << 20
"""No frame is larger: a longer length means that the bytes are not a frame."""


class Header(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """What a journal begins with. `kernel_state` is the complete starting state; later segments only continue the
    first.
    """

    segment: int
    version: str
    config_json: bytes
    config_hash: str
    host: str
    clock: str
    mode: str
    first_seq: int
    kernel_state: bytes
    previous_crc: int = 0


class EventEntry(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """One input of the kernel."""

    seq: int
    event: AnyEvent


class DecisionEntry(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """What one input led to, stage moves as "slug:STAGE"."""

    seq: int
    intents: list[AnyCommand]
    verdicts: list[Verdict]
    commands: list[AnyCommand]
    stages: list[str]


class RoundEntry(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """What a round came to."""

    seq: int
    record: RoundRecord


class EndEntry(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """The journal was closed in order."""

    seq: int


Entry = Header | EventEntry | DecisionEntry | RoundEntry | EndEntry

ENCODER: Final = msgspec.msgpack.Encoder()
DECODER: Final = msgspec.msgpack.Decoder(Entry)


def segment_name(index: int) -> str:
    """Return the file name of a segment."""
    return f"journal-{index:06d}.bmj"
