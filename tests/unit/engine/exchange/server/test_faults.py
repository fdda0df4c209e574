import msgspec
import pytest
from multidict import CIMultiDict

from engine.exchange.server.context import Plan
from engine.exchange.server.faults import (
    ENDINGS,
    OF_FRAMES,
    OF_REQUESTS,
    Answer,
    ArmedFault,
    Fault,
    Kind,
    Params,
    Target,
    plan_of_fault,
)
from engine.exchange.server.messages import Request, Response

ORDER = Request("POST", "/order", {}, CIMultiDict({"POLY_API_KEY": "key-a"}), b"", "localhost")


def test_every_kind_happens_to_something() -> None:
    assert [*OF_REQUESTS, *OF_FRAMES, *ENDINGS] == list(Kind)


@pytest.mark.parametrize(
    ("fault", "plan"),
    [
        (Fault("x", Kind.HOLD, params=Params(delay_ms=7)), Plan(hold_ms=7)),
        (Fault("x", Kind.SLOW, params=Params(delay_ms=7)), Plan(delay_ms=7)),
        (Fault("x", Kind.DROP_BEFORE), Plan(drop_before=True)),
        (Fault("x", Kind.DROP_AFTER), Plan(drop_after=True)),
        (Fault("x", Kind.SILENT_AFTER), Plan(silent_after=True)),
        (Fault("x", Kind.ANSWER), Plan(answer=Response(503))),
        (
            Fault("x", Kind.ANSWER_AFTER, params=Params(answer=Answer(429, "{}", (("Retry-After", "3"),)))),
            Plan(answer_after=Response(429, b"{}", (("Retry-After", "3"),))),
        ),
    ],
)
def test_a_fault_of_requests_is_a_plan(fault: Fault, plan: Plan) -> None:
    assert plan_of_fault(fault) == plan


@pytest.mark.parametrize(
    ("target", "fits"),
    [
        (Target(), True),
        (Target(("POST /order",)), True),
        (Target(("POST *",), api_key="key-a"), True),
        (Target(("POST *",), api_key="key-b"), False),
        (Target(("GET *",), api_key="key-a"), False),
        (Target(connection=3), False),
    ],
)
def test_a_target_is_all_that_is_given(target: Target, fits: bool) -> None:
    assert target.fits("POST /order", ORDER, None) is fits


def test_a_stream_is_meant_by_its_number() -> None:
    assert Target(connection=3).fits("WS /ws/market", ORDER, 3)
    assert not Target(connection=3).fits("WS /ws/market", ORDER, 4)


def struck(fault: Fault, times_ms: list[int], seed: str = "1") -> list[bool]:
    armed = ArmedFault(fault, seed)
    return [armed.strikes(now_ms) for now_ms in times_ms]


def test_a_fault_happens_from_its_start_until_before_its_end() -> None:
    assert struck(Fault("x", Kind.SLOW, start_ms=5, until_ms=7), [4, 5, 6, 7]) == [False, True, True, False]


def test_a_fault_happens_so_often() -> None:
    assert struck(Fault("x", Kind.SLOW, count=2), [1, 2, 3]) == [True, True, False]


def test_a_fault_happens_to_one_in_so_many() -> None:
    assert struck(Fault("x", Kind.SLOW, params=Params(every=3)), [0] * 7) == [True, False, False] * 2 + [True]


def test_chance_follows_from_the_seed() -> None:
    fault = Fault("x", Kind.SLOW, params=Params(chance_permille=300))
    first = struck(fault, [0] * 1_000)
    assert first == struck(fault, [0] * 1_000)
    assert first != struck(fault, [0] * 1_000, "2")
    assert 250 < sum(first) < 350
    assert not any(struck(Fault("x", Kind.SLOW, params=Params(chance_permille=0)), [0] * 100))


def test_a_scenario_is_shifted_to_its_start() -> None:
    assert Fault("x", Kind.SLOW, start_ms=5, until_ms=7).shifted(100) == Fault(
        "x", Kind.SLOW, start_ms=105, until_ms=107
    )
    assert Fault("x", Kind.SLOW).shifted(100).until_ms is None


def test_a_fault_can_be_read_from_json() -> None:
    text = (
        b'{"name":"restart","kind":"answer","target":{"routes":["POST *"]},"start_ms":1000,"count":3,'
        b'"params":{"answer":{"status":425,"body":"{}","headers":[["Retry-After","2"]]}}}'
    )
    params = Params(answer=Answer(425, "{}", (("Retry-After", "2"),)))
    expected = Fault("restart", Kind.ANSWER, Target(("POST *",)), 1_000, None, 3, params)
    assert msgspec.json.decode(text, type=Fault) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"name":"x","kind":"tea"}', r"Invalid enum value 'tea' - at `\$.kind`"),
        ('{"name":"x","kind":"slow","when":3}', "unknown field `when`"),
        ('{"name":"x","kind":"slow","start_ms":5,"until_ms":5}', "expected an end after 5 ms, was 5 ms"),
        ('{"name":"x","kind":"slow","count":0}', "expected it to happen at least once, was 0"),
        ('{"name":"x","kind":"slow","params":{"delay_ms":-1}}', r"expected delay_ms >= 0.*at `\$.params`"),
        ('{"name":"x","kind":"slow","params":{"every":0}}', "every >= 1"),
        ('{"name":"x","kind":"slow","params":{"after_frames":0}}', "after_frames"),
        ('{"name":"x","kind":"slow","params":{"chance_permille":1001}}', "expected chance_permille from 0 to 1000"),
        ('{"name":"x","kind":"close","params":{"code":1006}}', "expected a close code that may be sent, was 1006"),
        ('{"name":"x","kind":"answer","params":{"answer":{"status":99}}}', "expected a status from 200 to 599"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_its_place(text: str, error: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=error):
        msgspec.json.decode(text, type=Fault)
