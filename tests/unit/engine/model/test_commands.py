"""Commands as bytes: what was written is what is read, and the tags are for ever."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given

from engine.model.commands import AnyCommand
from tests.unit.engine.model.drawn import structs

KINDS = get_args(AnyCommand)
TAGS = [
    "Place",
    "Prepare",
    "Cancel",
    "CancelMarket",
    "CancelAll",
    "ReadOrder",
    "ReadPosition",
    "ReadBook",
    "Alert",
    "ReadWallet",
]


@given(structs(KINDS))
def test_a_command_survives_the_way_to_bytes_and_back(command: Any) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(command), type=AnyCommand) == command


def test_tags_are_numbered_in_the_decided_order() -> None:
    assert [(kind.__struct_config__.tag, kind.__name__) for kind in KINDS] == list(enumerate(TAGS, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_no_command_can_be_changed(kind: Any) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__struct_config__.array_like
