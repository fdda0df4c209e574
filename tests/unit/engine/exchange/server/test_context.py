import asyncio

from multidict import CIMultiDict

from engine.exchange.server.context import Context, Plan, merge
from engine.exchange.server.messages import Request, Response
from engine.exchange.server.routes import Routes
from tests.unit.engine.exchange.server.test_http import Planned, on_a_loop

REQUEST = Request("GET", "/time", {}, CIMultiDict(), b"", "localhost")


def test_no_plans_come_to_nothing_and_one_to_itself() -> None:
    plan = Plan(hold_ms=5)
    assert merge([]) is None
    assert merge([plan]) is plan


def test_waiting_times_add_up_and_the_first_answer_counts() -> None:
    first, second = Response(425), Response(503)
    plans = [Plan(hold_ms=5, answer=first), Plan(hold_ms=2, delay_ms=1, answer=second)]
    assert merge(plans) == Plan(hold_ms=7, delay_ms=1, answer=first)
    plans = [Plan(drop_after=True), Plan(answer_after=second, silent_after=True)]
    assert merge(plans) == Plan(drop_after=True, silent_after=True, answer_after=second)


@on_a_loop
async def test_every_interceptor_is_asked() -> None:
    interceptors = (Planned(None), Planned(Plan(hold_ms=1)), Planned(Plan(hold_ms=2)))
    context = Context(asyncio.get_running_loop(), Routes(), interceptors=interceptors)
    assert context.plan("GET /time", REQUEST) == Plan(hold_ms=3)
    assert [each.asked for each in interceptors] == [["GET /time"]] * 3


@on_a_loop
async def test_without_a_clock_there_is_no_date_and_the_loops_time_is_taken() -> None:
    loop = asyncio.get_running_loop()
    context = Context(loop, Routes())
    assert context.date() is None
    assert abs(context.now_ms() - loop.time() * 1000) < 60_000


@on_a_loop
async def test_what_still_runs_is_cancelled_at_the_end() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    context = Context(asyncio.get_running_loop(), Routes())
    context.run(work())
    await asyncio.sleep(0)
    await context.stop()
    assert ended == ["work"]
