"""Handlers that the server's tests are served by."""

from engine.exchange.server.websocket import WebSocketConnection


class Echo:
    """Says every text again and writes down what it hears."""

    def __init__(self) -> None:
        self.open: list[WebSocketConnection] = []
        self.heard: list[str] = []

    def on_open(self, connection: WebSocketConnection) -> None:
        self.open.append(connection)

    def on_text(self, connection: WebSocketConnection, text: str) -> None:
        self.heard.append(text)
        if text == "fail":
            raise RuntimeError("a bug")
        connection.send_text(text)

    def on_pong(self, connection: WebSocketConnection) -> None:
        self.heard.append("pong")

    def on_close(self, connection: WebSocketConnection) -> None:
        self.open.remove(connection)
