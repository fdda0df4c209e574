import pytest

from engine.exchange.streams.channel import Channel, read_object, read_texts
from engine.exchange.streams.out import Close, Connection, Out, Send
from tests.unit.engine.exchange.streams.fakes import Written


class Counting:
    """A session that counts what it takes, and wants to be woken at its own time."""

    def __init__(self, at_ms: int | None) -> None:
        self.heard: list[str] = []
        self.at_ms = at_ms

    def receive(self, text: str, now_ms: int) -> list[Out]:
        self.heard.append(f"{text} {now_ms}")
        return [Send(text.encode())]

    def pong(self) -> list[Out]:
        return [Send(b"pong")]

    def wake_at_ms(self) -> int | None:
        return self.at_ms

    def wake(self, now_ms: int) -> list[Out]:
        return [Close(1000)] if self.at_ms is not None and now_ms >= self.at_ms else []

    def leave(self) -> None:
        self.heard.append("left")


def test_each_connection_has_its_session_until_it_is_gone() -> None:
    times = iter([None, 300, 100])

    def make(connection: Connection, now_ms: int) -> Counting:
        return Counting(next(times))

    channel = Channel(make, lambda: 50)
    assert channel.wake_at_ms() is None
    first, second, third = Written(), Written(), Written()
    for connection in (first, second, third):
        channel.on_open(connection)
    assert channel.connections == (first, second, third)
    channel.on_text(second, "hello")
    channel.on_pong(second)
    assert (first.texts(), second.texts()) == ([], ["hello", "pong"])
    assert channel.wake_at_ms() == 100
    channel.wake(100)
    assert [connection.done for connection in (first, second, third)] == [[], [], [(1000, "")]]
    session = channel.session(second)
    channel.on_close(second)
    assert session.heard == ["hello 50", "left"]
    assert channel.connections == (first, third)


@pytest.mark.parametrize(
    ("text", "expected"), [('{"a":1}', {"a": 1}), ("[]", None), ("PING", None), ("", None), ("{", None), ("3", None)]
)
def test_only_an_object_is_an_object(text: str, expected: object) -> None:
    assert read_object(text) == expected


@pytest.mark.parametrize(("value", "expected"), [([], []), (["a"], ["a"]), ([1], None), ("a", None), (None, None)])
def test_only_texts_are_texts(value: object, expected: object) -> None:
    assert read_texts(value) == expected
