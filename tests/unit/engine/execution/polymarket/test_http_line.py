"""One answer to one request, in whatever pieces it comes; what is lost is said to be lost, once."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.execution.polymarket.http_line import ANSWER_BYTES_MAX, Answer, HttpLine, LostAnswer
from engine.lab.virtual.loop import VirtualLoop
from tests.unit.engine.execution.polymarket.memory_venue import answer_bytes, run

REQUEST = b"GET /time HTTP/1.1\r\n\r\n"
PLAIN = answer_bytes({"said": "yes"}, 200, X_Budget="12")
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Budget: 12\r\n\r\n"
    b"6\r\n{\"said\r\n8;a=b\r\n\":\"yes\"}\r\n0\r\n\r\n"
)  # fmt: skip
WANTED = (200, "12", b'{"said":"yes"}')


class Wireless(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.aborted += 1


class Bench:
    """A line on a transport of the test's own, what it answered and what its owner heard."""

    def __init__(self) -> None:
        self.answers: list[Answer | LostAnswer] = []
        self.heard: list[str] = []
        self.transport = Wireless()
        self.line = HttpLine(self)
        self.line.connection_made(self.transport)

    def on_idle(self, line: HttpLine) -> None:
        assert line is self.line
        self.heard.append("idle")

    def on_gone(self, line: HttpLine, why: str) -> None:
        assert line is self.line
        self.heard.append(f"gone: {why}")

    def send(self, timeout_s: float = 5.0) -> None:
        self.line.send(REQUEST, self.answers.append, timeout_s)

    def only(self) -> tuple[int, str | None, bytes]:
        (answer,) = self.answers
        assert isinstance(answer, Answer), answer
        return answer.status, answer.headers.get("x-budget"), answer.body

    def lost(self) -> str:
        (answer,) = self.answers
        assert isinstance(answer, LostAnswer), answer
        assert not self.line.is_idle
        assert self.transport.aborted == 1
        assert [word.partition(":")[0] for word in self.heard] == ["gone"]
        return answer.why


@pytest.mark.parametrize("raw", [PLAIN, CHUNKED], ids=["length", "chunked"])
def test_an_answer_is_the_same_in_every_split_and_the_line_is_idle_after_it(raw: bytes) -> None:
    async def work() -> None:
        for at in range(1, len(raw)):
            bench = Bench()
            bench.send()
            bench.line.data_received(raw[:at])
            assert bench.answers == []
            assert not bench.line.is_idle
            bench.line.data_received(raw[at:])
            assert bench.only() == WANTED
            assert bench.heard == ["idle"]
            assert bench.line.is_idle

    run(work())


@given(st.lists(st.integers(1, len(CHUNKED) - 1), unique=True, max_size=12), st.sampled_from([PLAIN, CHUNKED]))
def test_an_answer_is_the_same_in_any_pieces(marks: list[int], raw: bytes) -> None:
    async def work() -> None:
        bench = Bench()
        bench.send()
        for start, end in zip([0, *sorted(marks)], [*sorted(marks), len(raw)], strict=True):
            bench.line.data_received(raw[start:end]) if raw[start:end] else None
        assert bench.only() == WANTED

    run(work())


def test_one_line_serves_one_request_after_the_other() -> None:
    async def work() -> None:
        bench = Bench()
        for number in range(3):
            bench.send()
            bench.line.data_received(answer_bytes({"number": number}))
        assert [answer.body for answer in bench.answers if isinstance(answer, Answer)] == [
            b'{"number":0}', b'{"number":1}', b'{"number":2}',
        ]  # fmt: skip
        assert bench.transport.written == [REQUEST] * 3
        assert bench.heard == ["idle"] * 3

    run(work())


def test_a_second_request_before_the_answer_is_a_bug() -> None:
    async def work() -> None:
        bench = Bench()
        bench.send()
        with pytest.raises(AssertionError, match="only an idle line"):
            bench.send()

    run(work())


def test_an_answer_with_connection_close_is_delivered_and_ends_the_line() -> None:
    async def work() -> None:
        bench = Bench()
        bench.send()
        bench.line.data_received(answer_bytes({"said": "yes"}, Connection="close", X_Budget="12"))
        assert bench.only() == WANTED
        assert bench.heard == ["gone: the venue closes the connection"]
        assert not bench.line.is_idle
        bench.line.connection_lost(None)
        assert len(bench.heard) == len(bench.answers) == 1

    run(work())


@pytest.mark.parametrize("received", [b"", PLAIN[:3], PLAIN[:-1]], ids=["nothing", "a beginning", "all but one byte"])
def test_a_connection_that_ends_before_the_answer_loses_it_once(received: bytes) -> None:
    async def work() -> None:
        bench = Bench()
        bench.send()
        if received:
            bench.line.data_received(received)
        bench.line.connection_lost(ConnectionResetError("reset by peer"))
        bench.line.connection_lost(None)
        bench.line.close()
        assert "reset by peer" in bench.lost()

    run(work())


def test_an_answer_that_does_not_come_in_time_is_lost_and_one_that_comes_later_is_not_heard() -> None:
    async def work() -> None:
        bench = Bench()
        bench.send(timeout_s=5.0)
        bench.line.data_received(PLAIN[:10])
        await asyncio.sleep(4.999)
        assert bench.answers == []
        await asyncio.sleep(0.002)
        assert bench.lost() == "no answer within 5 s"
        bench.line.data_received(PLAIN[10:])
        assert len(bench.answers) == 1

    run(work())


def test_an_answer_in_time_takes_its_timer_away() -> None:
    async def work() -> None:
        bench = Bench()
        bench.send(timeout_s=5.0)
        bench.line.data_received(PLAIN)
        await asyncio.sleep(10)
        assert bench.line.is_idle
        assert bench.only() == WANTED

    run(work())


def test_what_is_no_answer_is_lost() -> None:
    async def work() -> None:
        bench = Bench()
        bench.send()
        bench.line.data_received(b"SSH-2.0-OpenSSH_9.2\r\n")
        assert bench.lost().startswith("not an HTTP answer")

    run(work())


def test_an_answer_without_end_is_lost_before_it_fills_the_memory() -> None:
    async def work() -> None:
        bench = Bench()
        bench.send()
        bench.line.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        piece = bytes(1 << 20)
        for _ in range(ANSWER_BYTES_MAX // len(piece) + 1):
            bench.line.data_received(piece)
        assert bench.lost() == "an answer larger than any of the venue's"

    run(work())


def test_bytes_that_nobody_asked_for_end_the_line() -> None:
    async def work() -> None:
        bench = Bench()
        bench.line.data_received(PLAIN)
        assert bench.heard == ["gone: bytes that nobody asked for"]
        assert bench.answers == []

    run(work())


@pytest.mark.parametrize("more", [PLAIN, b"HTTP/1.1 500 Other\r\nX-Budget: 99\r\n", b"H", answer_bytes({}, 418)])
def test_an_answer_is_not_mixed_with_what_follows_it_in_the_same_bytes(more: bytes) -> None:
    async def work() -> None:
        bench = Bench()
        bench.send()
        bench.line.data_received(PLAIN + more)
        assert bench.only() == WANTED
        assert not bench.line.is_idle
        assert len(bench.heard) == 1
        assert bench.heard[0].startswith("gone")

    run(work())


def test_the_next_order_may_leave_from_the_answers_own_callback() -> None:
    async def work() -> None:
        bench = Bench()
        bench.line.send(REQUEST, lambda answer: bench.send(), 5.0)
        bench.line.data_received(PLAIN)
        assert len(bench.transport.written) == 2
        assert bench.heard == [], "it was not idle for anybody else"
        bench.line.data_received(PLAIN)
        assert bench.only() == WANTED

    run(work())


def test_a_line_in_memory_gets_an_answer_that_travels_in_pieces() -> None:
    loop = VirtualLoop(horizon_s=60, seed="pieces")
    loop.network.manner = loop.network.manner._replace(split_every=1)

    class Server(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            assert isinstance(self.transport, asyncio.WriteTransport)
            if data.endswith(b"\n"):
                self.transport.write(CHUNKED)

    async def work() -> None:
        loop.network.listen(("venue.test", 80), Server)
        for _ in range(50):
            bench = Bench()
            _, bench.line = await loop.network.dial(lambda bench=bench: HttpLine(bench), "venue.test", 80)  # type: ignore[misc]
            bench.send()
            await asyncio.sleep(1)
            assert bench.only() == WANTED

    run(work(), loop)
