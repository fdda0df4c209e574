"""What differs between the configurations of two runs, by whether it changes decisions or only bounds them."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson

LOGIC: Final = frozenset({"entry_exit", "time_windows", "late_mode", "position_control", "micro_tuning"})
SAFETY: Final = frozenset({"guards", "risk", "execution"})


class ConfigDifference(NamedTuple):
    """One key with the value of either side, as JSON; `kind` = logic, safety or surroundings."""

    kind: str
    key: str
    live: str
    dry: str


def config_differences(live: bytes, dry: bytes) -> list[ConfigDifference]:
    """Return what differs between two configs as journals hold them (JSON, secrets masked): logic, then safety."""
    sides = (dict(_flat(orjson.loads(live))), dict(_flat(orjson.loads(dry))))
    found = [
        ConfigDifference(_kind(key), key, sides[0].get(key, "-"), sides[1].get(key, "-"))
        for key in dict.fromkeys([*sides[0], *sides[1]])
        if sides[0].get(key) != sides[1].get(key)
    ]
    return sorted(found, key=lambda one: (("logic", "safety", "surroundings").index(one.kind), one.key))


def _flat(sections: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for section, values in sections.items():
        for key, value in values.items():
            yield f"{section}.{key}", orjson.dumps(value).decode()


def _kind(key: str) -> str:
    section = key.partition(".")[0]
    return "logic" if section in LOGIC else "safety" if section in SAFETY else "surroundings"
