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

    def shown(self, section: str, key: str) -> Any:
        """Return one value as it may be shown: in its own unit, secrets masked."""
        return SCHEMA[section][key].kind.show(self._sections[section][key])

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
        raw = json.loads(data, parse_float=Decimal, object_pairs_hook=_Object)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise InputError(f"{source} is not JSON that can be read: {type(error).__name__}: {error}") from error
    if not isinstance(raw, dict):
        raise InputError(
            f"{source}: expected an object with the sections {', '.join(SCHEMA)}, was {type(raw).__name__}"
        )
    problems += [f"{name}: unknown section, expected one of {', '.join(SCHEMA)}" for name in raw if name not in SCHEMA]
    problems += _twice("", raw)
    sections = {name: _section(name, raw.get(name, {}), problems) for name in SCHEMA}
    if not problems:
        problems = cross_checks(sections)
    if problems:
        raise _problems_error(source, problems)
    return Config(sections, source)


def _problems_error(source: str, problems: list[str]) -> InputError:
    text = f"{source}: {len(problems)} problem(s)\n" + "\n".join(f"  {problem}" for problem in problems)
    return InputError(text.encode("utf-8", "backslashreplace").decode())


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys stood in it more than once, and what they said first."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.earlier: list[tuple[str, Any]] = []
        for key, value in pairs:
            if key in self:
                self.earlier.append((key, self[key]))
            self[key] = value


def _twice(path: str, value: Any) -> list[str]:
    """Return a problem for each key that stands twice in an object of the file."""
    if isinstance(value, list):
        return [problem for item in value for problem in _twice(path, item)]
    if not isinstance(value, _Object):
        return []
    problems = []
    for key, first in value.earlier:
        secret = bool(_SECRET_NAMES & set(path.split(".")))
        said = "" if secret else f", first {_shown(key, first)}, then {_shown(key, value[key])}"
        problems.append(f"{path}{key}: stands twice in one object{said}")
    for key, item in value.items():
        problems += _twice(f"{path}{key}.", item)
    return problems


_SECRET_NAMES: Final = frozenset(key for keys in SCHEMA.values() for key, entry in keys.items() if entry.kind is SECRET)


def _shown(key: str, value: Any) -> str:
    """Return a value for a message, secrets masked."""
    if key in _SECRET_NAMES:
        return mask(value)
    if key in SCHEMA:
        return "an object" if isinstance(value, dict) else type(value).__name__  # a secret may stand in it
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
