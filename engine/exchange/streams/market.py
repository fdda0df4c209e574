"""The market channel: books on subscription, then whatever is published for the tokens that a connection follows.

Facts (protocol.md 5, 2026-11-21): the first reply is one array of books, `[]` if every asset is unknown; books of
assets that are added later come alone. Adding an asset that is active brings no book, but `custom_feature_enabled`
counts from then on, for the whole connection. Connections with more than 500 assets get no books. What `level` changes
is not documented: it is checked, and changes nothing. `new_market` goes to every connection with custom features.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from engine.exchange.streams.audience import Audience
from engine.exchange.streams.channel import Channel, read_texts
from engine.exchange.streams.clob import INVALID, ClobSession
from engine.exchange.streams.out import Connection, FrameKind, Out, Send

SNAPSHOT_ASSETS_MAX: Final = 500
LEVELS: Final = (1, 2, 3)
Followers = Audience[str, Connection]


class BookSource(Protocol):
    """Knows the books that subscribers are sent."""

    def book_frame(self, token_id: str) -> bytes | None:
        """Return the `book` message of a token, None if there is no book of it."""
        ...


class MarketSession(ClobSession):
    """One connection to the market channel. `followers` and `custom` are told which tokens it follows."""

    kind = "market"

    def __init__(
        self, connection: Connection, now_ms: int, books: BookSource, followers: Followers, custom: Followers
    ) -> None:
        super().__init__(now_ms)
        self.is_custom = False
        """Whether the connection has asked for the messages that are not sent by default."""
        self.token_ids: dict[str, None] = {}
        self._connection = connection
        self._books = books
        self._followers = followers
        self._custom = custom

    def leave(self) -> None:
        """Follow nothing any more."""
        self._unfollow(list(self.token_ids))

    def _open(self, frame: dict[str, Any]) -> list[Out]:
        token_ids = read_texts(frame.get("assets_ids"))
        wants_books = frame.get("initial_dump", True)
        level = frame.get("level", LEVELS[1])
        if token_ids is None or not isinstance(wants_books, bool) or type(level) is not int or level not in LEVELS:
            return INVALID
        self.is_opened = True
        self._set_custom(frame)
        frames = self._follow(token_ids)
        return [Send(b"[" + b",".join(frames) + b"]", FrameKind.SNAPSHOT)] if wants_books else []

    def _operate(self, frame: dict[str, Any]) -> list[Out]:
        token_ids = read_texts(frame.get("assets_ids"))
        if token_ids is None or frame["operation"] not in ("subscribe", "unsubscribe"):
            return INVALID
        if frame["operation"] == "unsubscribe":
            self._unfollow(token_ids)
            return []
        self._set_custom(frame)
        joining = [token_id for token_id in token_ids if token_id not in self.token_ids]
        if not joining:
            return []
        frames = self._follow(joining)
        return [Send(each, FrameKind.SNAPSHOT) for each in frames or (b"[]",)]

    def _follow(self, token_ids: list[str]) -> list[bytes]:
        """Follow tokens, known or not: their market may come later. Return the books that there are."""
        frames = []
        for token_id in dict.fromkeys(token_ids):
            self.token_ids[token_id] = None
            self._followers.join(token_id, self._connection)
            if self.is_custom:
                self._custom.join(token_id, self._connection)
            frame = self._books.book_frame(token_id)
            if frame is not None:
                frames.append(frame)
        return frames if len(self.token_ids) <= SNAPSHOT_ASSETS_MAX else []

    def _unfollow(self, token_ids: list[str]) -> None:
        for token_id in token_ids:
            self.token_ids.pop(token_id, None)
            self._followers.leave(token_id, self._connection)
            self._custom.leave(token_id, self._connection)

    def _set_custom(self, frame: dict[str, Any]) -> None:
        wanted = frame.get("custom_feature_enabled")
        if not isinstance(wanted, bool) or wanted == self.is_custom:
            return
        self.is_custom = wanted
        for token_id in self.token_ids:
            (self._custom.join if wanted else self._custom.leave)(token_id, self._connection)


class MarketChannel(Channel[MarketSession]):
    """All connections to the market channel; frames to publish are rendered by the caller, once."""

    def __init__(self, books: BookSource, now_ms: Callable[[], int]) -> None:
        self._followers: Followers = Audience()
        self._custom: Followers = Audience()
        super().__init__(
            lambda connection, at_ms: MarketSession(connection, at_ms, books, self._followers, self._custom), now_ms
        )

    def has_followers(self, token_ids: Sequence[str]) -> bool:
        """Tell whether a frame for any of the tokens would reach somebody."""
        return any(True for _ in self._followers.of_any(token_ids))

    def publish(self, token_ids: Sequence[str], frame: bytes) -> None:
        """Send a frame, once each, to the connections that follow any of the tokens."""
        for connection in self._followers.of_any(token_ids):
            connection.send_text(frame)

    def publish_custom(self, token_ids: Sequence[str], frame: bytes) -> None:
        """Send a frame as `publish` does, to connections with custom features: best_bid_ask, market_resolved."""
        for connection in self._custom.of_any(token_ids):
            connection.send_text(frame)

    def announce(self, frame: bytes) -> None:
        """Send a frame to every connection with custom features: new_market."""
        for connection in self.connections:
            if self.session(connection).is_custom:
                connection.send_text(frame)
