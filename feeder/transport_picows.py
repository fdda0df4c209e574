"""The market lines' transport: picows, which hands over frames in its own buffer, without a copy or a task
per message."""

from typing import Final

from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from feeder.transport import FRAME_BYTES_MAX, HANDSHAKE_TIMEOUT_S, ConnectError, Connection, FrameListener

PING_WHEN_IDLE_S: Final = 20


class _Listener(WSListener):
    """Joins fragments, drops what is not text, and passes the rest on."""

    def __init__(self, listener: FrameListener) -> None:
        self._listener = listener
        self._fragments = bytearray()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT and frame.fin:
            self._listener.on_frame(frame.get_payload_as_memoryview())
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._fragments += frame.get_payload_as_memoryview()
            if frame.fin:
                whole, self._fragments = bytes(self._fragments), bytearray()
                self._listener.on_frame(whole)
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._listener.on_closed("the connection was closed")


class _Connection:
    def __init__(self, transport: WSTransport) -> None:
        self._transport = transport

    def send(self, frame: bytes) -> None:
        if not self._transport.is_disconnected:
            self._transport.send(WSMsgType.TEXT, frame)

    async def close(self) -> None:
        if not self._transport.is_disconnected:
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()
        await self._transport.wait_disconnected()


async def connect(url: str, listener: FrameListener) -> Connection:
    """Open a WebSocket; raises ConnectError."""
    try:
        transport, _ = await ws_connect(
            lambda: _Listener(listener),
            url,
            websocket_handshake_timeout=HANDSHAKE_TIMEOUT_S,
            enable_auto_ping=True,
            auto_ping_idle_timeout=PING_WHEN_IDLE_S,
            max_frame_size=FRAME_BYTES_MAX,
        )
    except (OSError, WSError, TimeoutError) as error:
        raise ConnectError(f"no connection to {url}: {error or type(error).__name__}") from error
    return _Connection(transport)
