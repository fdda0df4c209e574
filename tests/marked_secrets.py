"""Secrets that no other machine has, for the tests, and a search for them in all the forms that they could leak in.

`python -m tests.marked_secrets FOLDER...` searches what a run of the tests has left; exit status 1 when one is found.
The keys of the exchange's test accounts are public and are not searched for.
"""

import base64
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

PRIVATE_KEY: Final = "0x5ec2e7" + "b7a90f3d" * 7 + "0b"
API_SECRET: Final = base64.urlsafe_b64encode(b"\xfe~marked-api-secret-of-tests~\xff!!").decode()
PASSPHRASE: Final = "marked~passphrase~of~the~tests"
PROXY_PASSWORD: Final = "marked-proxy-password-of-the-tests"
READ_BYTES: Final = 1 << 20


class Marked(NamedTuple):
    """One secret: what it is called, and every form that gives it away."""

    name: str
    forms: tuple[bytes, ...]


def key_forms(text: str) -> tuple[bytes, ...]:
    """Return a private key as digits of either case, as bytes, as base64 and as a whole number."""
    digits = text.removeprefix("0x").lower()
    raw = bytes.fromhex(digits)
    number = int.from_bytes(raw, "big")
    return (
        digits.encode(), digits.upper().encode(), raw, raw[::-1], *_base64(raw), str(number).encode(),
    )  # fmt: skip


def secret_forms(text: str) -> tuple[bytes, ...]:
    """Return an API secret as it stands, with the other alphabet, decoded, and in digits."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return text.rstrip("=").encode(), *_base64(raw), raw, raw.hex().encode(), raw.hex().upper().encode()


def word_forms(text: str) -> tuple[bytes, ...]:
    """Return a passphrase or password as it stands, escaped as JSON has it, as digits and as base64."""
    raw = text.encode()
    return raw, json.dumps(text)[1:-1].encode(), raw.hex().encode(), *_base64(raw)


def _base64(raw: bytes) -> tuple[bytes, ...]:
    return base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"=")


MARKED: Final = (
    Marked("private key", key_forms(PRIVATE_KEY)),
    Marked("API secret", secret_forms(API_SECRET)),
    Marked("passphrase", word_forms(PASSPHRASE)),
    Marked("proxy password", word_forms(PROXY_PASSWORD)),
)


def found_in(data: bytes, marked: Iterable[Marked] = MARKED) -> list[str]:
    """Return the names of the secrets that some bytes give away."""
    return [one.name for one in marked if re.search(b"|".join(map(re.escape, one.forms)), data)]


def search(folders: Iterable[Path], marked: Iterable[Marked] = MARKED) -> Iterator[str]:
    """Yield a line for each file below the folders that has a secret in its bytes or in its name."""
    listed = list(marked)
    longest = max(len(form) for one in listed for form in one.forms)
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            names = set(found_in(str(path).encode(), listed))
            if path.is_file() and not path.is_symlink():
                for piece in _pieces(path, longest):
                    names |= set(found_in(piece, listed))
            yield from (f"{path}: {name}" for name in sorted(names))


def _pieces(path: Path, overlap: int) -> Iterator[bytes]:
    """Yield a file's bytes in pieces that overlap, so that nothing hides on a border."""
    with path.open("rb") as file:
        kept = b""
        while read := file.read(READ_BYTES):
            yield kept + read
            kept = read[-overlap:]


def main(arguments: list[str]) -> int:
    """Search folders; return 1 where a secret is found, 2 where there is no folder to search."""
    missing = [each for each in arguments if not Path(each).is_dir()]
    if missing or not arguments:
        print(f"expected folders to search, missing: {', '.join(missing) or 'all of them'}")
        return 2
    lines = list(search(Path(each) for each in arguments))
    print("\n".join(lines) or "no secret was found")
    return int(bool(lines))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
