"""Measures the transports behind the port, over loopback: what a message costs in a burst, and from send to callback.

The sender is a process of its own; it writes bursts of ready-made WebSocket frames in one piece, and single messages
with the time of sending inside. Both transports meet the same sender, one after the other, in the same run.
"""

import asyncio
import multiprocessing
import multiprocessing.connection
import signal
import time
from typing import Any, Final

import numpy as np
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from feeder.transport import Connect, Frame
from feeder.transports import TRANSPORTS

BURST_MESSAGES: Final = 2_000
BURSTS: Final = 10
SINGLES: Final = 1_000
SINGLE_EVERY_S: Final = 0.001
PAYLOAD_BYTES: Final = 480
"""About a price_change of two tokens."""


class _Sender(WSListener):
    """Answers BURST with a burst and SINGLES with single stamped messages."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.get_payload_as_bytes() == b"BURST":
            transport.underlying_transport.write(_wire(b"x" * PAYLOAD_BYTES) * BURST_MESSAGES)
        else:
            self._task = asyncio.ensure_future(_send_singles(transport))


async def _send_singles(transport: WSTransport) -> None:
    for _ in range(SINGLES):
        stamp = b"%d" % time.monotonic_ns()
        transport.send(WSMsgType.TEXT, stamp.rjust(PAYLOAD_BYTES, b"0"))
        await asyncio.sleep(SINGLE_EVERY_S)


def _wire(payload: bytes) -> bytes:
    """Return an unmasked text frame of 126 to 65,535 bytes."""
    assert 126 <= len(payload) < 65_536, f"expected a frame with a 16-bit length, was {len(payload)}"
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


def _serve(pipe: "multiprocessing.connection.Connection[int, None]") -> None:
    """Run the sender until it is told to end through the pipe; Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def serve() -> None:
        server = await ws_create_server(_make_sender, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, pipe.poll, None)
        server.close()

    uvloop.run(serve())


def _make_sender(_request: WSUpgradeRequest) -> WSListener:
    return _Sender()


class _Counter:
    """Counts what arrives, and how old the stamped messages are."""

    def __init__(self) -> None:
        self.frames = 0
        self.ages_ns: list[int] = []
        self.target = 0
        self.done = asyncio.Event()
        self.stamped = False

    def expect(self, frames: int, *, stamped: bool) -> None:
        self.target = self.frames + frames
        self.stamped = stamped
        self.done.clear()

    def on_frame(self, frame: Frame) -> None:
        if self.stamped:
            self.ages_ns.append(time.monotonic_ns() - int(bytes(frame)))
        self.frames += 1
        if self.frames == self.target:
            self.done.set()

    def on_closed(self, reason: str) -> None:
        self.done.set()


async def _measure(connect: Connect, port: int) -> dict[str, float]:
    counter = _Counter()
    connection = await connect(f"ws://127.0.0.1:{port}/", counter)
    bursts = []
    for _ in range(BURSTS):
        counter.expect(BURST_MESSAGES, stamped=False)
        started_s = time.process_time()
        connection.send(b"BURST")
        await counter.done.wait()
        bursts.append((time.process_time() - started_s) / BURST_MESSAGES * 1e6)
    counter.expect(SINGLES, stamped=True)
    connection.send(b"SINGLES")
    await counter.done.wait()
    await connection.close()
    assert len(counter.ages_ns) == SINGLES, f"expected {SINGLES} stamped messages, was {len(counter.ages_ns)}"
    p50_ns, p99_ns = np.percentile(counter.ages_ns, [50, 99])
    return {
        "burst_us_per_message": float(np.median(bursts)),
        "send_to_callback_us_p50": float(p50_ns) / 1e3,
        "send_to_callback_us_p99": float(p99_ns) / 1e3,
    }


def run() -> dict[str, Any]:
    """Measure every transport; the result maps its name to its numbers."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    sender = spawn.Process(target=_serve, args=(theirs,), daemon=True)
    sender.start()
    try:
        port = ours.recv()
        return {name: uvloop.run(_measure(connect, port)) for name, connect in TRANSPORTS.items()}
    finally:
        ours.send(None)
        sender.join(10)
