import asyncio

from engine.exchange.server.alarm import Alarm, WakingHandler
from engine.exchange.server.hosts import Service
from engine.exchange.server.routes import Routes
from tests.unit.engine.exchange.server.handlers import Echo
from tests.unit.engine.exchange.server.test_http import on_a_loop, settle
from tests.unit.engine.exchange.server.wires import Wire


class Sleeper:
    """Wants to be woken at set times."""

    def __init__(self, *times_ms: int) -> None:
        self.times_ms = list(times_ms)
        self.woken_ms: list[int] = []

    def wake_at_ms(self) -> int | None:
        return self.times_ms[0] if self.times_ms else None

    def wake(self, now_ms: int) -> None:
        self.woken_ms.append(now_ms)
        self.times_ms = [each for each in self.times_ms if each > now_ms]


class Clock:
    """Its time jumps to that of the next alarm."""

    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


@on_a_loop
async def test_it_rings_at_each_time_and_not_before() -> None:
    clock, sleeper = Clock(), Sleeper(5, 8)
    alarm = Alarm(asyncio.get_running_loop(), clock, sleeper)
    alarm.look()
    clock.now_ms = 4
    await asyncio.sleep(0.01)
    assert sleeper.woken_ms == [], "expected a ring that comes too early not to wake"
    clock.now_ms = 5
    await asyncio.sleep(0.01)
    clock.now_ms = 9
    await asyncio.sleep(0.01)
    assert sleeper.woken_ms == [5, 9]


@on_a_loop
async def test_an_earlier_time_is_seen_by_a_look_and_a_stopped_alarm_does_not_ring() -> None:
    clock, sleeper = Clock(), Sleeper(1_000_000)
    alarm = Alarm(asyncio.get_running_loop(), clock, sleeper)
    alarm.look()
    sleeper.times_ms.insert(0, 1)
    clock.now_ms = 1
    alarm.look()
    await asyncio.sleep(0.01)
    assert sleeper.woken_ms == [1]
    alarm.stop()
    clock.now_ms = 2_000_000
    await asyncio.sleep(0.01)
    assert sleeper.woken_ms == [1]


@on_a_loop
async def test_a_handler_with_an_alarm_looks_when_a_connection_opens() -> None:
    clock, sleeper, echo, routes = Clock(), Sleeper(), Echo(), Routes()
    handler = WakingHandler(echo, Alarm(asyncio.get_running_loop(), clock, sleeper))
    routes.add_stream(Service.CLOB_STREAMS, "/ws/user", handler, "/ws/user")
    sleeper.times_ms.append(0)
    wire = Wire(routes)
    client = wire.websocket("/ws/user")
    await asyncio.sleep(0.01)
    assert sleeper.woken_ms == [0]
    assert client.say("hello") == ["hello"]
    echo.open[0].send_ping()
    client.exchange()
    client.exchange()
    assert echo.heard == ["hello", "pong"]
    wire.transport.close()
    await settle()
    assert echo.open == []
