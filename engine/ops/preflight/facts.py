"""What preflight knows: about this machine, the account and the venue; a fact that could not be had says why."""

import msgspec


class Lost(msgspec.Struct, frozen=True):
    """A fact that could not be had, and why."""

    why: str


class Untold(msgspec.Struct, frozen=True):
    """A fact that was not asked for, and why not."""

    why: str


class AccountFacts(msgspec.Struct, frozen=True):
    """Who would trade: addresses as text, how orders are signed, and whether the wallet was stated or derived."""

    eoa: str
    wallet: str
    signature_type: int
    is_stated: bool


class Geoblock(msgspec.Struct, frozen=True):
    """What the venue says of where we are."""

    blocked: bool
    country: str


class TrialOrder(msgspec.Struct, frozen=True):
    """What became of the order that was placed to be cancelled: what it was, and what the venue said."""

    what: str
    is_placed: bool
    is_cancelled: bool
    said: str


class RingFacts(msgspec.Struct, frozen=True):
    """The ring: whether it is there, whether a feeder writes it, what is wrong with it, and room for one in bytes."""

    name: str
    is_there: bool
    is_written: bool
    fault: str
    free_bytes: int
    needed_bytes: int


class MachineFacts(msgspec.Struct, frozen=True):
    """This machine: the config's source, its hash and warning, state, kill switch, other programs, ring and disk."""

    config_source: str
    config_hash: str
    mode: str
    state: str | Lost
    known_orders: frozenset[str]
    killed: str | None
    engine: str
    """Which engine holds the wallet or the state, "" for none."""
    foreign_units: tuple[str, ...]
    foreign_running: tuple[str, ...]
    ring: RingFacts
    disk_free_bytes: int
    minimum_u6: int


class VenueFacts(msgspec.Struct, frozen=True):
    """What the venue says; `skew_ms` is ours less its clock, as near as the round trip lets one see."""

    url: str
    proxy: str | None
    round_trip_ms: int | Lost
    version: int | Lost
    skew_ms: int | Lost
    geoblock: Geoblock | Lost | Untold
    api_key: str | Lost
    collateral_u6: int | Lost
    allowances: dict[str, int] | Lost
    is_deployed: bool | Lost | Untold
    resting: tuple[str, ...] | Lost
    trial: TrialOrder | Lost | Untold


class Facts(msgspec.Struct, frozen=True):
    """Everything that the checks look at."""

    machine: MachineFacts
    account: AccountFacts | Lost
    venue: VenueFacts
