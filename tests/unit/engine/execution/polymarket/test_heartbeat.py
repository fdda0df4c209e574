"""The chain of the dead man's switch: each beat has the id that the last answer gave."""

from collections.abc import Callable

import orjson

from engine.execution.polymarket.heartbeat import LATE_AFTER_S, Heartbeat
from engine.execution.polymarket.http_line import Answer, LostAnswer

Sent = list[tuple[str, Callable[[Answer | LostAnswer], None]]]


def started() -> tuple[Heartbeat, Sent]:
    sent: Sent = []
    return Heartbeat(lambda beat_id, answer: sent.append((beat_id, answer))), sent


def answer(status: int, beat_id: str) -> Answer:
    return Answer(status, {}, orjson.dumps({"heartbeat_id": beat_id}))


def test_the_first_id_is_empty_and_each_answer_gives_the_next() -> None:
    heartbeat, sent = started()
    for number, expected in enumerate(("", "a", "b")):
        heartbeat.beat(number * 5.0)
        assert sent[-1][0] == expected
        sent[-1][1](answer(200, "ab"[number] if number < 2 else "c"))
    assert heartbeat.accepted_s == 10.0


def test_one_beat_is_under_way_at_a_time() -> None:
    heartbeat, sent = started()
    heartbeat.beat(0.0)
    heartbeat.beat(5.0)
    assert len(sent) == 1


def test_a_refused_id_is_sent_again_at_once_as_the_venue_expects_it_and_only_once() -> None:
    heartbeat, sent = started()
    heartbeat.beat(0.0)
    sent[0][1](answer(400, "expected"))
    assert sent[1][0] == "expected"
    sent[1][1](answer(400, "other"))
    assert len(sent) == 2
    assert (heartbeat.refused, heartbeat.accepted_s) == (2, None)
    heartbeat.beat(5.0)
    assert sent[2][0] == "other"


def test_a_lost_or_strange_answer_leaves_the_id_as_it_was() -> None:
    heartbeat, sent = started()
    for reply in (LostAnswer("gone"), Answer(200, {}, b"<html>"), Answer(200, {}, b"[]")):
        heartbeat.beat(0.0)
        assert sent[-1][0] == ""
        sent[-1][1](reply)


def test_a_switch_that_was_never_held_is_late_too_once_its_beats_should_have_been_accepted() -> None:
    heartbeat, sent = started()
    for beat_s in (100.0, 105.0, 110.0):
        heartbeat.beat(beat_s)
        sent[-1][1](Answer(401, {}, b'{"error":"Unauthorized/Invalid api key"}'))
    assert not heartbeat.is_late(110.0)
    assert heartbeat.is_late(110.1)


def test_the_switch_is_late_when_no_beat_was_accepted_for_long() -> None:
    heartbeat, sent = started()
    assert not heartbeat.is_late(1_000.0)
    heartbeat.beat(0.0)
    sent[0][1](answer(200, "a"))
    assert not heartbeat.is_late(LATE_AFTER_S)
    assert heartbeat.is_late(LATE_AFTER_S + 0.1)
