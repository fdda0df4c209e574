"""The dead man's switch: a beat every 5 s while the engine is healthy; without one the venue cancels everything.

Facts (protocol.md 4.7, 2026-11-21): the first id is "", each answer gives the next; a wrong id is refused with the
expected one; without a valid beat for 10 s everything of the API key is cancelled within the next 5 s.
"""

from collections.abc import Callable
from typing import Final

import orjson

from engine.execution.polymarket.http_line import Answer, LostAnswer

EVERY_S: Final = 5.0
LATE_AFTER_S: Final = 10.0
"""Without an accepted beat for this long the venue has cancelled, or is about to."""


class Heartbeat:
    """Which id comes next, and whether the switch is held; `send` is given the id of a beat and how to answer it."""

    def __init__(self, send: Callable[[str, Callable[[Answer | LostAnswer], None]], None]) -> None:
        self._send = send
        self._next_id = ""
        self._under_way = False
        self.accepted_s: float | None = None
        self._begun_s: float | None = None
        self.refused = 0

    def beat(self, now_s: float) -> None:
        """Send a beat unless one is under way."""
        if self._begun_s is None:
            self._begun_s = now_s
        if not self._under_way:
            self._under_way = True
            self._send(self._next_id, lambda answer: self._answered(answer, now_s, again=True))

    def is_late(self, now_s: float) -> bool:
        """Whether the switch should be held and is not: not any more, or none of its beats was ever accepted."""
        held_s = self._begun_s if self.accepted_s is None else self.accepted_s
        return held_s is not None and now_s - held_s > LATE_AFTER_S

    def _answered(self, answer: Answer | LostAnswer, sent_s: float, *, again: bool) -> None:
        self._under_way = False
        if isinstance(answer, LostAnswer):
            return  # the id that counts is in the answer that was lost: the next beat is told it
        next_id = _next_id(answer.body)
        if next_id is None:
            return
        self._next_id = next_id
        if answer.status == 200:
            self.accepted_s = sent_s
            return
        self.refused += 1
        if again:
            self._under_way = True
            self._send(next_id, lambda later: self._answered(later, sent_s, again=False))


def _next_id(body: bytes) -> str | None:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    said = content.get("heartbeat_id") if isinstance(content, dict) else None
    return said if isinstance(said, str) else None
