"""The user channel is kept up: one hello a connection, pings, silence noticed, changes told once, no secret shown."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
import pytest

from engine.execution.polymarket.user_stream import LONGEST_RETRY_S, PING_EVERY_S, STALE_AFTER_S, UserStream
from engine.lab.virtual.loop import VirtualLoop
from engine.venue.credentials import ApiCredentials
from tests.marked_secrets import API_SECRET, PASSPHRASE
from tests.unit.engine.execution.polymarket.memory_venue import USER, UserChannel, dial, run

SECRETS = ApiCredentials("key-1", API_SECRET, PASSPHRASE)
HELLO = {
    "type": "user",
    "auth": {"apiKey": SECRETS.key, "secret": SECRETS.secret, "passphrase": SECRETS.passphrase},
}
SOON_S = 0.1


class Bench:
    """A stream, its venue, and what it told."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.venue = UserChannel(loop)
        self.frames: list[bytes] = []
        self.states: list[tuple[bool, str]] = []
        self.stream = UserStream(dial, USER, SECRETS, self.frames.append, self._state)

    def _state(self, is_up: bool, why: str) -> None:
        self.states.append((is_up, why))

    @property
    def ups(self) -> list[bool]:
        return [is_up for is_up, _ in self.states]


def played(work: Callable[[Bench], Coroutine[Any, Any, None]]) -> Bench:
    """Run a test on an open stream."""
    loop = VirtualLoop(horizon_s=3_000)
    bench = Bench(loop)

    async def play() -> None:
        bench.stream.open()
        await asyncio.sleep(SOON_S)
        await work(bench)
        await bench.stream.close()

    run(play(), loop)
    return bench


def test_it_upgrades_at_the_path_says_hello_once_and_is_up() -> None:
    async def work(bench: Bench) -> None:
        (end,) = bench.venue.ends
        assert [upgrade.path for upgrade in bench.venue.upgrades] == ["/ws/user"]
        assert bench.venue.upgrades[0].headers["Host"] == "venue.test:81"
        assert orjson.loads(end.texts[0]) == HELLO
        assert end.texts[1:] == ["PING"]
        assert bench.states == [(True, "")]

    played(work)


def test_it_pings_and_stays_up_for_as_long_as_it_is_answered() -> None:
    async def work(bench: Bench) -> None:
        await asyncio.sleep(600)
        (end,) = bench.venue.ends
        assert end.texts[1:] == ["PING"] * (int(600 / PING_EVERY_S) + 1)
        assert bench.states == [(True, "")]
        assert set(bench.frames) == {b"PONG"}

    played(work)


def test_without_a_pong_it_is_down_after_thirty_seconds_and_comes_back() -> None:
    async def work(bench: Bench) -> None:
        await asyncio.sleep(25)
        bench.venue.pongs = False
        await asyncio.sleep(STALE_AFTER_S - PING_EVERY_S)
        assert bench.ups == [True]
        while len(bench.states) == 1:
            await asyncio.sleep(1)
        silent_s = bench.loop.time() - 20
        assert STALE_AFTER_S < silent_s <= STALE_AFTER_S + PING_EVERY_S + 1
        assert bench.states[1] == (False, "no PONG for 30 s")
        bench.venue.pongs = True
        await asyncio.sleep(1)
        assert bench.ups == [True, False, True]
        assert orjson.loads(bench.venue.ends[1].texts[0]) == HELLO

    played(work)


def test_messages_arrive_whole_whatever_the_frames_and_pieces() -> None:
    async def work(bench: Bench) -> None:
        end = bench.venue.ends[0]
        bench.frames.clear()
        end.tell(b'{"a":1}')
        end.tell(b'{"b"', b":", b"2}")
        for byte in b"\x81\x07" + b'{"c":3}':
            end.transport.write(bytes([byte]))
        end.tell(b"[" + b"1," * 40_000 + b"1]")
        await asyncio.sleep(SOON_S)
        assert bench.frames == [b'{"a":1}', b'{"b":2}', b'{"c":3}', b"[" + b"1," * 40_000 + b"1]"]

    played(work)


@pytest.mark.parametrize("end_it", ["reset", "goodbye", "end of file", "nonsense", "half a frame"])
def test_however_a_connection_ends_it_is_told_once_and_another_one_follows(end_it: str) -> None:
    async def work(bench: Bench) -> None:
        end = bench.venue.ends[0]
        if end_it == "reset":
            end.transport.abort()
        elif end_it == "goodbye":
            end.close()
        elif end_it == "end of file":
            end.transport.close()
        elif end_it == "nonsense":
            end.transport.write(b"\xff\xff\xff\xff")
        else:
            end.transport.write(b"\x81")
            end.transport.close()
        await asyncio.sleep(2)
        assert bench.ups == [True, False, True]
        assert bench.states[1][1]
        assert bench.stream.connections == len(bench.venue.ends) == 2
        assert [end.texts.count(orjson.dumps(HELLO).decode()) for end in bench.venue.ends] == [1, 1]
        bench.frames.clear()
        bench.venue.ends[1].tell(b"{}")
        await asyncio.sleep(SOON_S)
        assert bench.frames == [b"{}"]

    played(work)


def test_a_venue_that_is_away_is_told_once_and_tried_until_it_is_back() -> None:
    async def work(bench: Bench) -> None:
        bench.venue.shut()
        await asyncio.sleep(300)
        assert bench.ups == [True, False]
        bench.venue.listen()
        await asyncio.sleep(LONGEST_RETRY_S + 1)
        assert bench.ups == [True, False, True]

    played(work)


def test_a_refused_upgrade_is_no_connection_and_gets_no_credentials() -> None:
    async def work(bench: Bench) -> None:
        bench.venue.refuse_with = 503
        bench.venue.ends[0].transport.abort()
        await asyncio.sleep(60)
        assert bench.ups == [True, False]
        assert all(end.texts == [] for end in bench.venue.ends[1:])
        assert 10 < len(bench.venue.ends) < 30, "it is tried with pauses"
        bench.venue.refuse_with = None
        await asyncio.sleep(LONGEST_RETRY_S + 1)
        assert bench.ups == [True, False, True]

    played(work)


def test_a_venue_that_ends_every_connection_at_once_is_not_stormed() -> None:
    async def work(bench: Bench) -> None:
        begun_s, before = bench.loop.time(), len(bench.venue.ends)
        bench.venue.ends[0].transport.abort()
        while bench.loop.time() < begun_s + 120:
            await asyncio.sleep(0.05)
            for end in bench.venue.ends:
                end.transport.abort()
        tried = len(bench.venue.ends) - before
        assert tried < 40, f"{tried} connections in two minutes"
        assert bench.ups == [True, False] * (len(bench.ups) // 2) + [True] * (len(bench.ups) % 2)

    played(work)


def test_a_venue_that_closes_on_our_credentials_is_never_up() -> None:
    async def work(bench: Bench) -> None:
        bench.venue.pongs = False
        bench.venue.ends[0].transport.abort()
        before = len(bench.venue.ends)
        while len(bench.venue.ends) < before + 10:
            await asyncio.sleep(0.05)
            for end in bench.venue.ends:
                if end.texts:
                    end.transport.abort()
        assert bench.ups == [True, False]

    played(work)


def test_it_begins_with_a_venue_that_is_not_there_yet() -> None:
    loop = VirtualLoop(horizon_s=100)
    bench = Bench(loop)

    async def work() -> None:
        bench.venue.shut()
        bench.stream.open()
        await asyncio.sleep(20)
        assert bench.ups == [False]
        assert "nobody listens" in bench.states[0][1]
        bench.venue.listen()
        await asyncio.sleep(LONGEST_RETRY_S + 1)
        assert bench.ups == [False, True]
        await bench.stream.close()

    run(work(), loop)


def test_closed_it_stays_away() -> None:
    bench = played(lambda bench: asyncio.sleep(1))
    assert bench.ups == [True]
    assert len(bench.venue.ends) == 1


def test_secrets_are_in_the_hello_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def work(bench: Bench) -> None:
        for _ in range(3):
            bench.venue.ends[-1].transport.abort()
            await asyncio.sleep(20)
        logged = [record.getMessage() for record in caplog.records if record.name != "websockets.server"]
        shown = f"{bench.stream!r} {bench.states} {logged}"
        assert SECRETS.secret[:8] not in shown
        assert SECRETS.passphrase[:8] not in shown
        assert not any("TEXT" in each for each in logged), "the library logs no frames of ours"

    bench = played(work)
    assert len(bench.venue.ends) == 4
