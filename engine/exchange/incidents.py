"""Lets the venue itself go wrong: modes, settlement, ticks, halts, clocks; each incident begins, and ends by itself."""

from collections.abc import Callable, Sequence
from typing import Protocol

from engine.exchange.calendar import Calendar
from engine.exchange.core.exchange import Exchange
from engine.exchange.core.market import FINE_TICK_E4, Market, Phase
from engine.exchange.core.mode import POST_ONLY_MS, RESTART_MS
from engine.exchange.core.notices import TickChanged
from engine.exchange.core.settlement import SettlementPlan
from engine.exchange.core.trades import Trade
from engine.exchange.desk import Desk
from engine.exchange.feeds import Feeds
from engine.exchange.scenario import Incident, What
from engine.exchange.server.fault_board import FaultBoard
from engine.exchange.server.limits import Mode as LimitMode
from engine.exchange.streams.polybolt import PolyBoltChannel
from engine.exchange.streams.rtds import RtdsChannel
from engine.model.events import VenueState
from engine.venue.statuses import TradeStatus
from engine.worlds.dice import Dice

End = Callable[[], None]


class Venue(Protocol):
    """What incidents change."""

    exchange: Exchange
    desk: Desk
    feeds: Feeds
    rtds: RtdsChannel
    polybolt: PolyBoltChannel
    board: FaultBoard

    @property
    def calendars(self) -> Sequence[Calendar]:
        """Return the calendars of all series."""
        ...


class _Layer:
    """One value of an attribute; two layers are never equal."""

    def __init__(self, value: object) -> None:
        self.value = value


class _ModeLayer:
    """A mode that an incident has the venue in, up to `until_ms`, 0 = until it is ended; two are never equal."""

    def __init__(self, state: VenueState, until_ms: int) -> None:
        self.state = state
        self.until_ms = until_ms


class Incidents:
    """The incidents of one venue, by name: those that are to come, that are on, and how often each has happened."""

    def __init__(self, venue: Venue, seed: int) -> None:
        self._venue = venue
        self._seed = seed
        self._known: dict[str, Incident] = {}
        self._ends: dict[str, End] = {}
        self._happened: dict[str, int] = {}
        self._layers: dict[tuple[int, str], list[_Layer]] = {}
        self._modes: list[_ModeLayer] = []
        self._flips = 0
        self._flipped: list[tuple[Market, bool, int]] = []
        self._halts = 0
        self._halted: list[Market] = []
        self._ordinary_plan = venue.exchange.settlement.plan

    def add(self, incident: Incident) -> None:
        """Let it begin in time; one of the same name ends now."""
        self.remove(incident.name)
        now_ms = self._venue.desk.advance()
        self._known[incident.name] = incident
        if incident.is_of_transport:
            self._venue.board.add(incident.fault(now_ms))
        elif incident.at_ms:
            self._venue.exchange.schedule.at(now_ms + incident.at_ms, lambda at_ms: self._begin(incident, at_ms))
        else:
            self._begin(incident, now_ms)
        self._venue.desk.pump()

    def remove(self, name: str) -> bool:
        """End an incident, or let it never begin; return whether there was one."""
        incident = self._known.pop(name, None)
        if incident is None:
            return False
        if incident.is_of_transport:
            self._venue.board.remove(name)
        else:
            self._end(name)
        self._venue.desk.pump()
        return True

    def listed(self) -> dict[str, dict[str, object]]:
        """Return every incident that is known: what, whether it is on, and how often it has happened."""
        active = self._venue.board.active(self._venue.desk.now_ms())
        happened = self._happened | self._venue.board.happened()
        return {
            name: {
                "what": str(incident.what),
                "active": name in active or name in self._ends,
                "happened": happened.get(name, 0),
            }
            for name, incident in self._known.items()
        }

    def _begin(self, incident: Incident, now_ms: int) -> None:
        if self._known.get(incident.name) is not incident:
            return
        self._happened[incident.name] = self._happened.get(incident.name, 0) + 1
        self._ends[incident.name] = self._start(incident, now_ms)
        if incident.for_ms is not None:
            self._venue.exchange.schedule.at(now_ms + incident.for_ms, lambda _: self._end_of(incident))

    def _end_of(self, incident: Incident) -> None:
        if self._known.get(incident.name) is incident:
            self._end(incident.name)

    def _end(self, name: str) -> None:
        end = self._ends.pop(name, None)
        if end is not None:
            end()

    def _start(self, incident: Incident, now_ms: int) -> End:
        """Do what an incident is, and return what ends it."""
        venue = self._venue
        match incident.what:
            case What.RESTART:
                venue.exchange.mode.restart(
                    now_ms,
                    incident.for_ms or RESTART_MS,
                    POST_ONLY_MS if incident.delay_ms is None else incident.delay_ms,
                )
                return lambda: None
            case What.POST_ONLY | What.CANCEL_ONLY | What.DISABLED:
                return self._mode(VenueState[incident.what.name], now_ms, incident.for_ms or 0)
            case What.RATE_LIMITS:
                return self._overlay(venue.desk.limits, "mode", LimitMode.ENFORCE)
            case What.BALANCE_LAG:
                return self._overlay(venue.exchange.settlement, "lag_ms", incident.wait_ms)
            case What.TRADE_FAILED | What.TRADE_RETRYING | What.SETTLEMENT_SLOW:
                return self._overlay(venue.exchange.settlement, "plan", self._settlement(incident))
            case What.BLANK_KILLED:
                return self._overlay(venue.feeds, "blank_killed", True)
            case What.TICK_FLIP:
                return self._flip_ticks(now_ms)
            case What.MARKET_HALTED:
                return self._halt(now_ms)
            case What.HYDRATION_DELAY:
                ends = [self._overlay(calendar, "hydration_extra_ms", incident.wait_ms) for calendar in venue.calendars]
                return lambda: _all(ends)
            case What.CLOCK_SKEW:
                return self._overlay(venue.desk, "skew_ms", incident.wait_ms)
            case What.RTDS_STALL:
                return self._overlay(venue.rtds, "is_stalled", True)
            case What.POLYBOLT_DRAIN:
                venue.polybolt.drain()
                return lambda: None
            case _:
                raise AssertionError(f"{incident.what} is the fault board's")

    def _overlay(self, owner: object, name: str, value: object) -> End:
        """Set an attribute for as long as an incident lasts; of several the latest counts, whichever ends first."""
        key = (id(owner), name)
        layers = self._layers.setdefault(key, [_Layer(getattr(owner, name))])
        layer = _Layer(value)
        layers.append(layer)
        setattr(owner, name, value)

        def end() -> None:
            layers.remove(layer)
            setattr(owner, name, layers[-1].value)
            if len(layers) == 1:
                self._layers.pop(key, None)

        return end

    def _mode(self, state: VenueState, now_ms: int, for_ms: int) -> End:
        """Enter a mode; when it ends, the latest of those that are still on counts again. A restart is left alone."""
        mode = self._venue.exchange.mode
        mode.set(state, now_ms, for_ms)
        layer = _ModeLayer(state, mode.until_ms)
        self._modes.append(layer)

        def end() -> None:
            self._modes.remove(layer)
            at_ms = self._venue.exchange.now_ms
            left = [each for each in self._modes if not each.until_ms or each.until_ms > at_ms]
            if mode.state not in (state, VenueState.NORMAL):
                return
            if left:
                mode.set(left[-1].state, at_ms, max(0, left[-1].until_ms - at_ms))
            else:
                mode.set(VenueState.NORMAL, at_ms)

        return end

    def _settlement(self, incident: Incident) -> SettlementPlan:
        """Return a plan that lets some trades, up to `count`, go as the incident says, and all others as before."""
        after_ms = incident.wait_ms
        ordinary = self._ordinary_plan
        dice = Dice(self._seed, incident.name)
        left = incident.count

        def plan(trade: Trade) -> Sequence[tuple[int, TradeStatus]]:
            nonlocal left
            steps = ordinary(trade)
            if left == 0 or not dice.chance(incident.permille * 1_000):
                return steps
            if left is not None:
                left -= 1
            self._happened[incident.name] += 1
            if incident.what == What.SETTLEMENT_SLOW:
                return [(at_ms + after_ms, status) for at_ms, status in steps]
            if incident.what == What.TRADE_FAILED:
                return [(after_ms, TradeStatus.RETRYING), (2 * after_ms, TradeStatus.FAILED)]
            return [(after_ms, TradeStatus.RETRYING), *((at_ms + 2 * after_ms, status) for at_ms, status in steps)]

        return plan

    def _flip_ticks(self, now_ms: int) -> End:
        """Let open markets have the fine tick; what they had comes back with the end of the last such incident."""
        self._flips += 1
        known = {market.spec.condition_id for market, _, _ in self._flipped}
        for market in self._venue.exchange.markets.values():
            if market.phase == Phase.OPEN and market.spec.condition_id not in known:
                self._flipped.append((market, market.tick_flips, market.tick_e4))
                market.tick_flips = False
                self._set_tick(market, FINE_TICK_E4, now_ms)

        def end() -> None:
            self._flips -= 1
            if self._flips:
                return
            flipped, self._flipped = self._flipped, []
            for market, flips, tick_e4 in flipped:
                market.tick_flips = flips
                self._set_tick(market, tick_e4, self._venue.exchange.now_ms)

        return end

    def _set_tick(self, market: Market, tick_e4: int, now_ms: int) -> None:
        if market.tick_e4 != tick_e4 and market.phase != Phase.RESOLVED:
            old_e4, market.tick_e4 = market.tick_e4, tick_e4
            self._venue.exchange.notices.append(TickChanged(now_ms, market, old_e4, tick_e4))

    def _halt(self, now_ms: int) -> End:
        """Halt open markets; they open with the end of the last such incident."""
        exchange = self._venue.exchange
        self._halts += 1
        for market in list(exchange.markets.values()):
            if market.phase == Phase.OPEN:
                self._halted.append(market)
                exchange.set_phase(market, Phase.HALTED, now_ms)

        def end() -> None:
            self._halts -= 1
            if self._halts:
                return
            halted, self._halted = self._halted, []
            for market in halted:
                if market.phase == Phase.HALTED:
                    exchange.set_phase(market, Phase.OPEN, exchange.now_ms)

        return end


def _all(ends: Sequence[End]) -> None:
    for end in ends:
        end()
