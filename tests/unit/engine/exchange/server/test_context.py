import asyncio

from multidict import CIMultiDict

from engine.exchange.server.context import Context, Plan, plan_of
from engine.exchange.server.messages import Request, Response
from engine.exchange.server.routes import Routes
from tests.unit.engine.exchange.server.test_http import Planned, on_a_loop

REQUEST = Request("GET", "/time", {}, CIMultiDict(), b"", "localhost")


class Nothing:
    """An interceptor that wants nothing."""

    def plan(self, name: str, request: Request, now_ms: int) -> Plan | None:
        return None

    def gate(self, name: str, request: Request, number: int) -> None:
        return None


def test_without_a_wish_there_is_no_plan() -> None:
    assert plan_of((), "GET /time", REQUEST, 0) is None
    assert plan_of((Nothing(), Nothing()), "GET /time", REQUEST, 0) is None


def test_one_wish_is_the_plan() -> None:
    plan = Plan(hold_ms=5)
    assert plan_of((Nothing(), Planned(plan)), "GET /time", REQUEST, 0) is plan


def test_waiting_times_add_up_and_the_first_answer_counts() -> None:
    first, second = Response(425), Response(503)
    wishes = (Planned(Plan(hold_ms=5, answer=first)), Planned(Plan(hold_ms=2, delay_ms=1, answer=second)))
    assert plan_of(wishes, "GET /time", REQUEST, 0) == Plan(hold_ms=7, delay_ms=1, answer=first)
    wishes = (Planned(Plan(drop_after=True)), Planned(Plan(answer_after=second, silent_after=True)))
    found = plan_of(wishes, "GET /time", REQUEST, 0)
    assert found == Plan(drop_after=True, silent_after=True, answer_after=second)


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
