"""Loads config.json: every problem is found and reported together, with the key's path, its value and
what is allowed.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson

from engine.config.cross import cross_checks
from engine.config.kinds import SECRET
from engine.config.schema import SCHEMA
from engine.config.secrets import mask
from engine.model.errors import InputError


class Config:
    """A loaded config: `config["section"]["KEY"]` in the unit of the key's kind; immutable."""

    __slots__ = ("_sections", "source")

    def __init__(self, sections: Mapping[str, Mapping[str, Any]], source: str) -> None:
        self._sections: Mapping[str, Mapping[str, Any]] = MappingProxyType(
            {name: MappingProxyType(dict(values)) for name, values in sections.items()}
        )
        self.source = source

    def __getitem__(self, section: str) -> Mapping[str, Any]:
        return self._sections[section]

    def replaced(self, changes: Mapping[str, Mapping[str, Any]]) -> "Config":
        """Return a config with some values changed; they are in the unit of their kind. Raises
        InputError as load does.
        """
        sections = {name: dict(values) for name, values in self._sections.items()}
        for name, values in changes.items():
            assert all(key in SCHEMA[name] for key in values), (name, values)
            sections[name].update(values)
        problems = cross_checks(sections)
        if problems:
            raise _problems_error(self.source, problems)
        return Config(sections, self.source)

    def to_json(self) -> bytes:
        """Return the whole config as JSON with every default filled in and every secret masked."""
        shown = {
            section: {key: SCHEMA[section][key].kind.show(value) for key, value in values.items()}
            for section, values in self._sections.items()
        }
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2)

    @property
    def hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of `to_json`: one way to play has one hash."""
        return hashlib.sha256(self.to_json()).hexdigest()[:16]


def load_config(path: Path | None) -> Config:
    """Load a config file; None gives the defaults. Raises InputError with all problems, one a line."""
    if path is None:
        return parse_config(b"{}", "defaults")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"expected a config file, {path} could not be read: {error.strerror}") from error
    return parse_config(data, str(path))


def parse_config(data: bytes, source: str) -> Config:
    """Parse and check config bytes. Raises InputError with all problems, one a line."""
    problems: list[str] = []
    try:
        raw = json.loads(data, parse_float=Decimal, object_pairs_hook=lambda pairs: _object(pairs, problems))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{source} is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise InputError(
            f"{source}: expected an object with the sections {', '.join(SCHEMA)}, was {type(raw).__name__}"
        )
    problems += [f"{name}: unknown section, expected one of {', '.join(SCHEMA)}" for name in raw if name not in SCHEMA]
    sections = {name: _section(name, raw.get(name, {}), problems) for name in SCHEMA}
    if not problems:
        problems = cross_checks(sections)
    if problems:
        raise _problems_error(source, problems)
    return Config(sections, source)


def _problems_error(source: str, problems: list[str]) -> InputError:
    return InputError(f"{source}: {len(problems)} problem(s)\n" + "\n".join(f"  {problem}" for problem in problems))


def _object(pairs: list[tuple[str, Any]], problems: list[str]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            problems.append(
                f"{key}: stands twice in one object, first {_shown(key, seen[key])}, then {_shown(key, value)}"
            )
        seen[key] = value
    return seen


_SECRET_NAMES: Final = frozenset(key for keys in SCHEMA.values() for key, entry in keys.items() if entry.kind is SECRET)


def _shown(key: str, value: Any) -> str:
    """Return a value for a message, secrets masked."""
    if key in _SECRET_NAMES:
        return mask(value)
    return str(value) if isinstance(value, Decimal) else json.dumps(value, default=str)


def _section(name: str, raw: Any, problems: list[str]) -> dict[str, Any]:
    keys = SCHEMA[name]
    values = {key: entry.default for key, entry in keys.items()}
    if not isinstance(raw, dict):
        problems.append(f"{name}: expected an object, was {_shown(name, raw)}")
        return values
    for key, value in raw.items():
        entry = keys.get(key)
        if entry is None:
            problems.append(f"{name}.{key}: unknown key, expected one of {', '.join(keys)}")
            continue
        try:
            values[key] = entry.kind.read(value)
        except ValueError as error:
            problems.append(f"{name}.{key}: expected {error}, was {_shown(key, value)}")
    return values
