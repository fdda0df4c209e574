import asyncio
import contextvars

from hypothesis import given
from hypothesis import strategies as st

from engine.lab.virtual.loop import VirtualLoop
from engine.lab.virtual.pipe import EOF_MARK, Manner, Piece, Pipe


def deliveries(writes: list[bytes], manner: Manner, seed: str) -> tuple[list[Piece], str]:
    """Return what arrives of writes that are 1 ms apart, and the digest."""
    loop, arrived = VirtualLoop(), list[Piece]()

    async def work() -> str:
        pipe = Pipe(loop, manner, seed, arrived.append, lambda: None, contextvars.copy_context())
        for data in writes:
            pipe.send(data)
            await asyncio.sleep(0.001)
        pipe.send(EOF_MARK)
        pipe.reset()
        pipe.send(b"never")
        await asyncio.sleep(1)
        assert pipe.under_way_bytes == 0
        return pipe.digest.hexdigest()

    return arrived, loop.run(work())


@given(
    st.lists(st.binary(min_size=1, max_size=50), max_size=20),
    st.integers(0, 3_000),
    st.integers(0, 9_000),
    st.integers(1, 3),
    st.text(max_size=3),
)
def test_everything_arrives_once_and_in_order_then_the_end_then_the_reset(
    writes: list[bytes], delay_us: int, jitter_us: int, split_every: int, seed: str
) -> None:
    arrived, _ = deliveries(writes, Manner(delay_us, jitter_us, split_every), seed)
    assert arrived[-2:] == [EOF_MARK, None]
    assert b"".join(piece or b"" for piece in arrived[:-2]) == b"".join(writes)
    assert all(arrived[:-2])


def test_every_write_can_come_in_pieces_and_a_seed_says_which() -> None:
    manner = Manner(split_every=1)
    first, digest = deliveries([b"0123456789"] * 5, manner, "a")
    assert len(first) > 5 + 2
    assert (first, digest) == deliveries([b"0123456789"] * 5, manner, "a")
    other, same = deliveries([b"0123456789"] * 5, manner, "b")
    assert other != first
    assert same == digest  # what was written is the same


def test_what_is_held_arrives_after_the_release() -> None:
    loop, arrived = VirtualLoop(), list[tuple[float, Piece]]()

    async def work() -> None:
        context = contextvars.copy_context()
        pipe = Pipe(
            loop,
            Manner(1_000, 0, 100),
            "",
            lambda piece: arrived.append((loop.time(), piece)),
            lambda: None,
            context,
        )
        pipe.send(b"one")
        pipe.hold()
        await asyncio.sleep(5)
        pipe.send(b"two")
        await asyncio.sleep(5)
        assert pipe.under_way_bytes == 6
        pipe.release()
        await asyncio.sleep(1)
        pipe.send(b"three")
        pipe.break_off()
        await asyncio.sleep(1)

    loop.run(work())
    assert [piece for _, piece in arrived] == [b"one", b"two"]
    assert arrived[0][0] >= 10
