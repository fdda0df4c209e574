"""The user channel: an owner's orders and trades, of all markets or of those that the connection names.

Facts (protocol.md 6, 2026-11-21): credentials are in the first frame, as they are; nothing is answered to good ones,
and bad ones close the connection, with a code that is not documented. There is no snapshot and no replay. No `markets`
means all of them; the official client takes the last named market back to have all of them again.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

from engine.exchange.streams.audience import Audience
from engine.exchange.streams.channel import Channel, read_texts
from engine.exchange.streams.clob import INVALID, ClobSession
from engine.exchange.streams.out import Close, Connection, Out

BAD_CREDENTIALS: Final = Close(1008, "authentication failed")
"""Policy violation: the code of RFC 6455 that fits."""
Listeners = Audience[str, Connection]


class Credentials(Protocol):
    """Knows who may listen to what."""

    def check(self, api_key: str, secret: str, passphrase: str) -> str | None:
        """Return the owner of good credentials, None for bad ones."""
        ...


class UserSession(ClobSession):
    """One connection to the user channel. `listeners` is told whose events it wants."""

    kind = "user"

    def __init__(self, connection: Connection, now_ms: int, credentials: Credentials, listeners: Listeners) -> None:
        super().__init__(now_ms)
        self.owner: str | None = None
        self._markets: set[str] = set()
        self._connection = connection
        self._credentials = credentials
        self._listeners = listeners

    def wants(self, market: str) -> bool:
        """Tell whether events of a market, by its condition id, are wanted."""
        return not self._markets or market.lower() in self._markets

    def leave(self) -> None:
        """Listen no more."""
        if self.owner is not None:
            self._listeners.leave(self.owner, self._connection)

    def _open(self, frame: dict[str, Any]) -> list[Out]:
        markets = read_texts(frame.get("markets", []))
        if markets is None:
            return INVALID
        self.owner = check(self._credentials, frame.get("auth"))
        if self.owner is None:
            return [BAD_CREDENTIALS]
        self.is_opened = True
        self._markets = {market.lower() for market in markets}
        self._listeners.join(self.owner, self._connection)
        return []

    def _operate(self, frame: dict[str, Any]) -> list[Out]:
        markets = read_texts(frame.get("markets"))
        if markets is None or frame["operation"] not in ("subscribe", "unsubscribe"):
            return INVALID
        named = {market.lower() for market in markets}
        self._markets = self._markets | named if frame["operation"] == "subscribe" else self._markets - named
        return []


class UserChannel(Channel[UserSession]):
    """All connections to the user channel; frames to publish are rendered by the caller, once."""

    def __init__(self, credentials: Credentials, now_ms: Callable[[], int]) -> None:
        self._listeners: Listeners = Audience()
        super().__init__(lambda connection, at_ms: UserSession(connection, at_ms, credentials, self._listeners), now_ms)

    def publish(self, owner: str, market: str, frame: bytes) -> None:
        """Send an event of a market, by its condition id, to its owner's connections that want it."""
        for connection in self._listeners.of(owner):
            if self.session(connection).wants(market):
                connection.send_text(frame)


def check(credentials: Credentials, auth: object) -> str | None:
    """Return the owner that an `auth` object proves, None for anything else."""
    if not isinstance(auth, dict):
        return None
    api_key, secret, passphrase = auth.get("apiKey"), auth.get("secret"), auth.get("passphrase")
    if not (isinstance(api_key, str) and isinstance(secret, str) and isinstance(passphrase, str)):
        return None
    return credentials.check(api_key, secret, passphrase)
