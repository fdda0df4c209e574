"""Where market data comes from: one small port that the venue's connections, recordings and worlds stand
behind.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from shm.sink import RecordSink


class Source(Protocol):
    """Something that publishes market data into a sink until it is told to stop or has no more."""

    @property
    def name(self) -> str:
        """The source's name as the command line knows it."""
        ...

    async def run(self, sink: RecordSink, stop: asyncio.Event) -> None:
        """Publish records until `stop` is set or the data ends; raise SourceError when it cannot begin or go
        on.

        The caller publishes HEARTBEAT records and the closing FEED record; a source publishes FEED/ENDED
        itself when its data is finite and has all been published.
        """
        ...

    def health(self) -> Mapping[str, object]:
        """Return what `run/feeder.json` shows of this source: plain values that JSON can hold; `messages` if
        it counts.
        """
        ...


class SourceError(Exception):
    """A source that cannot begin or go on; the message is for a person."""
