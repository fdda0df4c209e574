"""The user channel's connection: kept up, pinged, followed by a word whenever it was away, so that nothing is missed.

Facts (protocol.md 6, 5; 2026-11-21): the first frame carries the raw credentials and is not answered; text PING every
10 s is answered with PONG; there is no snapshot and no replay, so after each connection everything is read over REST.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, cast

import orjson
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from engine.execution.polymarket.dialling import Address, Dial
from engine.venue.credentials import ApiCredentials

PING_EVERY_S: Final = 10.0
STALE_AFTER_S: Final = 30.0
"""Without a PONG for this long the line is dead (protocol.md 5)."""
FIRST_RETRY_S: Final = 0.25
LONGEST_RETRY_S: Final = 5.0
HANDSHAKE_TIMEOUT_S: Final = 5.0
FRAME_BYTES_MAX: Final = 4 << 20
_NO_LOG: Final = logging.Logger("no log", logging.CRITICAL)
"""For the library: it would log frames at level DEBUG, and the first one has the credentials in it."""


class UserStream:
    """Delivers the text frames of the user channel; `on_state` hears (is up, why) whenever that changes."""

    def __init__(
        self,
        dial: Dial,
        address: Address,
        credentials: ApiCredentials,
        on_frame: Callable[[bytes], None],
        on_state: Callable[[bool, str], None],
    ) -> None:
        self._dial = dial
        self._address = address
        self._hello = orjson.dumps(
            {
                "type": "user",
                "auth": {
                    "apiKey": credentials.key,
                    "secret": credentials.secret,
                    "passphrase": credentials.passphrase,
                },
            }
        )
        self.on_frame = on_frame
        self._on_state = on_state
        self.task: asyncio.Task[None] | None = None
        self._told: bool | None = None
        self.connections = 0

    def open(self) -> None:
        """Begin to connect; it stays connected from now on."""
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Disconnect for good."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        loop, retry_s = asyncio.get_running_loop(), FIRST_RETRY_S
        while True:
            line, begun_s = None, loop.time()
            try:
                _, line = await self._dial(lambda: _Line(self._address, self.on_frame), self._address)
                async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                    await line.upgraded
                line.send(self._hello)
                self.connections += 1
                if await self._answers(line):
                    self._tell(True, "")
                why = await self._keep(line)
            except (OSError, TimeoutError) as error:
                why = str(error) or type(error).__name__
            finally:
                if line is not None:
                    line.abort()
            self._tell(False, why)
            if loop.time() - begun_s > PING_EVERY_S:
                retry_s = FIRST_RETRY_S  # a venue that ends every connection at once is not stormed
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, LONGEST_RETRY_S)

    def _tell(self, is_up: bool, why: str) -> None:
        if is_up is not self._told:
            self._told = is_up
            self._on_state(is_up, why)

    async def _answers(self, line: "_Line") -> bool:
        """Whether the venue talks to us after the credentials: it closes the connection where it does not take them,
        and until then nothing of ours can be believed to be told.
        """
        line.send(b"PING")
        await asyncio.wait((line.answered, line.ended), timeout=STALE_AFTER_S, return_when=asyncio.FIRST_COMPLETED)
        return line.answered.done() and not line.ended.done()

    async def _keep(self, line: "_Line") -> str:
        """Ping until the line ends or is silent for too long; return why it is over."""
        loop = asyncio.get_running_loop()
        while True:
            done, _ = await asyncio.wait((line.ended,), timeout=PING_EVERY_S)
            if done:
                return line.ended.result()
            if loop.time() - line.heard_s > STALE_AFTER_S:
                return f"no PONG for {STALE_AFTER_S:g} s"
            line.send(b"PING")


class _Line(asyncio.Protocol):
    """One WebSocket connection over any transport."""

    def __init__(self, address: Address, on_frame: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        scheme = "wss" if address.tls else "ws"
        uri = parse_uri(f"{scheme}://{address.authority}{address.path}")
        self._protocol = ClientProtocol(uri, max_size=FRAME_BYTES_MAX, logger=_NO_LOG)
        self._on_frame = on_frame
        self._transport: asyncio.Transport | None = None
        self._pieces = bytearray()
        self.upgraded: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()
        self.answered: asyncio.Future[None] = loop.create_future()  # the first message after the upgrade
        self.heard_s = loop.time()

    def send(self, text: bytes) -> None:
        """Send one text message; ignored when the connection is over."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(text)
            self._flush()

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()
        self._end("closed by us")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Read on; whole messages are delivered."""
        self.heard_s = asyncio.get_running_loop().time()
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._frame(event)
            elif self._protocol.handshake_exc is not None:
                self._end(f"the upgrade was refused: {self._protocol.handshake_exc}")
            elif not self.upgraded.done():
                self.upgraded.set_result(None)
        self._flush()
        if self._protocol.close_expected():
            self._end("the venue closed the connection")

    def eof_received(self) -> bool:
        """Let the transport close."""
        self._protocol.receive_eof()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that it is over."""
        self._end(f"the connection ended: {exc}" if exc else "the connection ended")

    def _frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._pieces += frame.data
            if frame.fin:
                message, self._pieces = bytes(self._pieces), bytearray()
                if not self.answered.done():
                    self.answered.set_result(None)
                self._on_frame(message)

    def _flush(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)

    def _end(self, why: str) -> None:
        if not self.upgraded.done():
            self.upgraded.set_exception(ConnectionError(why))
            self.upgraded.exception()  # nobody may be waiting for it any more
        if not self.ended.done():
            self.ended.set_result(why)
