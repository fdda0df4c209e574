"""Secrets by reference: {"$env": NAME} or {"$file": PATH}; a literal key in a readable file is a warning, in live mode
a refusal.
"""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.model.errors import InputError


def mask(value: Any) -> str:
    """Return what may be shown of a secret: whether there is one and where it comes from, never the secret."""
    if value is None:
        return "null"
    return str(value) if is_reference(value) else "***"


def is_reference(value: Any) -> bool:
    """Whether the value says where a secret is, {"$env": NAME} or {"$file": PATH}, instead of being one."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((kind, name),) = value.items()
    return kind in ("$env", "$file") and isinstance(name, str) and bool(name)


def resolve_secret(path: str, value: Any, fallback_name: str, environment: Mapping[str, str]) -> str | None:
    """Return the secret behind a config value, or the environment's `fallback_name` for null; None when there is none.

    Raises InputError, naming the key's path and the reference but never a secret.
    """
    if value is None:
        return environment.get(fallback_name)
    if isinstance(value, str):
        return value
    ((kind, name),) = value.items()
    if kind == "$env":
        if name not in environment:
            raise InputError(f"{path}: expected the environment variable {name}, it is not set")
        return environment[name]
    try:
        return Path(name).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(f"{path}: expected a secret in the file {name}: {error.strerror}") from error


def readable_by_others(path: Path) -> bool:
    """Whether anybody but the owner may read the file."""
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def check_literal_key(config_path: Path, value: Any, *, live: bool) -> str | None:
    """Return a warning for a literal key in a file that others may read, None when all is well.

    Raises InputError in live mode, with the command that mends it.
    """
    if not isinstance(value, str) or not readable_by_others(config_path):
        return None
    text = f"api.PRIVATE_KEY stands in {config_path}, which others may read; run: chmod 600 {config_path}"
    if live:
        raise InputError(text)
    return text
