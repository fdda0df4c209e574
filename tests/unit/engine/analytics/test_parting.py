from engine.analytics.parting import describe, first_parting
from engine.analytics.window_history import Answer, Decision, WindowHistory
from engine.model.events import Tick, Tob
from tests.unit.engine.rounds import UP, book


def decision(at_ns: int, *wishes: str, cause: Tob | None = None) -> Decision:
    return Decision(at_ns, cause or Tick(at_ns), (), tuple((wish,) for wish in wishes))


def window(decisions: list[Decision], answers: tuple[Answer, ...] = ()) -> WindowHistory:
    made = WindowHistory("w")
    made.decisions, made.answers = decisions, list(answers)
    return made


def reason(live: WindowHistory, dry: WindowHistory, *, logic_differs: bool = False) -> str:
    parting = first_parting(live, dry, logic_differs=logic_differs)
    assert parting is not None
    return parting.reason


def test_equal_decisions_never_part_whatever_their_times_are() -> None:
    assert first_parting(window([decision(1, "a")]), window([decision(9, "a")]), logic_differs=True) is None


def test_the_first_difference_counts() -> None:
    parting = first_parting(
        window([decision(1, "a"), decision(2, "b")]),
        window([decision(1, "a"), decision(2, "c"), decision(3, "d")]),
        logic_differs=False,
    )
    assert parting is not None
    assert parting.position == 1
    assert (parting.live, parting.dry) == (decision(2, "b"), decision(2, "c"))


def test_other_answers_before_it_are_the_reason() -> None:
    live = window([decision(5, "a")], (Answer(4, ("Fill", "ENTRY")),))
    assert reason(live, window([decision(5, "b")])) == "the venue answered differently: live Fill ENTRY, dry nothing"


def test_answers_after_it_are_not_the_reason() -> None:
    live = window([decision(5, "a")], (Answer(6, ("Fill", "ENTRY")),))
    assert "answered" not in reason(live, window([decision(5, "b")]))


def test_then_the_configs_then_the_books() -> None:
    live = window([decision(5, "a", cause=book(UP, 1, 6_100, 6_200))])
    dry = window([decision(5, "b", cause=book(UP, 1, 6_000, 6_200))])
    assert reason(live, dry, logic_differs=True) == "the configurations differ in logic"
    assert reason(live, dry) == "other inputs: live book 0.61 / 0.62, dry book 0.6 / 0.62"


def test_one_side_that_decides_nothing_more_is_said() -> None:
    assert reason(window([decision(5, "a")]), window([])) == "one side alone decided, on Tick"
    assert reason(window([decision(5, "a")]), window([decision(6, "b")])) == "the same inputs, at another time"


def test_a_decision_is_described_with_its_cause() -> None:
    described = describe(decision(5, "Cancel", cause=book(UP, 1, 6_100, 6_200)))
    assert described is not None
    assert described["intents"] == ["Cancel"]
    assert described["cause"].startswith("Tob [")
    assert describe(None) is None
