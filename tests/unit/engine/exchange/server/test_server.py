import asyncio
import socket

import httpx
import pytest
import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import json_response
from engine.exchange.server.routes import Routes
from engine.exchange.server.server import Server
from engine.model.errors import InputError
from tests.unit.engine.exchange.server.handlers import Echo


def routes(echo: Echo) -> Routes:
    made = Routes()
    made.add(Service.CLOB, "GET", "/time", lambda request: json_response(1763683200))
    made.add(Service.CLOB, "POST", "/order", lambda request: json_response(request.body.decode()))
    made.add_stream(Service.CLOB_STREAMS, "/ws/market", echo, "/ws/market")
    return made


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_one_port_serves_http_and_websocket(run) -> None:  # type: ignore[no-untyped-def]
    async def main() -> None:
        async with asyncio.timeout(20), Server(routes(Echo())) as server:
            port = await server.listen()
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                assert (await client.get("/time")).json() == 1763683200
                assert (await client.post("/order", content=b"x" * 100_000)).json() == "x" * 100_000
                assert (await client.get("/nope")).status_code == 404
            async with connect(f"ws://127.0.0.1:{port}/ws/market", proxy=None) as link:
                await link.send("PING")
                assert await link.recv() == "PING"

    run(main())


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_an_aborted_stream_is_reset(run) -> None:  # type: ignore[no-untyped-def]
    async def main() -> None:
        echo = Echo()
        async with asyncio.timeout(20), Server(routes(echo)) as server:
            port = await server.listen()
            async with connect(f"ws://127.0.0.1:{port}/ws/market", proxy=None) as link:
                await link.send("PING")
                await link.recv()
                echo.open[0].abort()
                with pytest.raises(ConnectionClosed) as closed:
                    await link.recv()
                assert isinstance(closed.value.__cause__, ConnectionResetError)

    run(main())


def test_accepted_sockets_do_not_wait_to_fill_packets() -> None:
    async def main() -> None:
        async with asyncio.timeout(20), Server(routes(Echo())) as server:
            port = await server.listen()
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            while not server.context.transports:
                await asyncio.sleep(0.001)
            (transport,) = server.context.transports
            assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            writer.close()
            await writer.wait_closed()

    asyncio.run(main())


def test_no_port_is_opened_for_the_world() -> None:
    async def main() -> None:
        async with Server(routes(Echo())) as server:
            with pytest.raises(InputError, match="--allow-public if that is meant"):
                await server.listen("0.0.0.0")

    asyncio.run(main())


def test_stopping_drops_every_connection() -> None:
    async def main() -> None:
        echo = Echo()
        async with asyncio.timeout(20):
            server = Server(routes(echo))
            port = await server.listen()
            async with connect(f"ws://127.0.0.1:{port}/ws/market", proxy=None) as link:
                await server.stop()
                with pytest.raises(ConnectionClosed):
                    await link.recv()
            assert echo.open == []

    asyncio.run(main())
