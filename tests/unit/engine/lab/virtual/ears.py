"""A protocol that keeps what it hears."""

import asyncio
from typing import cast

from engine.lab.virtual.loop import VirtualLoop

ADDRESS = ("venue.test", 80)


class Ear(asyncio.Protocol):
    """Keeps bytes, and in `heard` what else happens, in order."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.pieces: list[bytes] = []
        self.heard: list[str] = []
        self.keeps_open = False

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.heard.append("made")

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)

    def eof_received(self) -> bool:
        self.heard.append("eof")
        return self.keeps_open

    def connection_lost(self, exc: Exception | None) -> None:
        self.heard.append(f"lost {type(exc).__name__}" if exc else "lost")

    def pause_writing(self) -> None:
        self.heard.append("pause")

    def resume_writing(self) -> None:
        self.heard.append("resume")


async def connected(loop: VirtualLoop) -> tuple[Ear, Ear]:
    """Return a client's and a server's end."""
    accepted: list[Ear] = []

    def accept() -> Ear:
        accepted.append(Ear())
        return accepted[-1]

    loop.network.listen(ADDRESS, accept)
    _, client = await loop.network.dial(Ear, *ADDRESS)
    await asyncio.sleep(0)
    return client, accepted[-1]
