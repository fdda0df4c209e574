"""Names of ring objects, and what is done with one that is unfinished or of another layout."""

import os
import stat

import pytest

from shm import header, objects
from shm.errors import RingIncompatibleError, RingNotReadyError
from shm.ring import RingReader, RingWriter


@pytest.mark.parametrize("name", ["", "/", "a/b", "..", "a\0b", "n" * 201])
def test_a_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(ValueError, match=r"plain name of 1\.\.200 bytes"):
        objects.posix_name(name)


def test_a_name_may_have_its_posix_slash():
    assert objects.posix_name("/poly_tob_shm") == objects.posix_name("poly_tob_shm") == "/poly_tob_shm"


def test_a_new_object_is_for_its_owner_alone(ring_name):
    RingWriter(ring_name, capacity=16).close()
    status = (objects.SHM_DIRECTORY / ring_name).stat()
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert status.st_uid == os.geteuid()
    assert status.st_size == header.geometry(16, 1024).total_bytes


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_an_object_left_unfinished_is_not_read_and_is_finished_by_the_next_writer(ring_name, size):
    path = objects.SHM_DIRECTORY / ring_name
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(RingNotReadyError):
        RingReader(ring_name)
    RingWriter(ring_name, capacity=16).close()
    RingReader(ring_name).close()


def test_an_object_of_another_layout_is_not_read_and_is_replaced_by_a_writer(ring_name):
    path = objects.SHM_DIRECTORY / ring_name
    path.write_bytes(b"somebody" * 2000)
    path.chmod(0o600)
    with pytest.raises(RingIncompatibleError, match="magic"):
        RingReader(ring_name)
    RingWriter(ring_name, capacity=16).close()
    RingReader(ring_name).close()
