from hypothesis import given
from hypothesis import strategies as st

from engine.exchange.streams.audience import Audience

STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.integers(0, 3)), max_size=30)


@given(steps=STEPS, wanted=st.lists(st.sampled_from("abc"), unique=True))
def test_members_hear_once_and_in_the_order_in_which_they_joined(
    steps: list[tuple[bool, str, int]], wanted: list[str]
) -> None:
    audience: Audience[str, int] = Audience()
    expected: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    for joins, key, member in steps:
        (audience.join if joins else audience.leave)(key, member)
        present = member in expected[key]
        if joins and not present:
            expected[key].append(member)
        elif not joins and present:
            expected[key].remove(member)
    for key, members in expected.items():
        assert audience.of(key) == tuple(members)
    assert list(audience.of_any(wanted)) == list(dict.fromkeys(each for key in wanted for each in expected[key]))


def test_what_nobody_listens_to_takes_no_memory() -> None:
    audience: Audience[str, int] = Audience()
    audience.join("a", 1)
    audience.leave("a", 1)
    assert audience._members == {}
