"""A paper venue with one market open, and short ways to trade on it."""

from engine.execution.paper.ledger import Ledger
from engine.execution.paper.venue import PaperParams, PaperVenue
from engine.model.commands import Place, Purpose, TimeInForce
from engine.model.events import Event, Side
from engine.model.units import NS_PER_S
from tests.unit.engine.rounds import DOWN, UP, at, book, opened

CASH_U6 = 100_000_000


def place(
    order: str,
    side: Side,
    price_e4: int,
    shares: float,
    tif: TimeInForce = TimeInForce.GTC,
    *,
    asset: int = UP,
    post_only: bool = False,
    expiration_s: int = 0,
) -> Place:
    """Return a command to place an order."""
    purpose = Purpose.ENTRY if side == Side.BUY else Purpose.STOP
    return Place(order, asset, side, price_e4, round(shares * 1_000_000), tif, purpose, post_only, expiration_s)


class Desk:
    """A venue whose time moves when it is told to."""

    def __init__(self, params: PaperParams | None = None, ledger: Ledger | None = None) -> None:
        self.venue = PaperVenue(params or PaperParams(), CASH_U6, ledger)
        self.seen: list[Event] = []
        for asset in (UP, DOWN):
            self.venue.observe(opened(asset), at(-5))
        self.show(0, 6_000, 6_200)

    def show(self, seconds: float, bid_e4: int, ask_e4: int, shares: int = 100, asset: int = UP) -> None:
        """Let everything happen that is due before, then show a book."""
        self.run(seconds)
        self.venue.observe(book(asset, seconds, bid_e4, ask_e4, shares), at(seconds))

    def send(self, seconds: float, command: object) -> None:
        """Submit a command."""
        self.run(seconds)
        self.venue.submit(command, at(seconds))  # type: ignore[arg-type]

    def run(self, seconds: float) -> list[Event]:
        """Let time pass and return what has been answered since the last look, in order."""
        answered: list[Event] = []
        while (due_ns := self.venue.next_due_ns()) <= at(seconds):
            answered += self.venue.take(due_ns)
        self.seen += answered
        return answered

    def answers(self, seconds: float) -> list[Event]:
        """Let time pass and return everything that was answered so far, forgetting it."""
        self.run(seconds)
        seen, self.seen = self.seen, []
        return seen

    def bought(self, shares: float = 10.0, price_e4: int = 6_200) -> None:
        """Buy at the ask and wait until the shares can be sold."""
        self.send(1, place("b/1/entry", Side.BUY, price_e4, shares, TimeInForce.FAK))
        self.answers(1 + 10)


def seconds_of(event: Event) -> float:
    """Return when an event came, in seconds of the window."""
    return (event.ts_ns - at(0)) / NS_PER_S
