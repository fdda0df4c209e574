"""Counts what was wrong with the input, by kind, and logs each kind at most once a minute."""

import logging
from collections import Counter
from typing import Final

from engine.model.units import NS_PER_S

LOG_EVERY_NS: Final = 60 * NS_PER_S
SAMPLE_CHARS: Final = 160

_log = logging.getLogger("feeder")


class Complaints:
    """A counter that also tells a person, seldom; time is an argument."""

    def __init__(self, where: str) -> None:
        self.counts: Counter[str] = Counter()
        self._where = where
        self._logged_ts_ns: dict[str, int] = {}

    def note(self, kind: str, ts_ns: int, sample: object = "") -> None:
        """Count one of `kind`, and log it with a sample when the last log of that kind is a minute old."""
        self.counts[kind] += 1
        logged_ts_ns = self._logged_ts_ns.get(kind)
        if logged_ts_ns is not None and ts_ns - logged_ts_ns < LOG_EVERY_NS:
            return
        self._logged_ts_ns[kind] = ts_ns
        _log.warning("%s: %s (%d so far): %.*s", self._where, kind, self.counts[kind], SAMPLE_CHARS, sample)
