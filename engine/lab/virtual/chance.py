"""Lets the dice of libraries follow a seed while a run lasts: keys and masks of WebSockets, payloads of pings.

Our own code draws nothing but from seeds that it is given; what libraries draw changes no decision, but the bytes on
the wire, and those have to be the same in two runs.
"""

import contextlib
import random
import secrets
from collections.abc import Iterator


@contextlib.contextmanager
def seeded_libraries(seed: str) -> Iterator[None]:
    """Let `random` and `secrets.token_bytes` follow a seed inside; not for what has to be a secret."""
    drawn = random.Random(seed)
    before, state = secrets.token_bytes, random.getstate()

    def token_bytes(nbytes: int | None = None) -> bytes:
        return drawn.randbytes(32 if nbytes is None else nbytes)

    secrets.token_bytes = token_bytes
    random.seed(seed)
    try:
        yield
    finally:
        secrets.token_bytes = before
        random.setstate(state)
