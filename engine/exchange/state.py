"""The state file: accounts, orders and positions of the exchange over a restart, as one versioned JSON document.

It holds API secrets as well, in the server's part: only its owner may read it.
"""

import os
from pathlib import Path
from typing import Any, Final

import msgspec

from engine.exchange.core.exchange import Exchange
from engine.exchange.core.snapshot import Snapshot, capture, restore
from engine.model.errors import InputError

FORMAT: Final = "bucketmm exchange state"
VERSION: Final = 1


class _Head(msgspec.Struct, frozen=True):
    """What is read first, so that a file of another version is called that."""

    format: str
    version: int


class _StateFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    version: int
    exchange: Snapshot
    server: dict[str, Any]


def encode_state(exchange: Exchange, server: dict[str, Any]) -> bytes:
    """Return the file's content for an exchange that was stopped; `server` is kept as it is, JSON values alone."""
    return msgspec.json.encode(_StateFile(FORMAT, VERSION, capture(exchange), server)) + b"\n"


def decode_state(data: bytes, where: str, exchange: Exchange) -> dict[str, Any]:
    """Put a file's content into a new exchange and return the server's part.

    Raises InputError, naming `where`, when it is no state of this version or does not add up.
    """
    try:
        head = msgspec.json.decode(data, type=_Head)
        if (head.format, head.version) != (FORMAT, VERSION):
            raise ValueError(f"expected {FORMAT} {VERSION}, was {head.format} {head.version}")
        state = msgspec.json.decode(data, type=_StateFile)
        restore(exchange, state.exchange)
    except ValueError as error:  # msgspec's are ValueErrors too
        raise InputError(f"{where}: expected the exchange's saved state: {error}") from None
    return state.server


def save_state(path: Path, exchange: Exchange, server: dict[str, Any]) -> None:
    """Write the state of a stopped exchange in one step: a reader, or a crash, finds the old file or the new one.

    Raises InputError when the file cannot be written.
    """
    data = encode_state(exchange, server)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot write the exchange's state: {error.strerror}") from None


def check_writable(path: Path) -> None:
    """Raise InputError when a state could not be written there at the end: better now than after a day of trading."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = path.with_name(f".{path.name}.{os.getpid()}")
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600))
        probe.unlink()
    except OSError as error:
        raise InputError(f"{path}: cannot write the exchange's state: {error.strerror}") from None


def load_state(path: Path, exchange: Exchange) -> dict[str, Any] | None:
    """Put a saved state into a new exchange and return the server's part; None when there is no such file.

    Raises InputError when the file cannot be read or is no good.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot read the exchange's state: {error.strerror}") from None
    return decode_state(data, str(path), exchange)
