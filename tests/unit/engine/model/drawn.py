"""Any event or command there can be, drawn field by field."""

from enum import IntEnum
from typing import Any, get_type_hints

from hypothesis import strategies as st

from engine.model.fees import FeeSchedule


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
