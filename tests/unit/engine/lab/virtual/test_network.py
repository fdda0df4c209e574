import asyncio

import pytest

from engine.lab.virtual.loop import VirtualLoop
from tests.unit.engine.lab.virtual.ears import ADDRESS, Ear, connected


def test_nobody_there_is_a_refusal() -> None:
    loop = VirtualLoop()
    with pytest.raises(ConnectionRefusedError, match=r"nobody listens on venue\.test:80"):
        loop.run(loop.network.dial(Ear, *ADDRESS))


def test_who_stops_listening_refuses() -> None:
    loop = VirtualLoop()

    async def work() -> None:
        await connected(loop)
        loop.network.shut(ADDRESS)
        await loop.network.dial(Ear, *ADDRESS)

    with pytest.raises(ConnectionRefusedError):
        loop.run(work())


def test_asyncio_s_own_call_connects_in_memory() -> None:
    loop = VirtualLoop()

    async def work() -> None:
        client, server = await connected(loop)
        del client
        _, other = await loop.create_connection(Ear, *ADDRESS, happy_eyeballs_delay=1)
        other.transport.write(b"hello")
        await asyncio.sleep(1)
        assert server.data == b""

    loop.run(work())


def test_a_cut_loses_nothing_and_lets_nothing_through() -> None:
    loop = VirtualLoop()

    async def work() -> None:
        client, server = await connected(loop)
        heal = loop.network.cut(lambda address: address == ADDRESS)
        client.transport.write(b"to the server")
        server.transport.write(b"to the client")
        dialling = asyncio.create_task(loop.network.dial(Ear, *ADDRESS))
        await asyncio.sleep(30)
        assert (client.data, server.data, dialling.done()) == (b"", b"", False)
        heal()
        await asyncio.sleep(1)
        assert (client.data, server.data, dialling.done()) == (b"to the client", b"to the server", True)
        assert client.heard == server.heard == ["made"]

    loop.run(work())


def test_of_two_cuts_the_last_one_that_ends_heals() -> None:
    loop = VirtualLoop()

    async def work() -> None:
        client, server = await connected(loop)
        heals = [loop.network.cut(lambda address: address == ADDRESS) for _ in range(2)]
        client.transport.write(b"1")
        for heal in heals:
            assert server.data == b""
            heal()
            await asyncio.sleep(1)
        assert server.data == b"1"

    loop.run(work())


def test_a_reset_reaches_both_ends() -> None:
    loop = VirtualLoop()

    async def work() -> None:
        client, server = await connected(loop)
        assert loop.network.reset(lambda address: address == ("other", 1)) == 0
        assert loop.network.reset(lambda address: address == ADDRESS) == 2
        await asyncio.sleep(1)
        assert client.heard == server.heard == ["made", "lost ConnectionResetError"]

    loop.run(work())


@pytest.mark.parametrize("power_off", [False, True])
def test_a_killed_partys_connections_end_unless_its_power_is_off(power_off: bool) -> None:
    loop = VirtualLoop()

    async def work() -> None:
        _, _ = await connected(loop)
        party, accepted = loop.party("client"), list[Ear]()

        def accept() -> Ear:
            accepted.append(Ear())
            return accepted[-1]

        loop.network.listen(ADDRESS, accept)
        with party.acting():
            dialling = asyncio.create_task(loop.network.dial(Ear, *ADDRESS))
        await asyncio.sleep(0.01)
        _, client = dialling.result()
        client.transport.write(b"the last word")
        loop.kill(party, power_off=power_off)
        accepted[0].transport.write(b"nobody there")
        await asyncio.sleep(1)
        assert client.heard == ["made"]
        assert client.data == b""
        if power_off:
            assert accepted[0].heard == ["made"]
            assert accepted[0].data == b""
        else:
            assert accepted[0].heard == ["made", "eof", "lost"]
            assert accepted[0].data == b"the last word"

    loop.run(work())


def test_the_digest_names_what_was_written_and_when() -> None:
    def digest(text: bytes, delay_s: float) -> str:
        loop = VirtualLoop()

        async def work() -> None:
            client, _ = await connected(loop)
            await asyncio.sleep(delay_s)
            client.transport.write(text)

        loop.run(work())
        return loop.network.digest()

    assert digest(b"a", 1) == digest(b"a", 1)
    assert len({digest(b"a", 1), digest(b"b", 1), digest(b"a", 2)}) == 3
