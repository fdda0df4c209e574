"""What one connection has subscribed, wants to subscribe, and is waiting for: frames to send, by the clock it
is given.

Facts (protocol.md 5, 2026-11-21): a snapshot follows a subscription by about 155 ms; an asset that is active
already gets none, so it is unsubscribed first.
"""

from collections.abc import Iterable
from typing import ClassVar

from engine.model.units import NS_PER_S
from engine.venue import market_channel as wire


class Subscription:
    """The asset list of one connection; every asset is asked for once and, in a resync, taken out before it
    is added."""

    SNAPSHOT_WAIT_S: ClassVar = 5
    RESYNC_EVERY_S: ClassVar = 2
    """A book that disagrees again at once is not asked for more often than this."""

    def __init__(self) -> None:
        self._wanted: dict[str, None] = {}
        self._active: set[str] = set()
        self._awaited_since_ns: dict[str, int] = {}
        self._resync_due_ns: dict[str, int] = {}
        self._resynced_ns: dict[str, int] = {}
        self._first_sent = False

    def add(self, token_ids: Iterable[str]) -> None:
        """Want assets."""
        self._wanted.update(dict.fromkeys(token_ids))

    def remove(self, token_ids: Iterable[str]) -> None:
        """Want assets no more."""
        for token_id in token_ids:
            self._wanted.pop(token_id, None)
            for table in (self._awaited_since_ns, self._resync_due_ns, self._resynced_ns):
                table.pop(token_id, None)

    def restart(self) -> None:
        """Forget what the last connection had: the next frame is a first frame again."""
        self._active.clear()
        self._awaited_since_ns.clear()
        self._resync_due_ns.clear()
        self._first_sent = False

    def resync(self, token_id: str, now_ns: int) -> None:
        """Ask for a new snapshot of an asset, now or as soon as it may be asked for again."""
        asked_ns = self._resynced_ns.get(token_id)
        earliest_ns = now_ns if asked_ns is None else max(now_ns, asked_ns + self.RESYNC_EVERY_S * NS_PER_S)
        self._resync_due_ns.setdefault(token_id, earliest_ns)
        self._awaited_since_ns.pop(token_id, None)

    @property
    def has_work(self) -> bool:
        """Whether a resync is due or an asset has joined or left."""
        return bool(self._resync_due_ns) or self._active != self._wanted.keys()

    def snapshot_came(self, token_id: str) -> None:
        """Note the snapshot that was waited for."""
        self._awaited_since_ns.pop(token_id, None)
        self._resync_due_ns.pop(token_id, None)

    def frames_to_send(self, now_ns: int) -> tuple[list[bytes], list[str]]:
        """Return the frames that are due, and the assets whose snapshot is overdue."""
        due = [token_id for token_id, due_ns in self._resync_due_ns.items() if due_ns <= now_ns]
        for token_id in due:
            del self._resync_due_ns[token_id]
            self._resynced_ns[token_id] = now_ns
        leaving = (self._active - self._wanted.keys()) | (self._active & set(due))
        self._active -= leaving
        joining = self._wanted.keys() - self._active
        frames = [wire.unsubscribe_frame(leaving)] if leaving else []
        if joining:
            frames.append(wire.subscribe_frame(joining) if self._first_sent else wire.first_frame(joining))
            self._first_sent = True
            self._active |= joining
            self._awaited_since_ns.update(dict.fromkeys(joining, now_ns))
        return frames, self._overdue(now_ns)

    def _overdue(self, now_ns: int) -> list[str]:
        limit_ns = now_ns - self.SNAPSHOT_WAIT_S * NS_PER_S
        return sorted(token_id for token_id, since_ns in self._awaited_since_ns.items() if since_ns <= limit_ns)
