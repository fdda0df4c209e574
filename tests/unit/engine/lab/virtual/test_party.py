import asyncio

import pytest

from engine.lab.virtual.loop import VirtualLoop
from engine.lab.virtual.party import PARTY, Party


def test_what_a_party_schedules_is_its_own_and_so_is_what_that_schedules() -> None:
    loop, seen = VirtualLoop(), list[str]()

    def note() -> None:
        party = PARTY.get()
        seen.append(party.name if party else "nobody")

    async def inner() -> None:
        loop.call_later(1, note)

    async def work() -> None:
        with loop.party("one").acting():
            task = asyncio.create_task(inner())
        loop.call_soon(note)
        await asyncio.sleep(2)
        await task

    loop.run(work())
    assert seen == ["nobody", "one"]


def test_a_dead_party_never_goes_on() -> None:
    party = Party("one")
    party.kill()
    with pytest.raises(AssertionError, match="one is dead"):
        party.go_on()


def test_a_cancelled_callback_of_a_stopped_party_is_not_called() -> None:
    loop, called = VirtualLoop(), list[int]()

    async def work() -> None:
        party = loop.party("one")
        with party.acting():
            handle = loop.call_later(1, called.append, 1)
            loop.call_later(1, called.append, 2)
        party.stop()
        await asyncio.sleep(2)
        handle.cancel()
        loop.go_on(party)
        await asyncio.sleep(0)

    loop.run(work())
    assert called == [2]
