"""The state of one round: everything that the bucket strategy knows, and nothing that it would have to look up
elsewhere.
"""

from typing import Final

import msgspec

from engine.model.events import Market, Side, VenueState
from engine.model.market import View, open_view
from engine.model.orders import Order
from engine.model.records import RoundRecord
from engine.model.units import NS_PER_S, PRICE_ONE_E4, SIZE_GRID_U6
from engine.strategy.bucket.stages import Stage

FLAT_BELOW_U6: Final = 10_000
"""Less than 0.01 share is flat: fills have 6 decimals and sells 2; the residue settles with the market."""


class FillRow(msgspec.Struct, frozen=True, array_like=True):
    """One counted fill; `reversed` ones stay as rows so that a repeated message cannot count them again."""

    order: str
    trade_id: str
    side: Side
    price_e4: int
    size_u6: int
    fee_u6: int
    maker: bool
    cash_u6: int  # what moved, without the fee
    reversed: bool = False


class Prepared(msgspec.Struct, frozen=True, array_like=True):
    """The stop order that was asked to be signed ahead: its name, its terms, and the tick they were derived with."""

    order: str
    asset: int
    price_e4: int
    size_u6: int
    tick_e4: int


class Round(msgspec.Struct, array_like=True, kw_only=True):
    """One window's state. `step` works on a copy; nested values are never changed in place."""

    slug: str
    start_ns: int
    end_ns: int
    up: View
    down: View
    stage: Stage = Stage.WAIT_ENTRY
    stages_seen: tuple[Stage, ...] = (Stage.WAIT_ENTRY,)
    leg: int = -1  # asset; fixed from the first fill on
    entry: Order | None = None
    exit: Order | None = None
    past: tuple[Order, ...] = ()
    fills: tuple[FillRow, ...] = ()
    counter: int = 0
    prepares: int = 0
    prepared: Prepared | None = None

    held_u6: int = 0
    bought_u6: int = 0  # since the holding began: for the average price
    bought_cost_u6: int = 0
    sellable_u6: int = 0
    spent_u6: int = 0
    received_u6: int = 0
    fees_u6: int = 0
    dust: tuple[tuple[int, int, int], ...] = ()  # earlier dust: (asset, size_u6, cost_u6)

    entries: int = 0
    stops: int = 0
    late_reentries: int = 0
    reentry: bool = False
    closing: bool = False  # cancel what works, then DONE
    stopping: bool = False  # the session ends: cancel what works, start nothing; the next session goes on from here
    safe_reason: str = ""

    stop_wait_record: bool = False  # the next stop order waits for a fresh record with a bid
    stop_sent_ns: int = 0
    stop_sent: bool = False  # since the stop latched
    leg_bid_e4: int = 0  # the last bid of others for the leg while its market was open; it marks the position
    tp_bid_e4: int = 0  # external bid when the take-profit was derived
    tp_sent_ns: int = 0

    hold_until_ns: int = 0
    wait_record: bool = False  # derive again only on the next record
    no_entry: bool = False
    post_only_crosses: int = 0
    tick_refusals: int = 0
    read_position_ns: int = 0
    read_book_ns: int = 0
    read_orders_ns: int = 0
    settling_since_ns: int = 0
    venue: VenueState = VenueState.NORMAL
    entries_from_ns: int = 0
    alerted: tuple[str, ...] = ()
    wake_ns: int = 0
    outcome_said: bool = False  # an Outcome came, known or not
    settled: bool = False
    won: bool | None = None
    filled_ns: int = 0  # when a fill was last counted or taken back
    presigned: str = ""  # the last stop that was sent with a signature made ahead

    def view(self, asset: int) -> View:
        """Return the view of one of the round's two tokens."""
        return self.up if asset == self.up.asset else self.down

    @property
    def leg_view(self) -> View | None:
        """The view of the round's leg, once it has one."""
        return None if self.leg < 0 else self.view(self.leg)

    @property
    def is_flat(self) -> bool:
        """Whether nothing that could be sold is held."""
        return self.held_u6 < FLAT_BELOW_U6

    @property
    def entry_price_e4(self) -> int:
        """The average price paid for the shares held, rounded down; 0 when nothing was bought."""
        return self.bought_cost_u6 * PRICE_ONE_E4 // self.bought_u6 if self.bought_u6 else 0

    @property
    def sell_size_u6(self) -> int:
        """What may be sold now, on the 0.01 grid: the position as far as the venue's balance covers it."""
        size_u6 = min(self.held_u6, self.sellable_u6)
        return size_u6 - size_u6 % SIZE_GRID_U6 if size_u6 > 0 else 0

    @property
    def worth_u6(self) -> int:
        """What is held, at the lower of its cost and the last bid; at what it pays once the outcome is known."""
        if self.settled:
            return self.held_u6 if self.won else 0
        if self.is_flat:
            return 0
        return min(self.leg_bid_e4 * self.held_u6 // PRICE_ONE_E4, self.bought_cost_u6)

    def working(self) -> list[Order]:
        """Return the orders that may still trade."""
        orders = [order for order in (self.entry, self.exit) if order is not None]
        if self.past:
            orders += [order for order in self.past if order.is_working]
        return orders


def open_round(up: Market, down: Market, dust: tuple[tuple[int, int, int], ...] = ()) -> Round:
    """Return a fresh round for the window of two MARKET/OPENED events; `dust` is earlier dust of these very tokens."""
    start_ns = up.window_start_s * NS_PER_S
    end_ns = start_ns + up.window_length_s * NS_PER_S
    return Round(
        slug=up.slug,
        start_ns=start_ns,
        end_ns=end_ns,
        up=open_view(up),
        down=open_view(down),
        dust=dust,
        wake_ns=start_ns,
    )


def record_of(state: Round) -> RoundRecord:
    """Return what a round came to, as far as it is known now: the money, the stages, the fills."""
    payout_u6 = state.held_u6 if state.won else 0
    return RoundRecord(
        slug=state.slug,
        leg="" if state.leg < 0 else ("YES" if state.leg == state.up.asset else "NO"),
        stages=[stage.name for stage in state.stages_seen],
        entries=state.entries,
        stops=state.stops,
        fills=sum(1 for fill in state.fills if not fill.reversed),
        orders=state.counter,
        spent_u6=state.spent_u6,
        received_u6=state.received_u6,
        fees_u6=state.fees_u6,
        held_u6=state.held_u6,
        settled=state.settled or state.is_flat,
        won=state.won,
        pnl_u6=state.received_u6 + payout_u6 - state.spent_u6 - state.fees_u6,
        safe_reason=state.safe_reason,
    )
