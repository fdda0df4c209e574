"""The paper venue's own append-only file: every order, fill and end is written here before it is answered, and read on
restart.

One JSON line each; a torn last line is dropped. What was answered but not yet journalled by the engine is therefore
never lost: the engine asks the venue, and the venue looks here.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import msgspec

from engine.model.commands import Place
from engine.model.errors import InputError, ResourceError
from engine.model.events import GoneReason, Side


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """The account was opened with this cash: the file's first row, whatever later configs say."""

    ts_ns: int
    cash_u6: int


class Taken(msgspec.Struct, frozen=True, tag="order"):
    """An order reached the venue."""

    ts_ns: int
    place: Place
    remote_id: str


class Resting(msgspec.Struct, frozen=True, tag="resting"):
    """It rests in the book from here on."""

    ts_ns: int
    order: str


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It was refused."""

    ts_ns: int
    order: str
    code: str


class Filled(msgspec.Struct, frozen=True, tag="fill"):
    """It was filled, in part or whole."""

    ts_ns: int
    order: str
    trade_id: str
    asset: int
    side: Side
    price_e4: int
    size_u6: int
    fee_u6: int
    maker: bool


class Ended(msgspec.Struct, frozen=True, tag="end"):
    """It no longer rests."""

    ts_ns: int
    order: str
    reason: GoneReason


class Settled(msgspec.Struct, frozen=True, tag="settled"):
    """A token was resolved: its shares became `payout_u6` of cash."""

    ts_ns: int
    asset: int
    payout_u6: int


Row = Opened | Taken | Resting | Refused | Filled | Ended | Settled


class Ledger(Protocol):
    """Where the paper venue writes what it has done."""

    def write(self, row: Row) -> None:
        """Keep a row; it is with the operating system when this returns."""
        ...


class NoLedger:
    """Keeps nothing: for simulations, which are repeated instead of resumed."""

    def write(self, row: Row) -> None:
        """Forget the row."""


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Row)


class FileLedger:
    """The append-only file."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; a torn last line of an earlier run is cut off."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        if path.exists():
            data = path.read_bytes()
            if data and not data.endswith(b"\n"):
                os.truncate(path, data.rfind(b"\n") + 1)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, row: Row) -> None:
        """Append one line. Raises ResourceError when the disk does not take it, and from then on always."""
        line = memoryview(_ENCODER.encode(row) + b"\n")
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            self._let_go()  # nothing may be written behind half a line
            raise ResourceError(f"expected to write {self.path}: {error}") from error

    def rows(self) -> Iterator[Row]:
        """Yield what was written so far. Raises InputError for a line that is not ours."""
        for number, line in enumerate(self.path.read_bytes().splitlines(), 1):
            try:
                yield _DECODER.decode(line)
            except msgspec.DecodeError as error:
                raise InputError(f"{self.path}:{number} is not a row of the paper venue: {error}") from error

    def close(self) -> None:
        """Bring the file to the disk and close it; a second call does nothing."""
        if self._file >= 0:
            os.fsync(self._file)
        self._let_go()

    def _let_go(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)
