from engine.exchange.streams.out import Close, FrameKind, Reset, Send, perform


class Written:
    """A connection that writes down what is done with it."""

    buffered_bytes = 0

    def __init__(self) -> None:
        self.done: list[object] = []

    def send_text(self, payload: bytes | str, kind: FrameKind = FrameKind.DATA) -> None:
        self.done.append((payload, kind))

    def send_ping(self) -> None:
        self.done.append("ping")

    def close(self, code: int, reason: str = "") -> None:
        self.done.append((code, reason))

    def abort(self) -> None:
        self.done.append("abort")


def test_outs_are_performed_in_order() -> None:
    connection = Written()
    perform(connection, [Send(b"PONG"), Send(b"[]", FrameKind.SNAPSHOT), Close(4001, "auth failed"), Reset()])
    assert connection.done == [(b"PONG", FrameKind.REPLY), (b"[]", FrameKind.SNAPSHOT), (4001, "auth failed"), "abort"]
