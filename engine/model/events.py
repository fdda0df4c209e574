"""Everything that can happen to the engine, as typed values: the kernel's only inputs (decision 8 lists them).

Each event is a small frozen struct that msgspec encodes as an array, so that a journal is compact and a replay decodes
what live saw. `ts_ns` is the only now that a decision may use; it is stamped once, at the queue's mouth. `asset` is a
small integer that the shell allots to a token when its first Market event arrives; it is stable for a whole journal.
`order` is the kernel's own order id (round, counter, purpose); `remote_id` is what the venue calls it.
"""

from enum import IntEnum

import msgspec

from engine.model.fees import FeeSchedule


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all events: when it reached the engine's queue, Unix nanoseconds."""

    ts_ns: int


class Side(IntEnum):
    """The side of an order or of a trade's taker."""

    BUY = 0
    SELL = 1


class MarketChange(IntEnum):
    """What a Market event says happened (the same numbers as shm.layout.MarketChange)."""

    OPENED = 1
    TICK = 2
    CLOSED = 3
    RESOLVED = 4


class FeedChange(IntEnum):
    """What a Feed event says happened (the same numbers as shm.layout.FeedChange)."""

    CONNECTED = 1
    STALE = 2
    GAP = 3
    RESYNCED = 4
    ENDED = 5


class GoneReason(IntEnum):
    """Why an order no longer rests."""

    CANCELED = 1
    EXPIRED = 2
    KILLED = 3  # an immediate order's unfilled rest
    MARKET_CLOSED = 4
    NOT_FOUND = 5
    BALANCE = 6  # cancelled by the venue: over-committed
    FILLED = 7  # completely matched, said by an order read


class Settlement(IntEnum):
    """How far a trade is on its way to the chain."""

    MATCHED = 1
    MINED = 2
    CONFIRMED = 3
    RETRYING = 4
    FAILED = 5


class VenueState(IntEnum):
    """What the venue accepts at the moment (protocol.md 4.8, 4.9)."""

    NORMAL = 1
    RESTARTING = 2  # 425
    POST_ONLY = 3
    CANCEL_ONLY = 4
    DISABLED = 5


class Origin(IntEnum):
    """Who refused an order."""

    VENUE = 1
    FIREWALL = 2
    RISK = 3


class Tob(Event, frozen=True, array_like=True, gc=False, tag=1):
    """The newest top of book of one asset: two levels a side, size 0 = no such level; `skipped` older ones were not
    shown.
    """

    asset: int
    bid1_price_e4: int
    bid1_size_u6: int
    ask1_price_e4: int
    ask1_size_u6: int
    bid2_price_e4: int
    bid2_size_u6: int
    ask2_price_e4: int
    ask2_size_u6: int
    venue_ts_ns: int = 0
    flags: int = 0
    skipped: int = 0


class Trade(Event, frozen=True, array_like=True, gc=False, tag=2):
    """A public trade: the taker's side, price and size."""

    asset: int
    taker_side: Side
    price_e4: int
    size_u6: int


class Spot(Event, frozen=True, array_like=True, gc=False, tag=3):
    """A reference price in 1e-8 USD; `strike` marks the price to beat of the window that begins at `observed_ts_ns`."""

    source: int
    price_e8: int
    observed_ts_ns: int
    strike: bool = False


class Market(Event, frozen=True, array_like=True, gc=False, tag=4):
    """A market fact about one token: what an order must obey. `asset` names it from here on; `peer` is
    the other token.
    """

    asset: int
    peer: int
    change: MarketChange
    token_id: str
    condition_id: str
    slug: str
    window_start_s: int
    window_length_s: int
    outcome: int  # 1 Up, 2 Down
    tick_e4: int
    min_size_u6: int
    fees: FeeSchedule
    result: int = 0  # RESOLVED: 1 this token won, 2 it lost
    flags: int = 0


class Feed(Event, frozen=True, array_like=True, gc=False, tag=5):
    """The feed of one asset (or of all, asset -1) changed state. A feeder that fell silent is a STALE for all."""

    asset: int
    change: FeedChange
    detail: int = 0


class Gap(Event, frozen=True, array_like=True, gc=False, tag=6):
    """The ring lapped the reader: `lost` records; no asset is fresh until its book has been read again."""

    lost: int


class Tick(Event, frozen=True, array_like=True, gc=False, tag=7):
    """Time passed: the shell sends it when a `wake_at_ns` is due and when a silent feed leaves nothing else to say."""


class Accepted(Event, frozen=True, array_like=True, gc=False, tag=8):
    """The venue took the order; `resting` is false for a held or delayed one."""

    order: str
    remote_id: str = ""
    resting: bool = True


class Rejected(Event, frozen=True, array_like=True, gc=False, tag=9):
    """The order (or, with `cancel`, the wish to cancel it) was refused; `retry_at_ns` 0 = no time is known."""

    order: str
    code: str
    origin: Origin = Origin.VENUE
    retry_at_ns: int = 0
    text: str = ""
    cancel: bool = False


class Gone(Event, frozen=True, array_like=True, gc=False, tag=10):
    """The order no longer rests; `filled_u6` is what it had filled in all, -1 where the source does not say."""

    order: str
    reason: GoneReason
    filled_u6: int = -1


class Fill(Event, frozen=True, array_like=True, gc=False, tag=11):
    """One fill of one of our orders, counted once by (trade_id, order); later settlements of it repeat
    the same pair. `cash_u6` is the money that moved, without the fee; -1 = what the price says, against us.
    """

    order: str
    trade_id: str
    asset: int
    side: Side
    price_e4: int
    size_u6: int
    fee_u6: int
    maker: bool
    settlement: Settlement = Settlement.MATCHED
    cash_u6: int = -1


class FillReversed(Event, frozen=True, array_like=True, gc=False, tag=12):
    """A matched trade failed on its way to the chain: its fill is taken back."""

    order: str
    trade_id: str


class Unknown(Event, frozen=True, array_like=True, gc=False, tag=13):
    """No answer: the order may exist. It blocks its leg until it is resolved by its id. `what` = place,
    cancel or read.
    """

    order: str
    what: str = "place"


class OrderState(Event, frozen=True, array_like=True, gc=False, tag=14):
    """The answer to ReadOrder: whether the order exists, still rests, and how much of it is filled."""

    order: str
    found: bool
    resting: bool = False
    filled_u6: int = 0


class Position(Event, frozen=True, array_like=True, gc=False, tag=15):
    """What a remote source says that we hold; it only ever contradicts the fill ledger, it never replaces it."""

    asset: int
    size_u6: int
    average_price_e4: int = 0
    source: str = ""


class Book(Event, frozen=True, array_like=True, gc=False, tag=16):
    """The answer to ReadBook: best levels as REST said them (0 = that side is empty)."""

    asset: int
    bid1_price_e4: int
    bid1_size_u6: int
    ask1_price_e4: int
    ask1_size_u6: int
    venue_ts_ns: int = 0


class Sellable(Event, frozen=True, array_like=True, gc=False, tag=17):
    """The venue's balance of a token: what can be sold now."""

    asset: int
    size_u6: int


class VenueMode(Event, frozen=True, array_like=True, gc=False, tag=18):
    """The venue accepts everything again, or something less."""

    state: VenueState
    until_ns: int = 0


class Operator(Event, frozen=True, array_like=True, gc=False, tag=19):
    """A person's word: kill, resume, or stop (finish: cancel everything, start nothing); or a live shell's: start.

    `start` begins a session whose gateway can be asked: the wallet is read, and judged before anything is risked.
    """

    action: str
    who: str = ""
    reason: str = ""


class Outcome(Event, frozen=True, array_like=True, gc=False, tag=20):
    """How a market was resolved for one token: `won`, or unknown (the recording does not tell: listed, not settled)."""

    asset: int
    known: bool
    won: bool = False
    source: str = ""


class Breaker(Event, frozen=True, array_like=True, gc=False, tag=21):
    """A circuit breaker outside the kernel tripped or closed again: user_stream, clock_skew, heartbeat, journal ...

    While one is tripped nothing is quoted; `name` is in engine.model.codes.BreakerName.
    """

    name: str
    tripped: bool
    detail: str = ""


class Wallet(Event, frozen=True, array_like=True, gc=False, tag=22):
    """What the wallet holds, in 1e-6 USD: collateral on the chain and what winning shares can still be redeemed for."""

    collateral_u6: int
    redeemable_u6: int
    source: str = ""


class VenueBudget(Event, frozen=True, array_like=True, gc=False, tag=23):
    """How many orders the venue's own token bucket still takes, and when it is full again."""

    remaining: int
    reset_ns: int


class Foreign(Event, frozen=True, array_like=True, gc=False, tag=24):
    """An order or a trade on our wallet that is not ours: `what` = order or trade, `remote_id` the venue's id of it."""

    what: str
    remote_id: str
    acknowledged: bool = False


AnyEvent = (
    Tob
    | Trade
    | Spot
    | Market
    | Feed
    | Gap
    | Tick
    | Accepted
    | Rejected
    | Gone
    | Fill
    | FillReversed
    | Unknown
    | OrderState
    | Position
    | Book
    | Sellable
    | VenueMode
    | Operator
    | Outcome
    | Breaker
    | Wallet
    | VenueBudget
    | Foreign
)
