import asyncio
import gc
import os

import pytest

from engine.lab.virtual.loop import TURNS_MAX, VirtualLoop, VirtualTimeError


def test_an_hour_of_waiting_takes_no_time_and_is_an_hour() -> None:
    loop = VirtualLoop(1_000_000_000, horizon_s=4_000)
    loop.run(asyncio.sleep(3_600))
    assert loop.time() == 3_600
    assert loop.wall_ns() == 3_601 * 10**9
    assert loop.wall_ms() == 3_601_000
    assert loop.monotonic_ns() == 3_600 * 10**9


def test_timers_ring_in_the_order_of_their_times() -> None:
    loop, rung = VirtualLoop(), list[tuple[str, float]]()

    def ring(name: str) -> None:
        rung.append((name, loop.time()))

    async def work() -> None:
        for name, delay_s in (("late", 0.3), ("soon", 0.1), ("middle", 0.2)):
            loop.call_later(delay_s, ring, name)
        await asyncio.sleep(1)

    loop.run(work())
    assert rung == [("soon", 0.1), ("middle", 0.2), ("late", 0.3)]


def test_waiting_for_what_never_comes_is_reported_with_those_who_wait() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(VirtualTimeError, match=r"nothing is left to wait for at 0.0 s, 1 tasks wait:\n.*wait"):
        VirtualLoop().run(wait())


def test_a_run_ends_at_its_horizon() -> None:
    async def tick() -> None:
        while True:
            await asyncio.sleep(1)

    with pytest.raises(VirtualTimeError, match="expected an end within 60 s"):
        VirtualLoop(horizon_s=60).run(tick())


def test_turning_without_time_passing_is_reported() -> None:
    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(VirtualTimeError, match=f"{TURNS_MAX} turns"):
        VirtualLoop().run(spin())


def test_there_are_no_threads() -> None:
    async def work() -> None:
        await asyncio.get_running_loop().run_in_executor(None, print)

    with pytest.raises(VirtualTimeError, match="expected no thread"):
        VirtualLoop().run(work())


def test_call_soon_threadsafe_calls_soon() -> None:
    loop, called = VirtualLoop(), list[int]()

    async def work() -> None:
        loop.call_soon_threadsafe(called.append, 1)
        await asyncio.sleep(0)

    loop.run(work())
    assert called == [1]


def test_what_callbacks_raise_is_kept() -> None:
    loop = VirtualLoop()

    async def work() -> None:
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)

    loop.run(work())
    assert len(loop.errors) == 1
    assert "ZeroDivisionError" in loop.errors[0]


def test_a_dead_partys_tasks_do_nothing_until_all_is_over() -> None:
    loop, done = VirtualLoop(), list[str]()

    async def endless(name: str) -> None:
        try:
            while True:
                await asyncio.sleep(1)
                done.append(name)
        finally:
            done.append(f"{name} ended")

    async def work() -> list[str]:
        party = loop.party("one")
        with party.acting():
            one = asyncio.create_task(endless("one"))
        other = asyncio.create_task(endless("other"))
        await asyncio.sleep(1.5)
        loop.kill(party)
        gc.collect()
        await asyncio.sleep(1)
        other.cancel()
        await asyncio.wait([other])
        assert not one.done()
        return list(done)

    assert loop.run(work()) == ["one", "other", "other", "other ended"]
    assert done[-1] == "one ended"


def test_a_stopped_party_goes_on_where_it_was() -> None:
    loop, seen = VirtualLoop(), list[float]()

    async def ticks() -> None:
        for _ in range(4):
            await asyncio.sleep(1)
            seen.append(loop.time())

    async def work() -> None:
        party = loop.party("one")
        with party.acting():
            task = asyncio.create_task(ticks())
        await asyncio.sleep(1.5)
        party.stop()
        await asyncio.sleep(3)
        loop.go_on(party)
        await task

    loop.run(work())
    assert seen == [1.0, 4.5, 5.5, 6.5]


def test_a_pipe_is_read_before_time_moves_on_but_not_by_who_is_stopped() -> None:
    loop, heard = VirtualLoop(), list[tuple[str, float]]()
    read_end, write_end = os.pipe()

    def hear(name: str) -> None:
        heard.append((f"{name} {os.read(read_end, 10).decode()}", loop.time()))

    async def work() -> None:
        party = loop.party("one")
        with party.acting():
            loop.add_reader(read_end, hear, "first")
        loop.call_later(1, os.write, write_end, b"a")
        loop.call_later(3, os.write, write_end, b"b")
        await asyncio.sleep(2)
        party.stop()
        await asyncio.sleep(3)
        loop.go_on(party)
        await asyncio.sleep(1)
        assert loop.remove_reader(read_end)
        assert not loop.remove_reader(read_end)

    loop.run(work())
    os.close(read_end)
    os.close(write_end)
    assert heard == [("first a", 1.0), ("first b", 5.0)]
