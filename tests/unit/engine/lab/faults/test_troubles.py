from collections import Counter

from engine.exchange.scenario import What, check_incident
from engine.lab.faults.engine import Moment
from engine.lab.faults.troubles import (
    FIRST_MS,
    LAST_MS,
    MEANINGS,
    MOST,
    NAMES,
    OVER_MS,
    Mishap,
    draw_troubles,
)


def test_even_seeds_have_each_fault_alone_in_turn() -> None:
    drawn = [draw_troubles(seed) for seed in range(0, 2 * len(NAMES), 2)]
    assert [[trouble.name for trouble in troubles] for troubles in drawn] == [[name] for name in NAMES]


def test_odd_seeds_have_several_and_all_are_met_soon() -> None:
    counts = Counter(len(draw_troubles(seed)) for seed in range(1, 401, 2))
    assert counts.keys() == set(range(2, MOST + 1))
    assert {trouble.name for seed in range(1, 401, 2) for trouble in draw_troubles(seed)} == set(NAMES)


def test_whatever_is_drawn_can_be_and_is_over_in_time() -> None:
    for seed in range(600):
        troubles = draw_troubles(seed)
        assert troubles == draw_troubles(seed)
        assert [trouble.at_ms for trouble in troubles] == sorted(trouble.at_ms for trouble in troubles)
        for trouble in troubles:
            assert FIRST_MS * 3 // 4 <= trouble.at_ms <= LAST_MS
            assert trouble.at_ms + trouble.for_ms <= OVER_MS
            if trouble.incident is not None:
                check_incident(trouble.incident)
                assert str(trouble.incident.what) == trouble.name


def test_names_are_those_of_the_exchange_and_of_the_mishaps() -> None:
    assert len(set(NAMES)) == len(What) + len(Mishap)
    assert MEANINGS.keys() == set(Mishap)


def test_a_death_in_a_request_names_its_moment() -> None:
    details = {
        trouble.detail
        for seed in range(2_000)
        for trouble in draw_troubles(seed)
        if trouble.name == Mishap.ENGINE_KILLED_IN_REQUEST
    }
    moments = {(Moment(detail.partition(" ")[0]), detail.partition(" ")[2]) for detail in details}
    assert {moment for moment, _ in moments} == set(Moment)
    assert {request for moment, request in moments if moment is Moment.TORN} == {"POST /order", "DELETE /order"}


def test_a_trouble_is_shown_with_what_is_not_usual_of_it() -> None:
    shown = [str(trouble) for seed in range(200) for trouble in draw_troubles(seed)]
    assert any(" slow for " in line and "delay_ms=" in line for line in shown)
    assert all(" ms: " in line and "what=" not in line for line in shown)
