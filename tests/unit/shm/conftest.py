"""A ring of one's own for every test, in both implementations: the compiled one and its pure-Python twin."""

import uuid
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from ext.ring import Record, RingReader, RingWriter
from shm import objects
from shm.reference import ReferenceReader, ReferenceRecord, ReferenceWriter

COMPILED = SimpleNamespace(writer=RingWriter, reader=RingReader, record=Record)
REFERENCE = SimpleNamespace(writer=ReferenceWriter, reader=ReferenceReader, record=ReferenceRecord)


@pytest.fixture
def ring_name() -> Iterator[str]:
    name = f"bucketmm_test_{uuid.uuid4().hex[:12]}"
    yield name
    objects.unlink(name)


@pytest.fixture(params=[COMPILED, REFERENCE], ids=["compiled", "reference"])
def ring(request: pytest.FixtureRequest) -> SimpleNamespace:
    return request.param


@pytest.fixture(
    params=[(COMPILED, REFERENCE), (REFERENCE, COMPILED)],
    ids=["compiled_writer_reference_reader", "reference_writer_compiled_reader"],
)
def mixed(request: pytest.FixtureRequest) -> tuple[SimpleNamespace, SimpleNamespace]:
    return request.param
