from typing import Any

import pytest

from engine.exchange.streams.clob import IDLE_RESET_MS, ClobSession
from engine.exchange.streams.out import Out, Send
from tests.unit.engine.exchange.streams.fakes import said, text


class Plain(ClobSession):
    """A channel that takes any frame."""

    kind = "market"

    def leave(self) -> None:
        return

    def _open(self, frame: dict[str, Any]) -> list[Out]:
        self.is_opened = True
        return [Send(b"opened")]

    def _operate(self, frame: dict[str, Any]) -> list[Out]:
        return [Send(b"operated")]


def test_the_first_frame_comes_once_and_operations_after_it() -> None:
    session = Plain(0)
    assert said(session.receive(text(operation="subscribe"), 0)) == ["INVALID OPERATION"]
    assert said(session.receive(text(type="Market"), 0)) == ["opened"]
    assert said(session.receive(text(operation="subscribe"), 0)) == ["operated"]
    assert said(session.receive(text(type="market"), 0)) == ["INVALID OPERATION"]


@pytest.mark.parametrize("frame", ["", "ping", "[]", "{", text(type="user"), text(), "3"])
def test_what_is_not_understood_is_an_invalid_operation(frame: str) -> None:
    session = Plain(0)
    assert said(session.receive(frame, 0)) == ["INVALID OPERATION"]
    assert not session.is_opened


def test_only_a_ping_keeps_a_connection_alive() -> None:
    session = Plain(1_000)
    assert session.wake_at_ms() == 1_000 + IDLE_RESET_MS == 126_000
    session.receive(text(type="market"), 50_000)
    assert session.wake(125_999) == []
    assert said(session.receive("PING", 125_999)) == ["PONG"]
    assert session.wake(126_000) == session.pong() == []
    assert said(session.wake(125_999 + IDLE_RESET_MS)) == ["reset"]
