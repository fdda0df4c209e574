"""The frame that every block of a recording has, and how to read a file of blocks that is damaged.

    segment   = block block block ...                      (records-NNNNN.bmr, frames-NNNNN.bmf)
    block     = header (24 bytes, little-endian) | payload (zstd)
    header    = magic "BMR1" | type u8 | 0 0 0 | payload bytes u32 | item count u32 | sequence u32 | crc32 u32

The checksum covers the header before it and the payload, so that a block is either whole or not there. The
sequence counts the blocks of one segment from 0. What a payload holds when it is decompressed:

    type              payload
    RECORDS (1)       count x 64-byte ring records (shm.layout.RECORD_DTYPE)
    INSTRUMENTS (2)   JSON array of count rows {"index": n, ...fields of shm.sink.Instrument}; before their
    records FRAMES (3)        count x (recv_ts_ns i64 | length u32 | bytes)

Source: spec lab.md "Recordings" (append-only, compressed, crash-safe).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
import zstandard
from numpy.typing import NDArray

MAGIC: Final = b"BMR1"
HEADER: Final = struct.Struct("<4sB3xIIII")
assert HEADER.size == 24
_CRC: Final = struct.Struct("<I")
_FRAME_HEAD: Final = struct.Struct("<qI")
PAYLOAD_BYTES_MAX: Final = 64 << 20
"""No block is larger; a length beyond it in a header is damage, not a reason to allocate."""
ZSTD_LEVEL: Final = 3

RECORDS_SUFFIX: Final = ".bmr"
FRAMES_SUFFIX: Final = ".bmf"
MANIFEST_NAME: Final = "manifest.json"

RecordArray = NDArray[np.void]
"""A structured array of shm.layout.RECORD_DTYPE."""


class BlockType(IntEnum):
    """What the payload of a block holds."""

    RECORDS = 1
    INSTRUMENTS = 2
    FRAMES = 3


class Block(NamedTuple):
    """One whole block: its type, how many items it holds, its number in the segment, and the compressed
    payload.
    """

    type: int
    items: int
    sequence: int
    payload: memoryview


@dataclass
class Damage:
    """What could not be read of a segment: blocks lost in its middle, and bytes of a torn tail."""

    bad_blocks: int = 0
    torn_bytes: int = 0


def encode_block(block_type: BlockType, count: int, sequence: int, data: bytes) -> bytes:
    """Compress `data` and frame it as one block."""
    payload = zstandard.compress(data, ZSTD_LEVEL)
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"expected a payload of at most {PAYLOAD_BYTES_MAX} bytes, was {len(payload)}")
    head = HEADER.pack(MAGIC, block_type, len(payload), count, sequence, 0)[: -_CRC.size]
    return head + _CRC.pack(zlib.crc32(payload, zlib.crc32(head))) + payload


def decompress(block: Block) -> bytes:
    """Return the decompressed payload of a whole block."""
    return zstandard.decompress(block.payload)


def iter_blocks(data: bytes | memoryview, damage: Damage) -> Iterator[Block]:
    """Yield every whole block of a segment in order; what is torn or damaged is skipped and counted in
    `damage`.
    """
    view = memoryview(data)
    offset = 0
    while offset < len(view):
        block = _block_at(view, offset)
        if block is None:
            next_offset = _next_block(view, offset + 1)
            if next_offset < 0:
                damage.torn_bytes += len(view) - offset
                return
            damage.bad_blocks += 1
            offset = next_offset
            continue
        yield block
        offset += HEADER.size + len(block.payload)


def _block_at(view: memoryview, offset: int) -> Block | None:
    """Return the block that begins at `offset` if all of it is there and its checksum agrees."""
    end = offset + HEADER.size
    if end > len(view):
        return None
    magic, block_type, length, count, sequence, crc = HEADER.unpack_from(view, offset)
    if magic != MAGIC or length > PAYLOAD_BYTES_MAX or end + length > len(view):
        return None
    payload = view[end : end + length]
    if zlib.crc32(payload, zlib.crc32(view[offset : end - _CRC.size])) != crc:
        return None
    return Block(block_type, count, sequence, payload)


def _next_block(view: memoryview, start: int) -> int:
    """Return where the next whole block begins at or after `start`, -1 when there is none."""
    data = bytes(view[start:])
    found = data.find(MAGIC)
    while found >= 0:
        if _block_at(view, start + found) is not None:
            return start + found
        found = data.find(MAGIC, found + 1)
    return -1


def pack_frame(recv_ts_ns: int, data: bytes) -> bytes:
    """Return one raw frame as it lies in a FRAMES block."""
    return _FRAME_HEAD.pack(recv_ts_ns, len(data)) + data


def iter_frames(data: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield (recv_ts_ns, bytes) of a decompressed FRAMES block."""
    offset = 0
    for _ in range(count):
        recv_ts_ns, length = _FRAME_HEAD.unpack_from(data, offset)
        offset += _FRAME_HEAD.size
        yield recv_ts_ns, data[offset : offset + length]
        offset += length
    assert offset == len(data), f"a block of {count} frames must have {offset} bytes, had {len(data)}"
