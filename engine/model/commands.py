"""What a strategy may ask for and what leaves the kernel: an approved intent is the command (decision 8 lists them).

An intent has `salt` 0; the kernel stamps salt and timestamp_ms on the command, which fixes the venue's order id before
the bytes leave. `order` is (round, counter, purpose), so a replay repeats it.
"""

from enum import IntEnum

import msgspec

from engine.model.events import Side


class Command(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all intents and commands."""


class TimeInForce(IntEnum):
    """How long an order may work."""

    GTC = 1
    GTD = 2
    FOK = 3
    FAK = 4


class Purpose(IntEnum):
    """Why an order exists; the last part of its id."""

    ENTRY = 1
    TAKE_PROFIT = 2
    STOP = 3


class Place(Command, frozen=True, array_like=True, gc=False, tag=1):
    """Place one order; `expiration_s` is a Unix time, 0 = none (GTD only).

    `prepared` names the Prepare whose signature fits: salt and timestamp_ms are the same, so a gateway that has lost
    the signature makes the same order again.
    """

    order: str
    asset: int
    side: Side
    price_e4: int
    size_u6: int
    tif: TimeInForce
    purpose: Purpose
    post_only: bool = False
    expiration_s: int = 0
    salt: int = 0
    timestamp_ms: int = 0
    prepared: str = ""


class Prepare(Command, frozen=True, array_like=True, gc=False, tag=2):
    """Sign an order ahead of time; a later Place names it in `prepared`."""

    order: str
    asset: int
    side: Side
    price_e4: int
    size_u6: int
    tif: TimeInForce
    purpose: Purpose
    salt: int = 0
    timestamp_ms: int = 0


class Cancel(Command, frozen=True, array_like=True, gc=False, tag=3):
    """Cancel one order by its id."""

    order: str


class CancelMarket(Command, frozen=True, array_like=True, gc=False, tag=4):
    """Cancel everything that rests in one market (both tokens), named by one of its assets."""

    asset: int


class CancelAll(Command, frozen=True, array_like=True, gc=False, tag=5):
    """Cancel everything that rests on the account."""


class ReadOrder(Command, frozen=True, array_like=True, gc=False, tag=6):
    """Ask the venue what became of an order and for its trades; the answers are OrderState and Fill events."""

    order: str


class ReadPosition(Command, frozen=True, array_like=True, gc=False, tag=7):
    """Ask what we hold of a token and what of it can be sold; the answers are Position and Sellable."""

    asset: int


class ReadBook(Command, frozen=True, array_like=True, gc=False, tag=8):
    """Ask for a token's book over REST; the answer is Book, or Unknown."""

    asset: int


class Alert(Command, frozen=True, array_like=True, gc=False, tag=9):
    """Tell a person; `code` is in engine.model.codes."""

    code: str
    text: str = ""


class ReadWallet(Command, frozen=True, array_like=True, gc=False, tag=10):
    """Ask for collateral and redeemable shares; the answer is Wallet, or nothing where nobody answers."""


AnyCommand = (
    Place | Prepare | Cancel | CancelMarket | CancelAll | ReadOrder | ReadPosition | ReadBook | Alert | ReadWallet
)
