from engine.exchange.streams.out import Close, FrameKind, Ping, Reset, Send, perform
from tests.unit.engine.exchange.streams.fakes import Written


def test_outs_are_performed() -> None:
    connection = Written()
    perform(connection, [Send(b"PONG"), Send(b"[]", FrameKind.SNAPSHOT), Ping(), Close(4001, "auth failed"), Reset()])
    assert connection.frames == [(FrameKind.REPLY, "PONG"), (FrameKind.SNAPSHOT, "[]")]
    assert connection.done == ["ping", (4001, "auth failed"), "reset"]
