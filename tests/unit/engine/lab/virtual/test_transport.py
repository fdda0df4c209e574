import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lab.virtual.loop import VirtualLoop
from engine.lab.virtual.transport import HIGH_WATER_BYTES, MemorySocket, MemoryTransport
from tests.unit.engine.lab.virtual.ears import ADDRESS, Ear, connected


def play(story: Callable[[Ear, Ear], Coroutine[Any, Any, None]]) -> tuple[Ear, Ear]:
    """Let a story happen to a client's and a server's end, and then some time pass; both are returned."""
    loop = VirtualLoop()

    async def work() -> tuple[Ear, Ear]:
        client, server = await connected(loop)
        await story(client, server)
        await asyncio.sleep(1)
        return client, server

    ends = loop.run(work())
    assert loop.errors == []
    return ends


def test_bytes_arrive_and_a_close_ends_both_sides() -> None:
    async def story(client: Ear, server: Ear) -> None:
        client.transport.writelines([b"one ", b"two"])
        client.transport.close()
        client.transport.close()
        client.transport.write(b"nobody hears this")

    client, server = play(story)
    assert server.data == b"one two"
    assert client.heard == ["made", "lost"]
    assert server.heard == ["made", "eof", "lost"]


def test_an_abort_is_a_reset_for_the_other_side() -> None:
    async def story(client: Ear, server: Ear) -> None:
        client.transport.abort()
        client.transport.abort()

    client, server = play(story)
    assert client.heard == ["made", "lost"]
    assert server.heard == ["made", "lost ConnectionResetError"]


def test_a_side_may_end_and_go_on_listening() -> None:
    async def story(client: Ear, server: Ear) -> None:
        server.keeps_open = True
        client.transport.write(b"question")
        client.transport.write_eof()
        await asyncio.sleep(0.1)
        server.transport.write(b"answer")
        await asyncio.sleep(0.1)
        with pytest.raises(RuntimeError, match="write_eof"):
            client.transport.write(b"more")
        server.transport.close()

    client, server = play(story)
    assert (server.data, client.data) == (b"question", b"answer")
    assert client.heard == ["made", "eof", "lost"]
    assert server.heard == ["made", "eof", "lost"]


def test_who_writes_to_an_end_that_has_closed_is_reset() -> None:
    async def story(client: Ear, server: Ear) -> None:
        server.keeps_open = True
        client.transport.close()
        await asyncio.sleep(0.1)
        server.transport.write(b"too late")

    client, server = play(story)
    assert client.data == b""
    assert server.heard == ["made", "eof", "lost ConnectionResetError"]


def test_what_is_not_read_stops_the_writer() -> None:
    async def story(client: Ear, server: Ear) -> None:
        server.transport.pause_reading()
        assert not server.transport.is_reading()
        client.transport.write(bytes(HIGH_WATER_BYTES + 1))
        assert client.transport.get_write_buffer_size() == HIGH_WATER_BYTES + 1
        await asyncio.sleep(1)
        assert server.data == b""
        server.transport.resume_reading()

    client, server = play(story)
    assert len(server.data) == HIGH_WATER_BYTES + 1
    assert client.heard == ["made", "pause", "resume"]


@given(st.lists(st.sampled_from(["write", "read", "pause", "eof", "close", "abort", "wait", "other"]), max_size=30))
def test_every_end_is_made_once_and_lost_at_most_once(steps: list[str]) -> None:
    written = 0

    async def story(client: Ear, server: Ear) -> None:
        nonlocal written
        ended = False
        for step in steps:
            if step == "write" and not ended and not client.transport.is_closing():
                client.transport.write(bytes([written % 256]))
                written += 1
            elif step == "eof":
                client.transport.write_eof()
                ended = True
            elif step in ("close", "abort"):
                getattr(client.transport, step)()
            elif step == "other":
                server.transport.write(b"?")
            elif step in ("read", "pause"):
                (server.transport.resume_reading if step == "read" else server.transport.pause_reading)()
            await asyncio.sleep(0.002 if step == "wait" else 0)
        server.transport.resume_reading()

    client, server = play(story)
    for end in (client, server):
        assert end.heard[0] == "made"
        assert sum(word.startswith("lost") for word in end.heard) == ("lost" in end.heard[-1])
    assert bytes(range(256)).startswith(server.data[:256])
    if "abort" not in steps and "other" not in steps:
        assert len(server.data) == written


def test_who_listens_to_writes_says_what_leaves() -> None:
    async def story(client: Ear, server: Ear) -> None:
        assert isinstance(client.transport, MemoryTransport)
        client.transport.on_write = lambda transport, data: data[:2]
        client.transport.write(b"half")
        client.transport.on_write = lambda transport, data: b""
        client.transport.write(b"nothing")

    _, server = play(story)
    assert server.data == b"ha"


def test_an_end_says_who_it_is() -> None:
    async def story(client: Ear, server: Ear) -> None:
        assert client.transport.get_extra_info("peername") == ADDRESS
        assert server.transport.get_extra_info("sockname") == ADDRESS
        assert client.transport.get_extra_info("sockname") == server.transport.get_extra_info("peername")
        found = client.transport.get_extra_info("socket")
        assert isinstance(found, MemorySocket)
        assert found.getpeername() == ADDRESS
        assert found.getsockname() == server.transport.get_extra_info("peername")
        assert found.fileno() == -1
        assert client.transport.get_protocol() is client
        client.transport.set_write_buffer_limits(high=100)
        assert client.transport.get_write_buffer_limits() == (25, 100)

    play(story)
