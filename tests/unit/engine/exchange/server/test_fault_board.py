import asyncio

from multidict import CIMultiDict

from engine.exchange.server.alarm import Alarm
from engine.exchange.server.context import Plan
from engine.exchange.server.fault_board import FaultBoard
from engine.exchange.server.faults import Answer, Fault, Kind, Params, Target
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request, json_response
from engine.exchange.server.routes import Routes
from engine.exchange.streams.out import FrameKind
from tests.unit.engine.exchange.server.handlers import Echo
from tests.unit.engine.exchange.server.test_http import on_a_loop, settle
from tests.unit.engine.exchange.server.wires import UPGRADE, Wire, request_bytes

ORDER = Request("POST", "/order", {}, CIMultiDict(), b"", "localhost")


class Clock:
    """A time that is set."""

    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


def routes(echo: Echo) -> Routes:
    made = Routes()
    made.add(Service.CLOB, "POST", "/order", lambda request: json_response("accepted"))
    made.add_stream(Service.CLOB_STREAMS, "/ws/market", echo, "/ws/market")
    return made


def test_faults_are_on_by_name_and_counted() -> None:
    board = FaultBoard(1, Clock())
    assert board.plan("POST /order", ORDER, 0) is None
    board.add(Fault("slow", Kind.SLOW, Target(("POST *",)), params=Params(delay_ms=5)))
    board.add(Fault("later", Kind.SLOW, start_ms=10))
    board.add(Fault("held", Kind.HOLD, count=1, params=Params(delay_ms=7)))
    assert board.plan("POST /order", ORDER, 0) == Plan(hold_ms=7, delay_ms=5)
    assert board.plan("GET /time", ORDER, 0) is None
    assert board.active(0) == {"slow": 1}
    assert board.happened() == {"slow": 1, "later": 0, "held": 1}  # what is over included
    board.remove("slow")
    board.remove("never was")
    assert board.happened() == {"later": 0, "held": 1}
    assert board.active(10) == {"later": 0}


def test_a_fault_of_the_same_name_takes_the_others_place() -> None:
    board = FaultBoard(1, Clock())
    for _ in range(2):
        board.add(Fault("x", Kind.HOLD, count=1, params=Params(delay_ms=7)))
        assert board.plan("POST /order", ORDER, 0) == Plan(hold_ms=7)


def test_two_boards_with_one_seed_do_the_same() -> None:
    def struck(seed: int) -> list[bool]:
        board = FaultBoard(seed, Clock())
        board.add(Fault("x", Kind.DROP_AFTER, params=Params(chance_permille=500)))
        return [board.plan("POST /order", ORDER, 0) is not None for _ in range(50)]

    assert struck(1) == struck(1) != struck(2)


@on_a_loop
async def test_an_order_is_accepted_and_its_answer_lost() -> None:
    board = FaultBoard(1, Clock())
    board.add(Fault("timeout after acceptance", Kind.SILENT_AFTER, Target(("POST /order",)), count=1))
    wire = Wire(routes(Echo()), interceptors=(board,))
    wire.send(request_bytes("POST", "/order"))
    await settle()
    assert (wire.received(), wire.transport.closed) == (b"", False)
    again = Wire(routes(Echo()), interceptors=(board,))
    assert again.ask("POST", "/order")[0].body == b'"accepted"'


@on_a_loop
async def test_a_handshake_can_be_refused() -> None:
    board = FaultBoard(1, Clock())
    answer = Answer(503, '{"error":"busy"}', (("Retry-After", "3"),))
    board.add(Fault("refused", Kind.ANSWER, Target(("WS *",)), count=1, params=Params(answer=answer)))
    wire = Wire(routes(Echo()), interceptors=(board,))
    wire.send(request_bytes("GET", "/ws/market", b"", *UPGRADE))
    await settle()
    (refused,) = wire.answers()
    assert (refused.status, refused.headers["retry-after"], refused.body) == (503, "3", b'{"error":"busy"}')


@on_a_loop
async def test_a_stall_leaves_the_pong_alive() -> None:
    board, echo = FaultBoard(1, Clock()), Echo()
    wire = Wire(routes(echo), interceptors=(board,))
    client = wire.websocket("/ws/market")
    connection = echo.open[0]
    board.add(Fault("stall", Kind.STALL))
    connection.send_text("event")
    connection.send_text("PONG", FrameKind.REPLY)
    assert client.texts() == ["PONG"]
    board.remove("stall")
    connection.send_text("event")
    assert client.texts() == ["event"]


@on_a_loop
async def test_connections_are_ended_when_a_fault_is_added_and_not_after_their_end() -> None:
    board, echo = FaultBoard(1, Clock()), Echo()
    wire = Wire(routes(echo), interceptors=(board,))
    client = wire.websocket("/ws/market")
    board.add(Fault("closed", Kind.CLOSE, count=1, params=Params(code=4003)))
    assert client.close_code() == 4003
    wire.transport.close()
    await settle()
    assert (echo.open, board.wake_at_ms()) == ([], None)


@on_a_loop
async def test_an_alarm_rings_for_what_is_due() -> None:
    clock, echo = Clock(), Echo()
    board = FaultBoard(1, clock)
    board.on_change = Alarm(asyncio.get_running_loop(), clock, board).look
    board.add(Fault("reset", Kind.RESET, start_ms=6))
    wire = Wire(routes(echo), now_ms=clock, interceptors=(board,))
    client = wire.websocket("/ws/market")
    board.add(Fault("backlog", Kind.BACKLOG, until_ms=3))
    echo.open[0].send_text("event")
    assert client.texts() == []
    clock.now_ms = 3
    await asyncio.sleep(0.01)
    assert client.texts() == ["event"]
    clock.now_ms = 6
    await asyncio.sleep(0.01)
    assert wire.transport.aborted
