"""One connection's conversation with the market channel, without I/O: frames in; records, frames to send and
requests out.

The shell feeds `receive_frame` with every text frame and its receive time, sends what `frames_to_send`
returns, and drops the connection when `reconnect_reason` is set. Nothing a peer sends raises; it is counted
by kind.

Rules:
- A message that should have changed a book and cannot be read makes the books it names (or, unreadable
  altogether, all books) UNSYNCED: GAP, unsubscribe, subscribe, and RESYNCED with the next snapshot.
- Trades are facts, not state: the first copy from any line is published, whatever line leads.

Source: spec feed.md (session) and protocol.md 5.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final

import orjson

from engine.venue import market_channel as wire
from engine.venue.market_channel import EventType
from ext.scan import Scanner
from feeder import messages
from feeder.book import BookState, CompiledBook, PythonBook, TokenBook, Verdict, make_pair
from feeder.complaints import Complaints
from feeder.listings import Listing, Listings
from feeder.messages import Message
from feeder.subscription import Subscription
from feeder.tape import TradeTape
from shm.layout import Kind, pack_level
from shm.sink import Instrument, RecordSink

FRAME_BYTES_MAX: Final = 1 << 20
"""The default limit of WebSocket clients; the venue's largest frames are a few kilobytes."""
Frame = bytes | memoryview


class GapReason(IntEnum):
    """The detail word of a FEED/GAP record."""

    DISAGREEMENT = 1  # our best prices were not the venue's
    BAD_MESSAGE = 2
    DISCONNECTED = 3
    SETTLED_BY_REST = 4  # REST agreed with the other line


class MarketSession:
    """The sans-I/O session of one line. Lines of one source share `listings` and `tape`; only leading books
    publish."""

    def __init__(
        self,
        sink: RecordSink,
        *,
        mirror_missing: bool = False,
        compiled: bool = True,
        listings: Listings | None = None,
        tape: TradeTape | None = None,
        lead: bool = True,
        name: str = "feed",
    ) -> None:
        self.reconnect_reason: str | None = None
        self.on_lost: Callable[[str, int], None] | None = None
        """Called with (token_id, now_ns) before a leading book is given up, so that another line can take it
        over."""
        self.listings = listings if listings is not None else Listings(sink)
        self._sink = sink
        self._tape = tape if tape is not None else TradeTape()
        self._mirror_missing = mirror_missing
        self._lead = lead
        self._complaints = Complaints(name)
        self._counts = self._complaints.counts
        self._books: dict[str, TokenBook] = {}
        self._subscription = Subscription()
        self._scanner = Scanner(self._disagreed) if compiled else None
        self._handlers: Mapping[str, Callable[[Message, int], None]] = {
            EventType.BOOK: self._on_book,
            EventType.PRICE_CHANGE: self._on_price_change,
            EventType.TICK_SIZE_CHANGE: self._on_tick_size_change,
            EventType.LAST_TRADE_PRICE: self._on_last_trade_price,
            EventType.BEST_BID_ASK: self._on_best_bid_ask,
            EventType.NEW_MARKET: self._on_new_market,
            EventType.MARKET_RESOLVED: self._on_market_resolved,
        }

    def add_market(self, up: Instrument, down: Instrument, ts_ns: int, flags: int = 0) -> tuple[int, int]:
        """Follow a market from now on and return the ring's indices of its tokens; OPENED is published if it
        is new."""
        listings = self.listings.add(up, down, ts_ns, flags)
        if up.token_id not in self._books:
            self._make_books(listings)
            self._subscription.add([up.token_id, down.token_id])
        return listings[0].index, listings[1].index

    def drop_market(self, token_id: str) -> None:
        """Stop following the market that the token belongs to; a market that is not followed is ignored."""
        listing = self.listings.by_token(token_id)
        if listing is None or token_id not in self._books:
            return
        pair = [token_id, self.listings.by_index(listing.peer).instrument.token_id]
        for each in pair:
            self._counts.update(self._books.pop(each).counts())
            if self._scanner is not None:
                self._scanner.remove(each)
        self._subscription.remove(pair)

    def book(self, token_id: str) -> TokenBook | None:
        """Return the book of a followed token."""
        return self._books.get(token_id)

    def books(self) -> list[TokenBook]:
        """Return the books of all followed tokens."""
        return list(self._books.values())

    def token_ids(self) -> list[str]:
        """Return the followed tokens."""
        return list(self._books)

    @property
    def has_frames_to_send(self) -> bool:
        """Whether asking for frames to send may be worth it before the next timer."""
        return self._subscription.has_work

    def connected(self, ts_ns: int) -> None:
        """Start a new connection: everything is subscribed again and any snapshot will do."""
        self.disconnected(ts_ns)
        self.reconnect_reason = None
        self._subscription.restart()
        for book in self._books.values():
            book.forget()

    def disconnected(self, ts_ns: int) -> None:
        """Stop believing every book: what happens while there is no connection is missed."""
        for token_id, book in self._books.items():
            self._lose(token_id, book, GapReason.DISCONNECTED, ts_ns)

    def frames_to_send(self, now_ns: int) -> list[bytes]:
        """Return the subscription frames that are due at `now_ns`; a resync that brings no snapshot asks for
        a reconnect."""
        frames, awaited = self._subscription.frames_to_send(now_ns)
        # A live book has had a snapshot, whether or not that was the one that was waited for.
        overdue = [token_id for token_id in awaited if self._books[token_id].state != BookState.LIVE]
        if overdue and self.reconnect_reason is None:
            self.reconnect_reason = f"no snapshot of {overdue} within {Subscription.SNAPSHOT_WAIT_S} s"
        return frames

    def receive_frame(self, frame: Frame, recv_ts_ns: int) -> None:
        """Take one text frame. `recv_ts_ns` is when its bytes were received, and the now of everything that
        follows."""
        if self._scanner is None or not self._scanner.receive(frame, recv_ts_ns):
            self._receive(frame, recv_ts_ns)

    def resync(self, token_id: str, reason: GapReason, now_ns: int) -> None:
        """Distrust one followed book and ask for its snapshot."""
        self._resync(token_id, self._books[token_id], reason, now_ns)

    def counts(self) -> dict[str, int]:
        """Return what was received and done so far, by kind."""
        total = self._counts.copy()
        if self._scanner is not None:
            scanned = {"book": self._scanner.books, "price_change": self._scanner.price_changes}
            total.update(scanned, frames=sum(scanned.values()))
        for book in self._books.values():
            total.update(book.counts())
        return {name: count for name, count in total.items() if count}

    def _make_books(self, listings: tuple[Listing, Listing]) -> None:
        tokens = [listing.instrument.token_id for listing in listings]
        listed = [(listing.index, listing.tick_e4) for listing in listings]
        if self._scanner is None:
            books = make_pair(PythonBook, self._sink, listed, lead=self._lead, mirror=self._mirror_missing)
            self._books.update(zip(tokens, books, strict=True))
            return
        pair = make_pair(CompiledBook, self._sink, listed, lead=self._lead, mirror=self._mirror_missing)
        for token_id, book in zip(tokens, pair, strict=True):
            self._books[token_id] = book
            self._scanner.add(token_id, book)

    def _receive(self, frame: Frame, recv_ts_ns: int) -> None:
        """Take a frame the general way: decode it, then handle each message in it."""
        self._counts["frames"] += 1
        if frame == wire.PONG:
            self._counts["pong"] += 1
        elif frame == wire.INVALID_OPERATION:
            self._complaints.note("invalid_operation", recv_ts_ns)
            self.reconnect_reason = "the venue answered INVALID OPERATION"
        elif len(frame) > FRAME_BYTES_MAX:
            self._complaints.note("huge_frame", recv_ts_ns, len(frame))
            self._distrust([], recv_ts_ns)
        else:
            self._receive_json(frame, recv_ts_ns)

    def _receive_json(self, frame: Frame, recv_ts_ns: int) -> None:
        try:
            decoded = orjson.loads(frame)
        except orjson.JSONDecodeError:
            self._complaints.note("malformed_json", recv_ts_ns, bytes(frame[:160]))
            self._distrust([], recv_ts_ns)
            return
        if decoded == []:
            # The answer to a subscription of unknown assets; the wait for their snapshot ends in a reconnect.
            self._complaints.note("empty_array", recv_ts_ns)
        for message in decoded if isinstance(decoded, list) else [decoded]:
            self._receive_message(message, recv_ts_ns)

    def _receive_message(self, message: object, recv_ts_ns: int) -> None:
        if not isinstance(message, dict):
            self._complaints.note("malformed_message", recv_ts_ns, message)
            self._distrust([], recv_ts_ns)
            return
        try:
            kind = messages.kind_of(message)
        except ValueError as error:
            self._complaints.note("malformed_message", recv_ts_ns, error)
            self._distrust(messages.tokens_named(message), recv_ts_ns)
            return
        handler = self._handlers.get(kind)
        if handler is None:
            self._complaints.note("unknown_event_type", recv_ts_ns, kind)
            return
        try:
            handler(message, recv_ts_ns)
        except ValueError as error:
            self._complaints.note(f"malformed_{kind}", recv_ts_ns, error)
            if kind in messages.STATEFUL:
                self._distrust(messages.tokens_named(message), recv_ts_ns)

    def _on_book(self, message: Message, recv_ts_ns: int) -> None:
        self._counts["book"] += 1
        token_id = messages.text_of(message, "asset_id")
        venue_ts_ns = messages.venue_ts_ns_of(message)
        bids = [messages.level_of(entry) for entry in messages.objects_of(message, "bids")]
        asks = [messages.level_of(entry) for entry in messages.objects_of(message, "asks")]
        tick_e4 = messages.tick_of(messages.text_of(message, "tick_size")) if "tick_size" in message else 0
        book = self._known(token_id, recv_ts_ns)
        if book is None:
            return
        if tick_e4:
            self._take_tick(token_id, book, tick_e4, venue_ts_ns, recv_ts_ns)
        self._after_load(token_id, book, book.load(bids, asks, venue_ts_ns, recv_ts_ns), recv_ts_ns)

    def _after_load(self, token_id: str, book: TokenBook, verdict: int, recv_ts_ns: int) -> None:
        if verdict == Verdict.APPLIED:
            self._subscription.snapshot_came(token_id)
        elif book.state != BookState.LIVE:
            # Its snapshot is older than changes that were not kept: ask again, and then take what comes.
            self._subscription.resync(token_id, recv_ts_ns)
            book.forget()

    def _on_price_change(self, message: Message, recv_ts_ns: int) -> None:
        self._counts["price_change"] += 1
        venue_ts_ns = messages.venue_ts_ns_of(message)
        for token in messages.token_changes_of(message):
            book = self._known(token.token_id, recv_ts_ns)
            if book is None:
                continue
            verdict = book.apply(token.changes, token.best_bid_e4, token.best_ask_e4, venue_ts_ns, recv_ts_ns)
            if verdict == Verdict.DISAGREED:
                self._disagreed(token.token_id, recv_ts_ns)

    def _disagreed(self, token_id: str, recv_ts_ns: int) -> None:
        self._complaints.note("best_price_disagreement", recv_ts_ns, token_id)
        self._resync(token_id, self._books[token_id], GapReason.DISAGREEMENT, recv_ts_ns)

    def _on_tick_size_change(self, message: Message, recv_ts_ns: int) -> None:
        self._counts["tick_size_change"] += 1
        token_id = messages.text_of(message, "asset_id")
        tick_e4 = messages.tick_of(messages.text_of(message, "new_tick_size"))
        venue_ts_ns = messages.venue_ts_ns_of(message)
        book = self._known(token_id, recv_ts_ns)
        if book is not None:
            self._take_tick(token_id, book, tick_e4, venue_ts_ns, recv_ts_ns)

    def _take_tick(self, token_id: str, book: TokenBook, tick_e4: int, venue_ts_ns: int, recv_ts_ns: int) -> None:
        """Take a tick for this line's book, and for the market unless another line has newer word of it."""
        listing = self.listings.by_token(token_id)
        assert listing is not None, f"a book without a listing: {token_id}"
        self.listings.change_tick(listing, tick_e4, venue_ts_ns, recv_ts_ns)
        book.set_tick(listing.tick_e4, recv_ts_ns)

    def _on_last_trade_price(self, message: Message, recv_ts_ns: int) -> None:
        self._counts["last_trade_price"] += 1
        token_id = messages.text_of(message, "asset_id")
        price_e4, size_u6 = messages.level_of(message)
        side = messages.side_of(message)
        venue_ts_ns = messages.venue_ts_ns_of(message)
        book = self._known(token_id, recv_ts_ns)
        if book is None:
            return
        trade = (token_id, venue_ts_ns, price_e4, size_u6, side, message.get("transaction_hash"))
        if not self._tape.is_new(trade):
            self._counts["trade_copies"] += 1
            return
        level = pack_level(price_e4, size_u6)
        self._sink.publish(Kind.TRADE, 0, book.instrument, 0, level, side + 1, 0, 0, venue_ts_ns, recv_ts_ns)

    def _on_best_bid_ask(self, message: Message, recv_ts_ns: int) -> None:
        """Check the named token's book against it, as a price_change without changes."""
        self._counts["best_bid_ask"] += 1
        token_id = messages.text_of(message, "asset_id")
        venue_ts_ns = messages.venue_ts_ns_of(message)
        bid_e4, ask_e4 = messages.best_of(message, "best_bid"), messages.best_of(message, "best_ask")
        book = self._known(token_id, recv_ts_ns)
        if book is not None and book.apply([], bid_e4, ask_e4, venue_ts_ns, recv_ts_ns) == Verdict.DISAGREED:
            self._disagreed(token_id, recv_ts_ns)

    def _on_new_market(self, _message: Message, _recv_ts_ns: int) -> None:
        """Count it: it is sent for every market of the venue, and discovery reads Gamma."""
        self._counts["new_market"] += 1

    def _on_market_resolved(self, message: Message, recv_ts_ns: int) -> None:
        self._counts["market_resolved"] += 1
        winner = self.listings.by_token(messages.text_of(message, "winning_asset_id"))
        if winner is not None:
            self.listings.resolve(winner, messages.venue_ts_ns_of(message), recv_ts_ns)

    def _known(self, token_id: str, recv_ts_ns: int) -> TokenBook | None:
        book = self._books.get(token_id)
        if book is None:
            self._complaints.note("unknown_asset", recv_ts_ns, token_id)
        return book

    def _distrust(self, token_ids: list[str], recv_ts_ns: int) -> None:
        """Resync the named books that we have; without a name, any of them may have been meant."""
        named = token_ids or list(self._books)
        for token_id in named:
            book = self._books.get(token_id)
            if book is not None:
                self._resync(token_id, book, GapReason.BAD_MESSAGE, recv_ts_ns)

    def _resync(self, token_id: str, book: TokenBook, reason: GapReason, now_ns: int) -> None:
        self._lose(token_id, book, reason, now_ns)
        self._subscription.resync(token_id, now_ns)

    def _lose(self, token_id: str, book: TokenBook, reason: GapReason, now_ns: int) -> None:
        """Stop believing a book; another line may take it over before that has to be said."""
        if book.state == BookState.LIVE and book.lead and self.on_lost is not None:
            self.on_lost(token_id, now_ns)
        book.unsync(reason, now_ns)
