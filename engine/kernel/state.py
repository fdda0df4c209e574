"""The kernel's complete state: a journal begins with it, and a kernel that is given it goes on as if it had never
stopped.
"""

from typing import Final

import msgspec

from engine.firewall.budget import MutationBudget
from engine.model.commands import Place, Prepare
from engine.model.events import Market, VenueBudget, VenueState
from engine.risk.breakers import Breakers
from engine.risk.guardian import Guardian
from engine.risk.reconcile import Reconciler
from engine.strategy.bucket.round import Round


class Dust(msgspec.Struct, frozen=True, array_like=True):
    """What is left of one token below the minimum size, at its averaged cost."""

    size_u6: int
    cost_u6: int


class Fired(msgspec.Struct, frozen=True, array_like=True):
    """When a guard last acted, and on what."""

    ts_ns: int
    detail: str


STATE_FORMAT: Final = 3
"""Raised with every change of what a state holds or of what an event leads to: an older journal, replayed by newer
rules, would not name the orders that were sent. Its state is refused, by its first value.
"""


class KernelState(msgspec.Struct, array_like=True, kw_only=True, tag=STATE_FORMAT):
    """Strategy, risk, budgets, dust, bankroll, kill switch and the orders that left; nothing else decides."""

    bankroll_u6: int
    seq: int = 0
    killed: bool = False
    stopping: bool = False  # the session is ending
    kill_reason: str = ""
    venue: VenueState = VenueState.NORMAL
    budget: MutationBudget = MutationBudget()
    rounds: dict[str, Round] = {}
    announced: dict[str, Market] = {}  # condition id -> the first token's OPENED, until its peer's comes
    slug_of_asset: dict[int, str] = {}
    broken: dict[str, str] = {}  # slug -> the exception that stopped its round
    dust: dict[str, Dust] = {}
    assets_seen: int = 0  # the next token gets this number, in every later session too
    rounds_over: int = 0
    last_timestamp_ms: int = 0
    placed: dict[str, Place] = {}  # every order that left, as stamped, until its round is dropped: gives back its id
    breakers: Breakers = Breakers()
    guardian: Guardian = Guardian()
    reconciler: Reconciler = Reconciler()
    venue_budget: VenueBudget | None = None
    fired: dict[str, Fired] = {}  # guard or code -> when it last acted
    prepared: dict[str, Prepare] = {}  # slug -> the order that was signed ahead, as stamped


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(KernelState)


def encode_state(state: KernelState) -> bytes:
    """Return the state as bytes; equal states give equal bytes."""
    return _ENCODER.encode(state)


def decode_state(data: bytes) -> KernelState:
    """Return the state that `encode_state` made bytes of."""
    return _DECODER.decode(data)
