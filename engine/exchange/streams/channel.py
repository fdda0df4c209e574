"""One session for each connection of a stream: what all streams do alike with connections, texts and time."""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import orjson

from engine.exchange.streams.out import Connection, Out, perform


class Session(Protocol):
    """One connection's conversation, without I/O: what comes in, and what is to be done about it."""

    def receive(self, text: str, now_ms: int) -> list[Out]:
        """Take one text message."""
        ...

    def pong(self) -> list[Out]:
        """Take the answer to a ping."""
        ...

    def wake_at_ms(self) -> int | None:
        """Return when this wants to be woken, None for never."""
        ...

    def wake(self, now_ms: int) -> list[Out]:
        """Do what time alone asks for."""
        ...

    def leave(self) -> None:
        """Forget everything that was listened to."""
        ...


AnySession = TypeVar("AnySession", bound=Session)


class Channel(Generic[AnySession]):
    """The sessions of one stream; it hears of connections as the server's WebSocket handler."""

    def __init__(self, make_session: Callable[[Connection, int], AnySession], now_ms: Callable[[], int]) -> None:
        self._make_session = make_session
        self._now_ms = now_ms
        self._sessions: dict[Connection, AnySession] = {}

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Return the open connections, oldest first."""
        return tuple(self._sessions)

    def session(self, connection: Connection) -> AnySession:
        """Return the session of an open connection."""
        return self._sessions[connection]

    def on_open(self, connection: Connection) -> None:
        """Begin a session."""
        self._sessions[connection] = self._make_session(connection, self._now_ms())

    def on_text(self, connection: Connection, text: str) -> None:
        """Let a session answer."""
        perform(connection, self._sessions[connection].receive(text, self._now_ms()))

    def on_pong(self, connection: Connection) -> None:
        """Let a session know that its client lives."""
        perform(connection, self._sessions[connection].pong())

    def on_close(self, connection: Connection) -> None:
        """End a session."""
        self._sessions.pop(connection).leave()

    def wake_at_ms(self) -> int | None:
        """Return when the first session wants to be woken, None if none does."""
        return min((at for each in self._sessions.values() if (at := each.wake_at_ms()) is not None), default=None)

    def wake(self, now_ms: int) -> None:
        """Do what time alone asks for in every session."""
        for connection, session in tuple(self._sessions.items()):
            perform(connection, session.wake(now_ms))


def read_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object that a text is, None if it is none."""
    try:
        decoded = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return decoded if isinstance(decoded, dict) else None


def read_texts(value: object) -> list[str] | None:
    """Return a list of strings as it is, None for anything else."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    return None
