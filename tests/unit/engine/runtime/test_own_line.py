"""What is sent on a line to ourselves is thrown away, however much it is."""

import socket

import pytest

from engine.model.errors import ResourceError
from engine.runtime.own_line import OwnLine


def test_any_number_of_requests_can_be_sent() -> None:
    with OwnLine() as line:
        for _ in range(2_000):
            line.send(b"x" * 1_500)


def test_more_than_the_system_takes_at_once_is_not_waited_for() -> None:
    with OwnLine() as line:
        for count in range(20):
            line.send(b"x" * (8_000_000 - count * 100_000))


def test_a_machine_without_a_loopback_is_told_how_to_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> socket.socket:
        raise OSError("no address")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(ResourceError, match=r"REHEARSE_MS 0 does without.*no address"):
        OwnLine()
