import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from engine.lab.sockets.relay import HOST, Relay
from tests.unit.engine.lab.sockets.loops import on_a_loop

Story = Callable[[Relay, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def play(story: Story) -> None:
    """Connect through a relay to a server that answers every line with itself in capitals."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(line.upper())
        except ConnectionResetError:
            pass
        writer.close()

    server = await asyncio.start_server(shout, HOST, 0)
    relay = Relay(server.sockets[0].getsockname()[1])
    await relay.begin()
    reader, writer = await asyncio.open_connection(HOST, relay.port)
    try:
        async with asyncio.timeout(10):
            await story(relay, reader, writer)
    finally:
        writer.close()
        await relay.close()
        server.close()


@on_a_loop
async def test_a_relay_passes_on_both_ways_and_ends_with_either_side() -> None:
    async def story(relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one\n")
        assert await reader.readline() == b"ONE\n"
        writer.write_eof()
        assert await reader.read() == b""

    await play(story)


@on_a_loop
async def test_what_is_cut_arrives_after_the_cut() -> None:
    async def story(relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one\n")
        await reader.readline()
        relay.cut()
        writer.write(b"two\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(reader.read(1))), 0.05)
        relay.heal()

    await play(story)


@on_a_loop
async def test_a_reset_ends_connections_with_an_error() -> None:
    async def story(relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one\n")
        await reader.readline()
        relay.reset()
        with pytest.raises(ConnectionResetError):
            await reader.readline()

    await play(story)


@on_a_loop
async def test_who_watches_says_what_passes() -> None:
    async def story(relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay.watch = lambda data: data.replace(b"secret", b"public")
        writer.write(b"a secret\n")
        assert await reader.readline() == b"A PUBLIC\n"

    await play(story)


@on_a_loop
async def test_without_a_server_a_connection_ends() -> None:
    relay = Relay(1)
    await relay.begin()
    reader, writer = await asyncio.open_connection(HOST, relay.port)
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    await relay.close()
