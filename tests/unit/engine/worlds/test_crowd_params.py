"""Crowds of the named styles."""

import msgspec
import pytest

from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style


@pytest.mark.parametrize("style", Style)
def test_a_style_has_makers_of_different_latency_and_both_kinds_of_takers(style: Style) -> None:
    params = styled_crowd(style, 3, 60)
    assert len({maker.latency_ms for maker in params.makers}) >= 3
    assert {taker.opinion is None for taker in params.takers} == {True, False}
    assert min(taker.latency_ms for taker in params.takers) < min(maker.latency_ms for maker in params.makers)
    assert len(params.accounts) == len(params.makers) + len(params.takers)


def test_two_participants_of_one_name_are_refused() -> None:
    params = styled_crowd(Style.CALM, 3, 60)
    with pytest.raises(ValueError, match="a different name for each participant"):
        msgspec.structs.replace(params, makers=params.makers * 2)
