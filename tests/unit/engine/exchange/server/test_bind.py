import socket

import pytest

from engine.exchange.server.bind import listening_socket, loopback_address
from engine.model.errors import InputError, ResourceError


@pytest.mark.parametrize(
    ("host", "address"),
    [("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("127.9.9.9", "127.9.9.9"), ("::1", "::1")],
)
def test_the_loopback_is_allowed(host: str, address: str) -> None:
    assert loopback_address(host) == address


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.7", "10.0.0.1", "8.8.8.8", "fe80::1", "::ffff:127.0.0.1", "exchange.local",
     "localhost.", "127.1", "0", "", " 127.0.0.1", "clob.polymarket.com"],
)  # fmt: skip
def test_everything_else_is_refused(host: str) -> None:
    with pytest.raises(InputError, match=r"expected localhost, 127\.0\.0\.1 or ::1"):
        loopback_address(host)
    with pytest.raises(InputError):
        listening_socket(host)


def test_a_public_address_needs_the_flag() -> None:
    with listening_socket("0.0.0.0", allow_public=True) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


def test_a_free_port_is_picked_and_a_taken_one_is_an_error() -> None:
    with listening_socket() as listener:
        host, port = listener.getsockname()
        assert (host, port > 0) == ("127.0.0.1", True)
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        with pytest.raises(ResourceError, match=f"cannot listen on 127.0.0.1 port {port}: "):
            listening_socket(port=port)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_is_a_port(port: int) -> None:
    with pytest.raises(InputError, match="expected a port"):
        listening_socket(port=port)
