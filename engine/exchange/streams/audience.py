"""Who listens to what: the index that makes sending a frame to its listeners cheap."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Member = TypeVar("Member")


class Audience(Generic[Key, Member]):
    """Members by what they listen to, in the order in which they joined, so that two runs send in the same order."""

    def __init__(self) -> None:
        self._members: dict[Key, dict[Member, None]] = {}

    def join(self, key: Key, member: Member) -> None:
        """Let a member listen to something; again changes nothing."""
        self._members.setdefault(key, {})[member] = None

    def leave(self, key: Key, member: Member) -> None:
        """Let a member listen to something no more; one that does not listen is ignored."""
        members = self._members.get(key, {})
        if member in members:
            del members[member]
            if not members:
                del self._members[key]

    def of(self, key: Key) -> tuple[Member, ...]:
        """Return who listens to one thing."""
        return tuple(self._members.get(key, ()))

    def of_any(self, keys: Sequence[Key]) -> Iterator[Member]:
        """Yield who listens to any of these, each once. Nobody may join or leave before the end."""
        seen: list[dict[Member, None]] = []
        for key in keys:
            members = self._members.get(key)
            if members is None:
                continue
            if not seen:
                yield from members
            else:
                yield from (member for member in members if not any(member in earlier for earlier in seen))
            seen.append(members)
