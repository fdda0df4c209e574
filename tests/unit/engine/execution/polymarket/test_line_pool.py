"""An order leaves at once or not at all; reads and cancels wait for a line, but not for ever; lost lines come back."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.execution.polymarket.dialling import Address
from engine.execution.polymarket.http_line import Answer, LostAnswer
from engine.execution.polymarket.line_pool import FIRST_RETRY_S, LONGEST_RETRY_S, WAITING_MOST, LinePool
from engine.lab.virtual.loop import VirtualLoop
from tests.unit.engine.execution.polymarket.memory_venue import ADDRESS, Asked, MemoryVenue, dial, run

SOON_S = 0.01


class Bench:
    """A pool and its venue."""

    def __init__(self, loop: VirtualLoop, *, warm: int = 2, most: int = 4) -> None:
        self.venue = MemoryVenue(loop)
        self.pool = LinePool(dial, ADDRESS, warm=warm, most=most)
        self.answers: list[Answer | LostAnswer] = []

    def request(self, path: str = "/time") -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: venue.test\r\n\r\n".encode()

    def send(self, path: str = "/time", timeout_s: float = 5.0) -> None:
        self.pool.send(self.request(path), self.answers.append, timeout_s)

    def send_now(self, path: str = "/time") -> bool:
        return self.pool.send_now(self.request(path), self.answers.append)

    def said(self) -> list[str]:
        return [answer.body.decode() if isinstance(answer, Answer) else answer.why for answer in self.answers]


def played(work: Callable[[Bench], Coroutine[Any, Any, None]], **sizes: int) -> None:
    """Run a test on an open pool whose lines are up."""
    loop = VirtualLoop(horizon_s=600)

    async def play() -> None:
        bench = Bench(loop, **sizes)
        bench.pool.open()
        await asyncio.sleep(SOON_S)
        await work(bench)
        await bench.pool.close()

    run(play(), loop)


def test_the_warm_lines_come_up_and_stay_up() -> None:
    async def work(bench: Bench) -> None:
        assert (bench.pool.ready, len(bench.venue.lines)) == (2, 2)
        await asyncio.sleep(100)
        assert (bench.pool.ready, len(bench.venue.lines)) == (2, 2)

    played(work)


def test_requests_on_several_lines_are_never_pipelined_and_get_their_own_answers() -> None:
    async def work(bench: Bench) -> None:
        got: dict[int, bytes] = {}
        for number in range(30):

            def keep(answer: Answer | LostAnswer, number: int = number) -> None:
                assert isinstance(answer, Answer)
                got[number] = answer.body

            bench.pool.send(bench.request(f"/{number}"), keep, 5.0)
        for _ in range(30):
            asked = await bench.venue.next()  # the venue asserts that its line had no other request under way
            asked.reply(asked.target)
        await asyncio.sleep(SOON_S)
        assert got == {number: f'"/{number}"'.encode() for number in range(30)}
        assert len(bench.venue.lines) <= 4

    played(work)


def test_an_order_does_not_wait_for_a_line_and_none_of_its_bytes_leave_later() -> None:
    async def work(bench: Bench) -> None:
        assert bench.send_now("/1")
        assert bench.send_now("/2")
        assert not bench.send_now("/3")
        await asyncio.sleep(1)
        assert {asked.target for asked in bench.venue.asked} == {"/1", "/2"}
        assert len(bench.venue.lines) == 3, "but one more line was opened for the next one"
        assert bench.send_now("/4")

    played(work)


def test_the_pool_does_not_grow_beyond_its_most() -> None:
    async def work(bench: Bench) -> None:
        for _ in range(20):
            bench.send_now()
            await asyncio.sleep(SOON_S)
        assert len(bench.venue.lines) == len(bench.venue.asked) == 4

    played(work)


def test_a_read_waits_for_a_line_in_turn() -> None:
    async def work(bench: Bench) -> None:
        for path in "/1", "/2", "/3":
            bench.send(path)
        first = await bench.venue.next()
        assert first.target == "/1"
        first.reply("one")
        await asyncio.sleep(SOON_S)
        assert [asked.target for asked in bench.venue.asked] == ["/2"]
        bench.venue.asked.pop().reply("two")
        (await bench.venue.next()).reply("three")
        await asyncio.sleep(SOON_S)
        assert bench.said() == ['"one"', '"two"', '"three"']

    played(work, warm=1, most=1)


def test_what_waits_too_long_is_lost_without_having_left() -> None:
    async def work(bench: Bench) -> None:
        bench.send("/slow", timeout_s=60)
        bench.send("/2", timeout_s=3)
        bench.send("/3", timeout_s=9)
        await asyncio.sleep(4)
        assert bench.said() == ["no connection in time"]
        (await bench.venue.next()).reply("slow")
        await asyncio.sleep(SOON_S)
        assert [asked.target for asked in bench.venue.asked] == ["/3"]
        await asyncio.sleep(5)
        assert bench.said()[:2] == ["no connection in time", '"slow"']
        assert bench.said()[2].startswith("no answer within 4."), "what it had left of its 9 s"

    played(work, warm=1, most=1)


def test_too_many_that_wait_are_refused_and_hear_of_it() -> None:
    async def work(bench: Bench) -> None:
        bench.venue.shut()
        await asyncio.sleep(SOON_S)
        for _ in range(WAITING_MOST + 1):
            bench.send(timeout_s=30)
        assert bench.answers == [], "nobody is answered before its call has returned"
        await asyncio.sleep(SOON_S)
        assert bench.said() == ["no connection, and too much waits for one"]
        await asyncio.sleep(30)
        assert len(bench.answers) == WAITING_MOST + 1

    played(work)


def test_a_lost_line_loses_its_answer_once_and_another_one_is_opened() -> None:
    async def work(bench: Bench) -> None:
        bench.send()
        asked = await bench.venue.next()
        asked.line.transport.abort()
        await asyncio.sleep(SOON_S)
        assert [type(answer) for answer in bench.answers] == [LostAnswer]
        assert (bench.pool.lost, bench.pool.ready) == (1, 2)
        assert "reset" in bench.pool.last_loss
        await asyncio.sleep(60)
        assert len(bench.answers) == 1

    played(work)


def test_an_answer_that_closes_its_connection_is_good_and_the_line_is_replaced() -> None:
    async def work(bench: Bench) -> None:
        for number in range(5):
            bench.send()
            (await bench.venue.next()).reply(number, Connection="close")
            await asyncio.sleep(SOON_S)
        assert bench.said() == ["0", "1", "2", "3", "4"]
        assert (bench.pool.ready, bench.pool.lost) == (2, 5)

    played(work)


def test_a_venue_that_is_away_is_dialled_with_growing_pauses_and_found_when_it_is_back() -> None:
    async def work(bench: Bench) -> None:
        attempts: list[float] = []
        loop = asyncio.get_running_loop()
        bench.venue.shut()
        bench.pool._dial = _counted(bench.pool._dial, attempts)
        await asyncio.sleep(60)
        pauses = [round(later - earlier, 3) for earlier, later in itertools.pairwise(attempts)]
        assert pauses[0] == pytest.approx(FIRST_RETRY_S, abs=0.01)
        assert pauses[-1] == pytest.approx(LONGEST_RETRY_S, abs=0.01)
        assert pauses == sorted(pauses)
        assert bench.pool.ready == 0
        assert bench.pool.last_loss == "no connection: nobody listens on venue.test:80"
        bench.venue.listen()
        begun = loop.time()
        bench.send("/back", timeout_s=30)
        (await bench.venue.next()).reply("back")
        await asyncio.sleep(SOON_S)
        assert bench.said() == ['"back"']
        assert loop.time() - begun < LONGEST_RETRY_S + 1
        await asyncio.sleep(LONGEST_RETRY_S)
        bench.venue.shut()
        attempts.clear()
        await asyncio.sleep(1)
        assert len(attempts) >= 3, "the pauses began anew"

    def _counted(dialled: Any, attempts: list[float]) -> Any:
        async def counted(factory: Any, address: Address, /) -> Any:
            attempts.append(asyncio.get_running_loop().time())
            return await dialled(factory, address)

        return counted

    played(work, warm=1, most=1)


def test_closing_answers_everything_as_lost_and_opens_nothing() -> None:
    async def work(bench: Bench) -> None:
        bench.send("/under-way", timeout_s=50)
        bench.send("/waits", timeout_s=50)
        await bench.venue.next()
        await bench.pool.close()
        assert bench.said() == ["closed by us", "closed by us"]
        bench.send("/after")
        assert not bench.send_now("/after")
        await asyncio.sleep(1)
        assert bench.said()[2:] == ["no connection, and too much waits for one"]
        assert bench.venue.lines == []

    played(work, warm=1, most=1)


def test_a_pool_that_is_closed_while_it_dials_leaves_no_line() -> None:
    loop = VirtualLoop(horizon_s=60)

    async def work() -> None:
        bench = Bench(loop)
        bench.pool.open()
        await asyncio.sleep(0.0003)
        await bench.pool.close()
        await asyncio.sleep(1)
        assert bench.venue.lines == []
        assert bench.pool.ready == 0

    run(work(), loop)


def test_an_order_may_leave_on_the_line_that_has_just_answered_before_what_waits() -> None:
    async def work(bench: Bench) -> None:
        def order(answer: Answer | LostAnswer) -> None:
            bench.answers.append(answer)
            assert bench.send_now("/order")

        bench.pool.send(bench.request("/first"), order, 5.0)
        bench.send("/waits")
        (await bench.venue.next()).reply("first")
        targets = []
        for _ in range(2):
            asked: Asked = await bench.venue.next()
            targets.append(asked.target)
            asked.reply(asked.target)
        await asyncio.sleep(SOON_S)
        assert targets == ["/order", "/waits"]
        assert bench.said() == ['"first"', '"/order"', '"/waits"']

    played(work, warm=1, most=1)
