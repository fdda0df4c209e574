"""The block format: golden bytes, and what is left of a damaged segment."""

import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from feeder.recording.format import (
    HEADER,
    Block,
    BlockType,
    Damage,
    decompress,
    encode_block,
    iter_blocks,
    iter_frames,
    pack_frame,
)

CONTENTS = [b"first" * 40, b"second" * 40, b"third" * 40]


def segment() -> bytes:
    return b"".join(
        encode_block(BlockType.RECORDS, len(content), number, content) for number, content in enumerate(CONTENTS)
    )


def read(data: bytes) -> tuple[list[bytes], Damage]:
    damage = Damage()
    return [decompress(block) for block in iter_blocks(data, damage)], damage


def test_a_block_has_the_documented_bytes() -> None:
    payload = zstandard.compress(b"abc", 3)
    head = b"BMR1" + b"\x02\0\0\0" + len(payload).to_bytes(4, "little") + b"\x07\0\0\0" + b"\x05\0\0\0"
    crc = zlib.crc32(head + payload).to_bytes(4, "little")
    assert encode_block(BlockType.INSTRUMENTS, 7, 5, b"abc") == head + crc + payload


def test_blocks_are_read_back_in_order_with_their_header() -> None:
    blocks = list(iter_blocks(segment(), Damage()))
    assert [(block.type, block.items, block.sequence) for block in blocks] == [
        (1, 200, 0),
        (1, 240, 1),
        (1, 200, 2),
    ]
    assert isinstance(blocks[0], Block)
    assert read(segment()) == (CONTENTS, Damage())


@given(st.data())
def test_a_torn_tail_leaves_every_whole_block_before_it(data: st.DataObject) -> None:
    whole = segment()
    cut = data.draw(st.integers(0, len(whole)))
    contents, damage = read(whole[:cut])
    assert contents == CONTENTS[: len(contents)]
    used = sum(len(encode_block(BlockType.RECORDS, len(c), n, c)) for n, c in enumerate(contents))
    assert damage == Damage(bad_blocks=0, torn_bytes=cut - used)


@given(st.integers(0, len(encode_block(BlockType.RECORDS, 200, 0, CONTENTS[0])) - 1), st.integers(1, 255))
def test_a_changed_byte_costs_one_block_and_no_other(place: int, change: int) -> None:
    damaged = bytearray(segment())
    damaged[place] ^= change
    contents, damage = read(bytes(damaged))
    assert contents == CONTENTS[1:]
    assert damage == Damage(bad_blocks=1)


def test_an_absurd_length_is_damage_and_not_an_allocation() -> None:
    data = HEADER.pack(b"BMR1", 1, 0xFFFF_FFFF, 1, 0, 0) + b"x" * 50
    assert read(data) == ([], Damage(torn_bytes=len(data)))


def test_frames_of_any_length_are_packed_and_found_again() -> None:
    frames = [(1, b""), (2**60, b"{}"), (3, b"x" * 70_000)]
    data = b"".join(pack_frame(*frame) for frame in frames)
    assert list(iter_frames(data, len(frames))) == frames


def test_a_count_that_is_not_the_blocks_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="2 frames"):
        list(iter_frames(pack_frame(1, b"") + pack_frame(2, b"") + b"rest", 2))
