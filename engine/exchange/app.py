"""The composition root of the local exchange: core, desk, services, streams, counterparties, faults, on one server."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine.exchange.calendar import Calendar, SeriesOptions, Settled
from engine.exchange.chain import Chain
from engine.exchange.core.exchange import Exchange, Settings
from engine.exchange.core.market import Market, Phase
from engine.exchange.desk import Desk
from engine.exchange.feeds import Feeds
from engine.exchange.house import House, feeds_of
from engine.exchange.members import Members
from engine.exchange.positions import LAG_MS, Positions
from engine.exchange.relay import STEP_MS, Relay
from engine.exchange.rest.authentication import Authentication
from engine.exchange.rest.data_api import DataApi
from engine.exchange.rest.gamma import Gamma
from engine.exchange.rest.orders import OrderEntry
from engine.exchange.rest.public import PublicReads
from engine.exchange.rest.reads import PrivateReads
from engine.exchange.rest.relayer import SUBMITS_PER_MINUTE, Relayer
from engine.exchange.rest.rpc import Rpc
from engine.exchange.server.alarm import Alarm, WakingHandler
from engine.exchange.server.fault_board import FaultBoard
from engine.exchange.server.hosts import Service
from engine.exchange.server.ip_limits import IpLimits
from engine.exchange.server.limits import Mode as LimitMode
from engine.exchange.server.routes import Routes
from engine.exchange.server.server import Server
from engine.exchange.state import load_state, save_state
from engine.exchange.streams.market import MarketChannel
from engine.exchange.streams.polybolt import PolyBoltChannel
from engine.exchange.streams.rtds import RtdsChannel
from engine.exchange.streams.user import UserChannel
from engine.model.errors import InputError
from engine.worlds.counterparties import Counterparties

SourceOf = Callable[[Sequence[SeriesOptions], int], Counterparties]
"""Makes the counterparties of one asset's series, told when they begin (Unix ms)."""


class AppOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange is made of."""

    series: tuple[SeriesOptions, ...]
    settings: Settings = Settings()
    seed: int = 0
    limits: LimitMode = LimitMode.WARN
    compression: bool = True
    relay_step_ms: int = STEP_MS
    relay_submits_per_minute: int = SUBMITS_PER_MINUTE
    data_lag_ms: int = LAG_MS


class ServerState(msgspec.Struct, frozen=True):
    """What a state file keeps beside the core: wallets and API keys, the prices to beat of running windows, and what
    the Data API tells.
    """

    members: dict[str, Any]
    strikes_e8: dict[str, int] = {}
    positions: dict[str, Any] = {}


def wall_ms() -> int:
    """Return the machine's time in Unix ms."""
    return time.time_ns() // 1_000_000


class App:
    """A whole exchange, not yet on any port: `begin` starts its life, `server` takes connections."""

    def __init__(self, options: AppOptions, source_of: SourceOf, clock_ms: Callable[[], int] = wall_ms) -> None:
        self.options = options
        self.exchange = Exchange(options.settings)
        self.members = Members(options.seed)
        self.desk = Desk(self.exchange, self.members, clock_ms)
        self.desk.limits.mode = options.limits
        now_ms = self.desk.now_ms()
        self.houses = [
            House(self.exchange, series, source_of(series, now_ms)) for series in _by_asset(options.series).values()
        ]
        self._price_feeds = {
            house.asset: feeds_of(house.asset, [calendar.options for calendar in house.calendars])
            for house in self.houses
        }
        self.market_channel = MarketChannel(_BookFrames(self.desk), self.desk.now_ms)
        self.user_channel = UserChannel(self.members, self.desk.now_ms)
        all_feeds = [feed for feeds in self._price_feeds.values() for feed in feeds]
        self.polybolt = PolyBoltChannel(all_feeds, self.members, self.desk.now_ms)
        self.rtds = RtdsChannel(self.desk.now_ms)
        self.feeds = Feeds(self.desk, self.market_channel, self.user_channel, self.polybolt)
        self.chain = Chain(self.exchange, self.members)
        self.relay = Relay(self.chain, self.members, self.exchange.schedule, options.relay_step_ms, options.seed)
        self.positions = Positions(self.exchange.ledger, options.data_lag_ms)
        self.desk.listeners.append(self.positions.hear)
        self.chain.listeners.append(self.positions.hear_deed)
        self.routes = Routes()
        for service in (
            PublicReads(self.desk),
            Authentication(self.desk),
            OrderEntry(self.desk),
            PrivateReads(self.desk),
            Gamma(self.desk, self._settled_of),
            Relayer(self.desk, self.relay, options.relay_submits_per_minute),
            Rpc(self.desk, self.relay, self.positions),
            DataApi(self.desk, self.positions),
        ):
            service.add_to(self.routes)
        for calendar in self.calendars:
            calendar.on_retired = self.desk.books.forget

    @property
    def calendars(self) -> list[Calendar]:
        """Return the calendars of all series."""
        return [calendar for house in self.houses for calendar in house.calendars]

    def restore(self, path: Path) -> bool:
        """Take up what a state file has kept; return whether there was one. Call it before anything else.

        Raises InputError when the file is no good.
        """
        saved = load_state(path, self.exchange)
        if saved is None:
            return False
        try:
            server = msgspec.convert(saved, ServerState)
            self.members.restore(server.members)
            if server.positions:
                self.positions.restore(server.positions, self.exchange.markets)
        except ValueError as error:  # msgspec's are ValueErrors too
            raise InputError(f"{path}: expected the exchange's saved state: {error}") from None
        for calendar in self.calendars:
            calendar.restore(server.strikes_e8)
        return True

    def save(self, path: Path) -> None:
        """Bring everything to rest and keep it. Raises InputError when the file cannot be written."""
        now_ms = self.desk.now_ms()
        for owner in self._background_owners():
            self.exchange.cancel_all(owner, now_ms)
        self.exchange.stop(now_ms)
        self.positions.hear(self.exchange.notices)
        strikes = {key: value for calendar in self.calendars for key, value in calendar.strikes_e8.items()}
        state = ServerState(self.members.saved(), strikes, self.positions.saved())
        save_state(path, self.exchange, msgspec.to_builtins(state))

    def _background_owners(self) -> list[str]:
        accounts = self.exchange.ledger.accounts
        return [
            owner
            for owner, orders in self.exchange.open_by_owner.items()
            if any(accounts[order.wallet].background for order in orders.values())
        ]

    def begin(self) -> None:
        """List the first windows and let the counterparties come. Requires the running loop; `open_server` does it."""
        now_ms = self.desk.now_ms()
        self.exchange.advance(now_ms)
        for house in self.houses:
            house.begin(now_ms)
        self.wake(now_ms)

    def open_server(self) -> Server:
        """Return the server, with everything awake; it listens nowhere yet. Requires a running loop."""
        loop = asyncio.get_running_loop()
        self.board = FaultBoard(self.options.seed, self.desk.now_ms)
        self.board.on_change = Alarm(loop, self.desk.now_ms, self.board).look
        for service, path, channel, loopback in (
            (Service.CLOB_STREAMS, "/ws/market", self.market_channel, "/ws/market"),
            (Service.CLOB_STREAMS, "/ws/user", self.user_channel, "/ws/user"),
            (Service.RTDS, "/", self.rtds, "/rtds"),
            (Service.POLYBOLT, "/ws", self.polybolt, "/polybolt"),
        ):
            handler = WakingHandler(channel, Alarm(loop, self.desk.now_ms, channel))
            self.routes.add_stream(service, path, handler, loopback)
        alarm = Alarm(loop, self.desk.now_ms, self)
        self.desk.on_pumped = alarm.look
        self.begin()
        return Server(
            self.routes,
            now_ms=self.desk.shown_ms,
            interceptors=(self.board, IpLimits()) if self.options.limits == LimitMode.ENFORCE else (self.board,),
            compression=self.options.compression,
        )

    def describe(self) -> dict[str, object]:
        """Return how the exchange is, as values that JSON can hold."""
        exchange = self.exchange
        return {
            "assets": [house.asset for house in self.houses],
            "seed": self.options.seed,
            "window_seconds": [series.length_s for series in self.options.series],
            "markets": {
                market.spec.slug: market.phase.name.lower()
                for market in exchange.markets.values()
                if market.phase != Phase.RESOLVED
            },
            "orders_resting": sum(len(orders) for orders in exchange.open_by_owner.values()),
            "trades": exchange.matching.trades_made,
            "streams": len(self.market_channel.connections) + len(self.user_channel.connections),
            "refused_counterparties": sum(house.background.refused for house in self.houses),
        }

    def wake_at_ms(self) -> int | None:
        """Return when something is due: in the core, or because a counterparty acts."""
        due = [self.exchange.schedule.next_ms(), *(house.next_ms() for house in self.houses)]
        return min((at_ms for at_ms in due if at_ms is not None), default=None)

    def wake(self, now_ms: int) -> None:
        """Do what is due."""
        del now_ms
        now_ms = self.desk.now_ms()
        for house in self.houses:
            house.advance(now_ms)
        self.exchange.advance(now_ms)
        self.desk.pump()
        for house in self.houses:
            house.tell_prices(self.polybolt, self.rtds, self._price_feeds[house.asset])

    def _settled_of(self, market: Market) -> Settled | None:
        for calendar in self.calendars:
            settled = calendar.settled.get(market.spec.condition_id)
            if settled is not None:
                return settled
        return None


class _BookFrames:
    """The books of the market channel's subscribers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def book_frame(self, token_id: str) -> bytes | None:
        """Return a token's book as a frame, None where there is none."""
        market = self._desk.exchange.by_token.get(token_id)
        if market is None or not market.is_readable:
            return None
        return msgspec.json.encode(self._desk.books.message(market, market.spec.tokens.index(token_id)))


def _by_asset(series: Sequence[SeriesOptions]) -> dict[str, list[SeriesOptions]]:
    found: dict[str, list[SeriesOptions]] = {}
    for each in series:
        found.setdefault(each.asset, []).append(each)
    return found
