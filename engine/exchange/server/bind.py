"""Listening sockets on the loopback: any other address is refused unless a flag says that it is meant."""

import ipaddress
import socket
from typing import Final

from engine.model.errors import InputError, ResourceError

LOOPBACK: Final = "127.0.0.1"
BACKLOG: Final = 512
_PORT_MAX: Final = 65_535


def loopback_address(host: str) -> str:
    """Return the address of a loopback host: `localhost`, 127.0.0.0/8 or ::1.

    Raises:
        InputError: It is anything else; other names are not even looked up, since what they mean may change.
    """
    if host == "localhost":
        return LOOPBACK
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise InputError(
            f"expected localhost, 127.0.0.1 or ::1 to listen on, was {host!r}: whoever reaches the local exchange can "
            "trade in every account of it; --allow-public if that is meant"
        )
    return str(address)


def listening_socket(host: str = LOOPBACK, port: int = 0, *, allow_public: bool = False) -> socket.socket:
    """Return a listening socket; port 0 picks a free one.

    Raises:
        InputError: The host is not on the loopback and `allow_public` is not set, or the port is none.
        ResourceError: The address cannot be had.
    """
    if not 0 <= port <= _PORT_MAX:
        raise InputError(f"expected a port from 0 to {_PORT_MAX}, was {port}")
    address = host if allow_public else loopback_address(host)
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ResourceError(f"cannot listen on {address} port {port}: {error.strerror or error}") from error
    return listener
