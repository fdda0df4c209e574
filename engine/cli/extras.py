"""Verbs that need more than the core say which extra is missing, instead of failing with an import."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.model.errors import ResourceError


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Turn a missing package into the command that installs it; imports of the extra stand in the block."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ResourceError(
            f"expected the package {error.name}, it is not installed; run: "
            f".venv/bin/pip install -c .ci/constraints.txt -e '.[{extra}]'"
        ) from error
