"""Two connections to the same assets: which line's book of an asset is published, and when that changes.

Nothing is merged, for the venue gives no sequence numbers: each line keeps its own books, and of each asset
one line's book leads. The rules, in `choose_leader`:
- a book that is not live never takes the lead, and loses it to any that is;
- the lead moves when another book's venue time is newer by 250 ms;
- a leader without data for a second is stale, and loses to any live book whose venue time is newer at all.
The new leader publishes nothing older than what was published before it. Live books with the same venue time
and different tops, on lines that have both been silent for half a second, are a divergence, which REST /book
settles.

Source: spec feed.md (transport, A/B).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from engine.model.units import NS_PER_MS, NS_PER_S
from feeder.book import BookState, Shown, TokenBook
from feeder.session import GapReason, MarketSession

LEAD_MARGIN_NS: Final = 250 * NS_PER_MS
LEADER_STALE_NS: Final = NS_PER_S
DIVERGENCE_QUIET_NS: Final = 500 * NS_PER_MS


class BookView(NamedTuple):
    """What the choice of a leader looks at."""

    live: bool
    venue_ts_ns: int
    recv_ts_ns: int


class Inheritance(NamedTuple):
    """What the next leader of a token has to know: how far it was published, what was shown last, an open gap."""

    published_ts_ns: int
    shown: Shown | None
    gap_open: bool


NOTHING: Final = Inheritance(0, None, False)


def choose_leader(leader: int, books: Mapping[int, BookView], now_ns: int) -> int:
    """Return which line's book of one asset leads from now on; `leader` need not be among the books any
    more."""
    live = {line: book for line, book in books.items() if book.live}
    if not live:
        return leader
    newest = max(live, key=lambda line: (live[line].venue_ts_ns, line == leader, -line))
    if leader not in live:
        return newest
    ahead_ns = live[newest].venue_ts_ns - live[leader].venue_ts_ns
    is_stale = now_ns - live[leader].recv_ts_ns >= LEADER_STALE_NS
    return newest if ahead_ns >= LEAD_MARGIN_NS or (is_stale and ahead_ns > 0) else leader


class Lines:
    """The sessions of all lines, by number, and the leader of each token."""

    def __init__(self) -> None:
        self.lead_changes = 0
        self.divergences = 0
        self._sessions: dict[int, MarketSession] = {}
        self._past_counts: Counter[str] = Counter()
        self._orphans: dict[str, Inheritance] = {}
        self._leaders: dict[str, int] = {}
        self._following: dict[int, list[tuple[str, TokenBook, TokenBook]]] = {}
        self._diverged_at: dict[str, int] = {}

    @property
    def sessions(self) -> Mapping[int, MarketSession]:
        """The sessions by line number."""
        return self._sessions

    def leader(self, token_id: str) -> int | None:
        """Return the line that leads a token."""
        return self._leaders.get(token_id)

    def join(self, line: int, session: MarketSession, now_ns: int) -> None:
        """Add a line whose session publishes nothing yet; it leads the tokens that nobody leads."""
        assert line not in self._sessions, f"line {line} has joined already"
        self._sessions[line] = session
        session.on_lost = lambda token_id, lost_ns: self._settle(token_id, lost_ns, without=line)
        self.adopt(session.token_ids(), now_ns)

    def leave(self, line: int, now_ns: int) -> None:
        """Take a line out; its books are no longer believed, and another line inherits what it led."""
        session = self._sessions[line]
        session.disconnected(now_ns)
        session.on_lost = None
        del self._sessions[line]
        for token_id in [token_id for token_id, leader in self._leaders.items() if leader == line]:
            heirs = [other for other, candidate in self._sessions.items() if candidate.book(token_id)]
            if heirs:
                self._hand_over(token_id, session, heirs[0], now_ns)
            else:
                self._orphan(token_id, session)
        self._past_counts.update(session.counts())
        self._refresh()

    def adopt(self, token_ids: Iterable[str], now_ns: int) -> None:
        """Give the tokens that have no leader one, after they were added to the sessions."""
        for token_id in token_ids:
            line = next((line for line, session in self._sessions.items() if session.book(token_id)), None)
            if line is not None and token_id not in self._leaders:
                self._leaders[token_id] = line
                self._book(line, token_id).take_lead(*self._orphans.pop(token_id, NOTHING), now_ns)
        self._refresh()

    def drop(self, token_ids: Iterable[str]) -> None:
        """Forget tokens that were dropped from the sessions."""
        for token_id in token_ids:
            self._leaders.pop(token_id, None)
            self._orphans.pop(token_id, None)
            self._diverged_at.pop(token_id, None)
        self._refresh()

    def after_frame(self, line: int, now_ns: int) -> None:
        """Move the lead to this line for the tokens of which it has become the better source."""
        for token_id, own, leading in self._following.get(line, ()):
            if own.venue_ts_ns > leading.venue_ts_ns or leading.state != BookState.LIVE:
                self._settle(token_id, now_ns)

    def divergent(self, now_ns: int) -> list[str]:
        """Return the tokens on which live lines disagree at the same venue time, each once per venue time."""
        found = []
        for token_id, leader in self._leaders.items():
            leading = self._book(leader, token_id)
            others = [session.book(token_id) for session in self._sessions.values()]
            if self._diverged_at.get(token_id) != leading.venue_ts_ns and any(
                other is not None and diverges(leading, other, now_ns) for other in others
            ):
                self._diverged_at[token_id] = leading.venue_ts_ns
                self.divergences += 1
                found.append(token_id)
        return found

    def resync(self, line: int, token_id: str, now_ns: int) -> None:
        """Distrust one line's book of a token, because REST says that it is wrong."""
        self._sessions[line].resync(token_id, GapReason.SETTLED_BY_REST, now_ns)

    def counts(self) -> dict[str, int]:
        """Return what all sessions counted, those of closed connections included."""
        total = self._past_counts.copy()
        for session in self._sessions.values():
            total.update(session.counts())
        return dict(sorted(total.items()))

    def _orphan(self, token_id: str, session: MarketSession) -> None:
        """Keep how far a token was published, and its open gap, for the line that will lead it next."""
        del self._leaders[token_id]
        book = session.book(token_id)
        if book is not None:
            self._orphans[token_id] = Inheritance(book.published_ts_ns, book.shown, book.gap_open)

    def _settle(self, token_id: str, now_ns: int, without: int | None = None) -> None:
        leader = self._leaders.get(token_id)
        if leader is None or (without is not None and without != leader):
            return
        views = {}
        for line, session in self._sessions.items():
            book = session.book(token_id)
            if book is not None:
                live = book.state == BookState.LIVE and line != without
                views[line] = BookView(live, book.venue_ts_ns, book.recv_ts_ns)
        chosen = choose_leader(leader, views, now_ns)
        if chosen != leader:
            self._hand_over(token_id, self._sessions[leader], chosen, now_ns)
            self._refresh()

    def _hand_over(self, token_id: str, old: MarketSession, line: int, now_ns: int) -> None:
        before = old.book(token_id)
        inherited = NOTHING
        if before is not None:
            inherited = Inheritance(before.published_ts_ns, before.shown, before.gap_open)
            before.drop_lead()
        self._leaders[token_id] = line
        self._book(line, token_id).take_lead(*inherited, now_ns)
        self.lead_changes += 1

    def _book(self, line: int, token_id: str) -> TokenBook:
        book = self._sessions[line].book(token_id)
        assert book is not None, f"line {line} leads {token_id} without a book of it"
        return book

    def _refresh(self) -> None:
        """List, per line, the books that follow, with their leaders: what `after_frame` compares."""
        self._following = {line: [] for line in self._sessions}
        for token_id, leader in self._leaders.items():
            leading = self._book(leader, token_id)
            for line, session in self._sessions.items():
                own = session.book(token_id)
                if own is not None and line != leader:
                    self._following[line].append((token_id, own, leading))


def diverges(one: TokenBook, other: TokenBook, now_ns: int) -> bool:
    """Tell whether two live books that had time to settle say different things about the same moment."""
    quiet_ns = now_ns - max(one.recv_ts_ns, other.recv_ts_ns)
    return (
        one.state == other.state == BookState.LIVE
        and one.venue_ts_ns == other.venue_ts_ns
        and quiet_ns >= DIVERGENCE_QUIET_NS
        and one.top != other.top
    )
