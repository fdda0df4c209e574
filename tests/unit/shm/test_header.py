"""What an object must look like to be read: every deviation is refused with what was found."""

import pytest

from shm import header
from shm.errors import RingIncompatibleError, RingNotReadyError


@pytest.fixture
def memory():
    shape = header.geometry(16, 4)
    memory = memoryview(bytearray(shape.total_bytes))
    header.format_object(memory, shape, 1)
    return memory


def test_a_formatted_object_tells_its_geometry(memory):
    assert header.check(memory, "ring x") == header.Geometry(16, 4)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("magic", 5, "ring x: magic must be 0x31474e4952544d42, was 0x5"),
        ("byte_order_mark", 0x04030201, "byte_order_mark must be 0x1020304, was 0x4030201"),
        ("layout_version", 2, "layout_version must be 0x1, was 0x2"),
        ("record_bytes", 128, "record_bytes must be 0x40, was 0x80"),
        ("row_bytes", 256, "row_bytes must be 0x180, was 0x100"),
        ("capacity", 17, "capacity must be a power of two in 2..67108864, was 17"),
        ("capacity", 32, "size must be 14336 bytes, was 13312"),
        ("total_bytes", 1, "size must be"),
    ],
)
def test_another_layout_is_refused_with_what_was_found(memory, field, value, said):
    header.put(memory, field, value)
    with pytest.raises(RingIncompatibleError) as refused:
        header.check(memory, "ring x")
    assert said in str(refused.value)


def test_an_unfinished_object_is_not_ready(memory):
    header.put(memory, "magic", 0)
    with pytest.raises(RingNotReadyError, match="ring x is not finished"):
        header.check(memory, "ring x")
    with pytest.raises(RingNotReadyError):
        header.check(memory[:100], "ring x")
