"""The PolyBolt price stream: authenticated subscriptions to feeds, each with a snapshot, then numbered updates.

Facts (protocol.md 7.2, 2026-11-21): every item of a subscription is acknowledged in order with the `rid` that it came
with; a new one brings the previous two minutes, a duplicate nothing. `seq` counts per connection and channel; `dropped`
says how many frames a slow client has missed since the last one. Limits: 64 subscriptions, 20 (un)subscribe frames a
second, 64 KB a frame, 8 auth frames; a breach closes with 4008. The server pings every 25 s; two misses close with
4002, and so does a client that stays slow. How many frames that takes is not documented, nor whether bad credentials
close at once: here the client may try again, as the limit of auth frames suggests.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from engine.exchange.streams.audience import Audience
from engine.exchange.streams.channel import Channel, read_object
from engine.exchange.streams.out import Close, Connection, Out, Ping, perform
from engine.exchange.streams.polybolt_wire import (
    BEST,
    ErrorCode,
    Feed,
    envelope,
    error,
    filter_name,
    reply,
    snapshot_payload,
    update_payload,
)
from engine.exchange.streams.prices import HISTORY_MS, PriceHistory, PricePoint
from engine.exchange.streams.user import Credentials, check

SUBSCRIPTIONS_MAX: Final = 64
CHANGES_PER_S_MAX: Final = 20
FRAME_BYTES_MAX: Final = 64 << 10
AUTH_FRAMES_MAX: Final = 8
PING_INTERVAL_MS: Final = 25_000
PINGS_MISSED_MAX: Final = 2
SLOW_BYTES: Final = 256 << 10
"""A client with more than this untaken is slow; about 1,000 updates."""
DROPPED_MAX: Final = 1_000
AUTH_FAILED: Final = Close(4001, "auth failed")
SLOW_CONSUMER: Final = Close(4002, "slow consumer")
PONG_TIMEOUT: Final = Close(4002, "pong timeout")
DRAINING: Final = Close(4003, "draining")
FeedName = tuple[str, str, int | None]


class Feeds:
    """What can be subscribed to, with what a snapshot of it says; shared by all connections."""

    def __init__(self, feeds: Iterable[Feed], credentials: Credentials) -> None:
        self.credentials = credentials
        self.auth_available = True
        """Credentials cannot be checked while this is false; a fault."""
        self.listeners: Audience[FeedName, Connection] = Audience()
        self._feeds = {feed.name: feed for feed in feeds}
        self._histories = {name: PriceHistory() for name in self._feeds}
        self._best: dict[str, str] = {}
        self.channels = {feed.channel for feed in self._feeds.values()} | {BEST}

    def knows(self, name: FeedName) -> bool:
        """Tell whether a feed exists; best prices are there for every token, if only later."""
        return name in self._feeds or name[0] == BEST

    def add(self, feed: Feed, point: PricePoint) -> str:
        """Keep a price for snapshots and return its payload."""
        assert feed.name in self._feeds, f"expected a feed that was declared, was {feed}"
        self._histories[feed.name].add(point)
        return update_payload(feed, point)

    def set_best(self, token_id: str, payload: str) -> None:
        """Keep a token's best prices for snapshots."""
        self._best[token_id] = payload

    def snapshot(self, name: FeedName, now_ms: int) -> str:
        """Return the payload of a snapshot: the previous two minutes, or the token's best prices if they are known."""
        if name[0] == BEST:
            return f"[{self._best.get(name[1], '')}]"
        return snapshot_payload(self._feeds[name], self._histories[name].since(now_ms - HISTORY_MS))


class PolyBoltSession:
    """One connection to the price stream."""

    def __init__(self, connection: Connection, now_ms: int, feeds: Feeds) -> None:
        self.owner: str | None = None
        self._connection = connection
        self._feeds = feeds
        self._subscribed: dict[FeedName, None] = {}
        self._sent: dict[str, int] = {}
        self._dropped: dict[str, int] = {}
        self._late: dict[FeedName, str] = {}
        self._changes_ms: deque[int] = deque()
        self._auth_frames = 0
        self._ping_at_ms = now_ms + PING_INTERVAL_MS
        self._pings_missed = 0

    def receive(self, text: str, now_ms: int) -> list[Out]:
        """Take one text message."""
        if len(text) > FRAME_BYTES_MAX or len(text.encode()) > FRAME_BYTES_MAX:
            return [Close(4008, "frame too large")]
        frame = read_object(text) or {}
        op, rid = frame.get("op"), frame.get("rid")
        if op == "ping":
            return [reply("pong", rid)]
        if op == "auth":
            return self._authenticate(frame.get("auth"), rid)
        items = _items(frame)
        if op not in ("subscribe", "unsubscribe") or items is None:
            return [error("bad_op", rid)]
        if self._is_too_often(now_ms):
            return _breach("rate_limited", rid)
        return self._subscribe(items, rid, now_ms) if op == "subscribe" else self._unsubscribe(items, rid)

    def update(self, name: FeedName, payload: str, now_ms: int) -> list[Out]:
        """Return what is sent of an update that this connection is subscribed to: nothing while it is slow, and then
        the newest best prices of each token, but none of the other updates, of that time.
        """
        channel = name[0]
        if self._connection.buffered_bytes <= SLOW_BYTES:
            late, self._late = self._late | {name: payload}, {}
            return [self._numbered(each, payload, now_ms) for (each, *_), payload in late.items()]
        if channel == BEST:
            self._late[name] = payload
            return []
        self._dropped[channel] = self._dropped.get(channel, 0) + 1
        return [SLOW_CONSUMER] if self._dropped[channel] > DROPPED_MAX else []

    def pong(self) -> list[Out]:
        """Take the answer to a ping."""
        self._pings_missed = 0
        return []

    def wake_at_ms(self) -> int | None:
        """Return when the next ping is due."""
        return self._ping_at_ms

    def wake(self, now_ms: int) -> list[Out]:
        """Ping, or give a client up that has not answered."""
        if now_ms < self._ping_at_ms:
            return []
        self._ping_at_ms = now_ms + PING_INTERVAL_MS
        if self._pings_missed >= PINGS_MISSED_MAX:
            return [PONG_TIMEOUT]
        self._pings_missed += 1
        return [Ping()]

    def leave(self) -> None:
        """Listen to nothing any more."""
        for name in self._subscribed:
            self._feeds.listeners.leave(name, self._connection)
        self._subscribed.clear()

    def expire(self) -> list[Out]:
        """End a session whose credentials are good no more."""
        return [error("auth_expired", None), AUTH_FAILED]

    def _authenticate(self, auth: object, rid: object) -> list[Out]:
        self._auth_frames += 1
        if self._auth_frames > AUTH_FRAMES_MAX:
            return _breach("auth_attempts", rid)
        if not self._feeds.auth_available:
            return [error("auth_unavailable", rid)]
        self.owner = check(self._feeds.credentials, auth)
        return [reply("authed", rid) if self.owner is not None else error("auth_invalid", rid)]

    def _subscribe(self, items: list[dict[str, Any]], rid: object, now_ms: int) -> list[Out]:
        replies: list[Out] = []
        snapshots: list[Out] = []
        for item in items:
            channel = item.get("channel")
            name, refusal = self._judge(channel, item.get("filter"))
            if name is None:
                replies.append(error(refusal, rid, channel if isinstance(channel, str) else None))
                continue
            if name not in self._subscribed:
                if len(self._subscribed) >= SUBSCRIPTIONS_MAX:
                    return [*replies, *_breach("sub_limit", rid, name[0])]
                self._subscribed[name] = None
                self._feeds.listeners.join(name, self._connection)
                payload = self._feeds.snapshot(name, now_ms)
                snapshots.append(envelope(name[0], self._next_seq(name[0]), now_ms, payload, snapshot=True))
            replies.append(reply("subscribed", rid, name[0]))
        return replies + snapshots

    def _judge(self, channel: object, wanted: object) -> tuple[FeedName | None, ErrorCode]:
        """Return the feed of an item, or None and why there is none; the code has no meaning with a feed."""
        if not isinstance(channel, str) or channel not in self._feeds.channels:
            return None, "bad_channel"
        if channel != BEST and self.owner is None:
            return None, "auth_required"
        name = filter_name(channel, wanted) if isinstance(wanted, dict) else None
        return name if name is not None and self._feeds.knows(name) else None, "bad_filter"

    def _unsubscribe(self, items: list[dict[str, Any]], rid: object) -> list[Out]:
        replies: list[Out] = []
        for item in items:
            channel, wanted = item.get("channel"), item.get("filter")
            if not isinstance(channel, str) or channel not in self._feeds.channels:
                replies.append(error("bad_channel", rid, channel if isinstance(channel, str) else None))
                continue
            name = filter_name(channel, wanted) if isinstance(wanted, dict) else None
            if name is None:
                replies.append(error("bad_filter", rid, channel))
                continue
            self._subscribed.pop(name, None)
            self._late.pop(name, None)
            self._feeds.listeners.leave(name, self._connection)
            replies.append(reply("unsubscribed", rid, channel))
        return replies

    def _is_too_often(self, now_ms: int) -> bool:
        while self._changes_ms and self._changes_ms[0] <= now_ms - 1_000:
            self._changes_ms.popleft()
        self._changes_ms.append(now_ms)
        return len(self._changes_ms) > CHANGES_PER_S_MAX

    def _numbered(self, channel: str, payload: str, now_ms: int) -> Out:
        return envelope(channel, self._next_seq(channel), now_ms, payload, dropped=self._dropped.pop(channel, 0))

    def _next_seq(self, channel: str) -> int:
        self._sent[channel] = seq = self._sent.get(channel, 0) + 1
        return seq


class PolyBoltChannel(Channel[PolyBoltSession]):
    """All connections to the price stream; `feeds` are the symbols that there are."""

    def __init__(self, feeds: Iterable[Feed], credentials: Credentials, now_ms: Callable[[], int]) -> None:
        self.feeds = Feeds(feeds, credentials)
        super().__init__(lambda connection, at_ms: PolyBoltSession(connection, at_ms, self.feeds), now_ms)

    def publish(self, feed: Feed, point: PricePoint) -> None:
        """Send a price to who is subscribed to its feed."""
        self._send(feed.name, self.feeds.add(feed, point))

    def publish_best(self, token_id: str, payload: bytes) -> None:
        """Send a token's best prices; `payload` is the JSON object of market, asset_id, best_bid, best_ask, hash and
        timestamp.
        """
        text = payload.decode()
        self.feeds.set_best(token_id, text)
        self._send((BEST, token_id, None), text)

    def is_best_wanted(self, token_id: str) -> bool:
        """Tell whether anybody is subscribed to a token's best prices."""
        return bool(self.feeds.listeners.of((BEST, token_id, None)))

    def expire(self, owner: str) -> None:
        """End every session of an owner whose credentials are good no more."""
        for connection in self.connections:
            if self.session(connection).owner == owner:
                perform(connection, self.session(connection).expire())

    def drain(self) -> None:
        """Ask every client to connect again."""
        for connection in self.connections:
            perform(connection, [DRAINING])

    def _send(self, name: FeedName, payload: str) -> None:
        now_ms = self._now_ms()
        for connection in self.feeds.listeners.of(name):
            perform(connection, self.session(connection).update(name, payload, now_ms))


def _items(frame: dict[str, Any]) -> list[dict[str, Any]] | None:
    items = frame.get("subscriptions")
    if isinstance(items, list) and items and all(isinstance(item, dict) for item in items):
        return items
    return None


def _breach(code: ErrorCode, rid: object, channel: str | None = None) -> list[Out]:
    return [error(code, rid, channel), Close(4008, code)]
