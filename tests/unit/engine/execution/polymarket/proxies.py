"""Small SOCKS5 and HTTP proxies on the loopback that want a user's name and password."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

USER, PASSWORD = "ada", "hunter2-proxy"
RIGHT = f"{USER}:{PASSWORD}"


class Proxied:
    """What came through: the targets that were asked for, and the proofs that were given."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.proofs: list[str] = []
        self.port = 0


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def _join(host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    far_reader, far_writer = await asyncio.open_connection(host, port)
    await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))


async def _socks5(seen: Proxied, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    _, methods = await reader.readexactly(2)
    assert 2 in await reader.readexactly(methods), "it offers a password"
    writer.write(b"\x05\x02")
    _, length = await reader.readexactly(2)
    user = (await reader.readexactly(length)).decode()
    password = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    seen.proofs.append(f"{user}:{password}")
    writer.write(b"\x01\x00" if seen.proofs[-1] == RIGHT else b"\x01\x01")
    if seen.proofs[-1] != RIGHT:
        writer.close()
        return
    _, _, _, kind = await reader.readexactly(4)
    size = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
    raw = await reader.readexactly(size)
    host = raw.decode() if kind == 3 else ".".join(map(str, raw))
    port = int.from_bytes(await reader.readexactly(2), "big")
    seen.targets.append(f"{host}:{port}")
    writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01")
    await _join(host, port, reader, writer)


async def _http(seen: Proxied, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    method, target, _ = first.split()
    assert method == "CONNECT"
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    seen.proofs.append(base64.b64decode(headers["proxy-authorization"].removeprefix("Basic ")).decode())
    if seen.proofs[-1] != RIGHT:
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        writer.close()
        return
    seen.targets.append(target)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    host, _, port = target.rpartition(":")
    await _join(host, int(port), reader, writer)


@asynccontextmanager
async def proxy(scheme: str) -> AsyncIterator[Proxied]:
    """Serve as a proxy; `scheme` is socks5 or http."""
    seen = Proxied()
    speak = {"socks5": _socks5, "http": _http}[scheme]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await speak(seen, reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        seen.port = server.sockets[0].getsockname()[1]
        yield seen
