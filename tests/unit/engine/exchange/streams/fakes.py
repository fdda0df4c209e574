"""What the tests of the streams share: a connection that writes down what is done with it, credentials and books."""

from typing import Any

import orjson

from engine.exchange.streams.out import Close, FrameKind, Out, Ping, Send

GOOD = {"apiKey": "key-a", "secret": "c2VjcmV0", "passphrase": "phrase"}
BAD = GOOD | {"passphrase": "wrong"}


class Written:
    """A connection that writes down what is done with it."""

    def __init__(self) -> None:
        self.buffered_bytes = 0
        self.frames: list[tuple[FrameKind, str]] = []
        self.done: list[object] = []

    def send_text(self, payload: bytes | str, kind: FrameKind = FrameKind.DATA) -> None:
        self.frames.append((kind, payload.decode() if isinstance(payload, bytes) else payload))

    def send_ping(self) -> None:
        self.done.append("ping")

    def close(self, code: int, reason: str = "") -> None:
        self.done.append((code, reason))

    def abort(self) -> None:
        self.done.append("reset")

    def texts(self) -> list[str]:
        """Return the texts since the last call."""
        found, self.frames = [text for _, text in self.frames], []
        return found

    def read(self) -> list[Any]:
        """Return the JSON of the texts since the last call."""
        return [orjson.loads(text) for text in self.texts()]


class OneOwner:
    """Knows the one owner of GOOD."""

    def check(self, api_key: str, secret: str, passphrase: str) -> str | None:
        given = {"apiKey": api_key, "secret": secret, "passphrase": passphrase}
        return "owner-a" if given == GOOD else None


def said(outs: list[Out]) -> list[Any]:
    """Return what the outs come to: texts as JSON where they are JSON, closes as their code."""
    found: list[Any] = []
    for out in outs:
        if isinstance(out, Send):
            found.append(orjson.loads(out.frame) if out.frame[:1] in b"[{" else out.frame.decode())
        elif isinstance(out, Close):
            found.append(out.code)
        else:
            found.append("ping" if isinstance(out, Ping) else "reset")
    return found


def text(**frame: Any) -> str:
    """Return a frame of these fields."""
    return orjson.dumps(frame).decode()
