"""Events and commands as bytes: what was written is what is read, and the tags are for ever."""

from enum import IntEnum
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.commands import AnyCommand
from engine.model.events import AnyEvent
from engine.model.fees import FeeSchedule

EVENTS, COMMANDS = get_args(AnyEvent), get_args(AnyCommand)
EVENT_TAGS = [
    "Tob",
    "Trade",
    "Spot",
    "Market",
    "Feed",
    "Gap",
    "Tick",
    "Accepted",
    "Rejected",
    "Gone",
    "Fill",
    "FillReversed",
    "Unknown",
    "OrderState",
    "Position",
    "Book",
    "Sellable",
    "VenueMode",
    "Operator",
    "Outcome",
]
COMMAND_TAGS = [
    "Place",
    "Prepare",
    "Cancel",
    "CancelMarket",
    "CancelAll",
    "ReadOrder",
    "ReadPosition",
    "ReadBook",
    "Alert",
]


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for one field."""
    if kind is int:
        return st.integers(-(2**62), 2**62)
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.text(st.characters(codec="utf-8"), max_size=12)
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return st.sampled_from(list(kind))
    assert kind is FeeSchedule, kind
    return st.builds(FeeSchedule, st.integers(0, 10**6), st.integers(0, 3), st.booleans())


def structs(kinds: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Return a strategy for any of these structs."""
    return st.one_of(
        *(st.builds(kind, **{name: values(hint) for name, hint in get_type_hints(kind).items()}) for kind in kinds)
    )


@given(structs(EVENTS))
def test_an_event_survives_the_way_to_bytes_and_back(event: Any) -> None:
    data = msgspec.msgpack.encode(event)
    assert msgspec.msgpack.decode(data, type=AnyEvent) == event


@given(structs(COMMANDS))
def test_a_command_survives_the_way_to_bytes_and_back(command: Any) -> None:
    data = msgspec.msgpack.encode(command)
    assert msgspec.msgpack.decode(data, type=AnyCommand) == command


@pytest.mark.parametrize(("kinds", "names"), [(EVENTS, EVENT_TAGS), (COMMANDS, COMMAND_TAGS)])
def test_tags_are_numbered_in_the_decided_order(kinds: tuple[Any, ...], names: list[str]) -> None:
    assert [(kind.__struct_config__.tag, kind.__name__) for kind in kinds] == list(enumerate(names, 1))


@pytest.mark.parametrize("kind", EVENTS + COMMANDS)
def test_no_event_and_no_command_can_be_changed(kind: Any) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__struct_config__.array_like
