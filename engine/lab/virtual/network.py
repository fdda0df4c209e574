"""Connections in memory between whoever listens and whoever dials; cuts, resets and the death of a party.

Each direction has its own dice: when something arrives, and in which pieces, follows from the seed, the address and
how many connections it has had.
"""

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, Final

from engine.lab.virtual.party import PARTY, Party
from engine.lab.virtual.pipe import EOF_MARK, NS_PER_US, Manner, Pipe
from engine.lab.virtual.transport import Address, MemoryTransport
from engine.model.units import NS_PER_S

CLIENT_HOST: Final = "127.0.0.1"
FIRST_CLIENT_PORT: Final = 40_001
Fits = Callable[[Address], bool]


class _Listener:
    def __init__(self, factory: Callable[[], asyncio.BaseProtocol], context: contextvars.Context, party: Party | None):
        self.factory = factory
        self.context = context
        self.party = party


class MemoryNetwork:
    """All connections of one loop. `manner` is that of connections that are made from now on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seed: str, manner: Manner | None = None) -> None:
        self.manner = manner or Manner()
        self.ends: list[MemoryTransport] = []
        """Both ends of every connection that there ever was: the client's, then the server's."""
        self.on_dialled: Callable[[MemoryTransport], None] = lambda transport: None
        """Hears of the client's end of each new connection, before its protocol does."""
        self._loop = loop
        self._seed = seed
        self._listeners: dict[Address, _Listener] = {}
        self._cuts: list[tuple[Fits, asyncio.Event]] = []
        self._dialled: dict[Address, int] = {}

    def listen(self, address: Address, factory: Callable[[], asyncio.BaseProtocol]) -> None:
        """Accept connections to an address, with the caller's context."""
        self._listeners[address] = _Listener(factory, contextvars.copy_context(), PARTY.get())

    def shut(self, address: Address) -> None:
        """Accept no more: who dials is refused."""
        self._listeners.pop(address, None)

    async def dial(self, factory: Callable[[], Any], host: str, port: int) -> tuple[MemoryTransport, Any]:
        """Connect and return the transport and its protocol, when the other side has answered.

        Raises ConnectionRefusedError where nobody listens.
        """
        address = (host, port)
        await self._reach(address)
        await asyncio.sleep(2 * self.manner.delay_us * NS_PER_US / NS_PER_S)
        await self._reach(address)
        listener = self._listeners.get(address)
        if listener is None or (listener.party is not None and listener.party.is_dead):
            raise ConnectionRefusedError(f"nobody listens on {host}:{port}")
        client = self._connect(address, listener)
        self.on_dialled(client)
        protocol = factory()
        client.begin(protocol)
        return client, protocol

    def cut(self, fits: Fits) -> Callable[[], None]:
        """Let nothing pass to and from the addresses that fit; return what ends that."""
        entry = (fits, asyncio.Event())
        self._cuts.append(entry)
        for end in self._of(fits):
            end.out.hold()

        def heal() -> None:
            self._cuts.remove(entry)
            entry[1].set()
            for end in self._of(fits):
                if not self._is_cut(end.address if end.number % 2 == 0 else end.peer.address):
                    end.out.release()

        return heal

    def reset(self, fits: Fits) -> int:
        """Reset the connections to the addresses that fit, both ends; return how many."""
        found = [end for end in self._of(fits) if not end.is_lost]
        for end in found:
            end.out.reset()
        return len(found)

    def drop(self, party: Party, *, power_off: bool = False) -> None:
        """Let the ends of a dead party be: its machine says goodbye for it, unless it has none any more."""
        for end in self.ends:
            if end.party is not party or end.is_lost:
                continue
            end.is_lost = True
            if power_off:
                end.out.break_off()
                end.peer.out.break_off()
            else:
                end.out.send(EOF_MARK)

    def digest(self) -> str:
        """Return what names all that was ever written, in every direction, and when."""
        total = blake2b(digest_size=16)
        for end in self.ends:
            total.update(end.out.digest.digest())
        return total.hexdigest()

    async def _reach(self, address: Address) -> None:
        while (cut := next((event for fits, event in self._cuts if fits(address)), None)) is not None:
            await cut.wait()

    def _connect(self, address: Address, listener: _Listener) -> MemoryTransport:
        number = len(self.ends)
        own = (CLIENT_HOST, FIRST_CLIENT_PORT + number // 2)
        times = self._dialled[address] = self._dialled.get(address, 0) + 1
        seed = f"{self._seed}/{address[0]}:{address[1]}/{times}"
        client = MemoryTransport(self._loop, own, address, number)
        server = listener.context.copy().run(MemoryTransport, self._loop, address, own, number + 1)
        for end, other, name in ((client, server, "up"), (server, client, "down")):
            end.peer = other
            end.out = Pipe(self._loop, self.manner, f"{seed}/{name}", other.arrive, end.taken, other.context)
            self.ends.append(end)
        self._loop.call_soon(lambda: server.begin(listener.factory()), context=server.context)
        return client

    def _is_cut(self, address: Address) -> bool:
        return any(fits(address) for fits, _ in self._cuts)

    def _of(self, fits: Fits) -> Iterator[MemoryTransport]:
        """Yield both ends of the connections to the addresses that fit."""
        for client in self.ends[::2]:
            if fits(client.address):
                yield client
                yield client.peer
