"""Judges staleness by data, per token: a line that fell behind the other, a quiet market, and a dead feed are
told apart.

Rules (feed.md, transport; protocol.md 5, silent freeze):
- PONGs prove nothing. What counts is when each line last had data of a token.
- A line without data for 5 s while another line had some is behind: its book is asked for again, and when
  that does not help within another 5 s the connection is replaced.
- A token that no line has heard of for 25 s is compared with REST /book. Agreement means that the market is
  quiet, and is good for the next 25 s. Disagreement or no answer means that the token is stale, until there
  is data again.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

from engine.model.units import NS_PER_S
from feeder.book import Top
from feeder.rest import RestBook

BEHIND_NS: Final = 5 * NS_PER_S
QUIET_NS: Final = 25 * NS_PER_S


class Advice(Enum):
    """What the watchdog wants done."""

    RESYNC = "resync"  # one line's book of one token
    RECONNECT = "reconnect"  # one line
    ASK_REST = "ask REST"  # one token
    FRESH = "fresh"  # a stale token has data again


class Finding(NamedTuple):
    """One piece of advice; `line` is None where it is about all lines."""

    advice: Advice
    token_id: str
    line: int | None = None


class Opinion(Enum):
    """What REST's book says about one of ours."""

    AGREES = "agrees"
    DIFFERS = "differs"  # the same or a later time, and other best levels
    OLDER = "older"  # it cannot tell


def judge(rest: RestBook, top: Top, venue_ts_ns: int) -> Opinion:
    """Compare a REST answer with a book of ours that had time to receive what the answer has seen."""
    if rest.top == top:
        return Opinion.AGREES
    return Opinion.OLDER if rest.venue_ts_ns < venue_ts_ns else Opinion.DIFFERS


class Watchdog:
    """Remembers what was advised, so that each step is taken once; time is an argument."""

    def __init__(self) -> None:
        self._quiet_since_ns: dict[str, int] = {}
        self._behind_since_ns: dict[tuple[int, str], int] = {}
        self._stale: dict[str, int] = {}

    @property
    def stale(self) -> frozenset[str]:
        """The tokens that are stale at the moment."""
        return frozenset(self._stale)

    def check(self, heard_ns: Mapping[str, Mapping[int, int]], now_ns: int) -> list[Finding]:
        """Return what to do, given when each line (0 = never) last had data of each token that should have
        some."""
        findings: list[Finding] = []
        for token_id, by_line in heard_ns.items():
            newest_ns = max(by_line.values(), default=0)
            findings += [
                finding
                for line, line_ns in by_line.items()
                for finding in self._check_line(line, token_id, line_ns, newest_ns, now_ns)
            ]
            findings += self._check_token(token_id, newest_ns, now_ns)
        return findings

    def confirmed(self, token_id: str, now_ns: int) -> None:
        """Note that REST agrees: the market is quiet."""
        self._quiet_since_ns[token_id] = now_ns

    def refuted(self, token_id: str, now_ns: int) -> bool:
        """Note that REST differs or did not answer; True when the token was not stale before."""
        self._quiet_since_ns[token_id] = now_ns
        was_stale = token_id in self._stale
        self._stale.setdefault(token_id, now_ns)
        return not was_stale

    def forget(self, token_id: str) -> None:
        """Watch a token no more."""
        self._quiet_since_ns.pop(token_id, None)
        self._stale.pop(token_id, None)
        self._behind_since_ns = {key: since for key, since in self._behind_since_ns.items() if key[1] != token_id}

    def _check_line(self, line: int, token_id: str, line_ns: int, newest_ns: int, now_ns: int) -> list[Finding]:
        key = (line, token_id)
        if newest_ns - line_ns < BEHIND_NS:
            self._behind_since_ns.pop(key, None)
            return []
        since_ns = self._behind_since_ns.get(key)
        if since_ns is None:
            self._behind_since_ns[key] = now_ns
            return [Finding(Advice.RESYNC, token_id, line)]
        if now_ns - since_ns < BEHIND_NS:
            return []
        self._behind_since_ns[key] = now_ns
        return [Finding(Advice.RECONNECT, token_id, line)]

    def _check_token(self, token_id: str, newest_ns: int, now_ns: int) -> list[Finding]:
        stale_since_ns = self._stale.get(token_id)
        if stale_since_ns is not None and newest_ns > stale_since_ns:
            del self._stale[token_id]
            return [Finding(Advice.FRESH, token_id)]
        quiet_since_ns = max(newest_ns, self._quiet_since_ns.setdefault(token_id, now_ns))
        if now_ns - quiet_since_ns < QUIET_NS:
            return []
        self._quiet_since_ns[token_id] = now_ns
        return [Finding(Advice.ASK_REST, token_id)]
