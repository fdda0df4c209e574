"""The control API, on a port of its own: faults, money, wallets, markets, and whether the books are right.

Nothing here exists at the venue. Bodies and answers are JSON; a mistake is answered 400 with what was expected.
"""

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from engine.exchange.calendar import make_ids
from engine.exchange.core.audit import audit
from engine.exchange.core.ledger import Account
from engine.exchange.core.market import Market, MarketSpec, Phase
from engine.exchange.incidents import Incidents, Venue
from engine.exchange.members import Members, Wallet
from engine.exchange.scenario import MEANINGS, Incident, Scenario, check_incident
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Handler, Request, Response, error_response, json_response
from engine.exchange.server.routes import Routes
from engine.model.fees import CRYPTO_FEES, NO_FEES
from engine.model.units import SHARE_U6, U6
from engine.venue.addresses import checksum_address, parse_address

USD_MAX: Final = 1_000_000_000
TICKS_E4: Final = (1, 10, 25, 50, 100, 1_000)
"""The venue's (protocol.md 2.4)."""
FOR_S_MAX: Final = 10 * 365 * 86_400


class ControlledVenue(Venue, Protocol):
    """What the control API changes."""

    members: Members


class Deposit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Collateral for a wallet, in USD; negative takes it out again."""

    wallet: str
    usd: int


class WalletRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A wallet as it shall be: `approved` approves whatever the official client approves, or withdraws all of it;
    `closed_only` lets it sell and not buy.
    """

    address: str
    owner: str
    signature_type: int = 3
    deployed: bool = True
    allowed: bool = True
    approved: bool = True
    banned: bool = False
    closed_only: bool = False


class MarketRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A binary market beside the windows; markets with one `event_slug` are one event."""

    slug: str
    question: str = ""
    outcomes: tuple[str, str] = ("Yes", "No")
    event_slug: str = ""
    neg_risk: bool = False
    version: str = "v1"
    fees: bool = False
    hold_ms: int = 0
    tick_e4: int = 100
    min_size: int = 5
    for_s: int = 86_400


class Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which outcome won, 0 or 1."""

    winner: int


class Control:
    """The handlers of the control API."""

    def __init__(self, venue: ControlledVenue, seed: int = 0) -> None:
        self._venue = venue
        self.incidents = Incidents(venue, seed)

    def play(self, scenario: Scenario) -> None:
        """Let everything that a scenario says happen, counted from now."""
        self.incidents = Incidents(self._venue, scenario.seed)
        for incident in scenario.fault:
            self.incidents.add(incident)

    def add_to(self, routes: Routes) -> None:
        """Add the calls."""
        for method, path, handler in (
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults/{name}", self.remove_fault),
            ("POST", "/deposits", self.deposit),
            ("POST", "/wallets", self.set_wallet),
            ("GET", "/wallets/{address}", self.wallet),
            ("POST", "/markets", self.list_market),
            ("GET", "/markets", self.markets),
            ("POST", "/markets/{condition_id}/resolve", self.resolve),
            ("POST", "/markets/{condition_id}/halt", lambda request: self._phase(request, Phase.HALTED)),
            ("POST", "/markets/{condition_id}/open", lambda request: self._phase(request, Phase.OPEN)),
            ("POST", "/trades/{trade_id}/fail", self.fail_trade),
            ("GET", "/audit", self.audit),
        ):
            routes.add(Service.CLOB, method, path, _guarded(handler))

    def list_faults(self, request: Request) -> Response:
        """Return what can go wrong, and what does."""
        del request
        return json_response(
            {"known": {str(what): text for what, text in MEANINGS.items()}, "faults": self.incidents.listed()}
        )

    def add_fault(self, request: Request) -> Response:
        """Let something go wrong, counted from now."""
        incident = msgspec.json.decode(request.body, type=Incident)
        check_incident(incident)
        self.incidents.add(incident)
        return json_response({"name": incident.name})

    def remove_fault(self, request: Request) -> Response:
        """End it."""
        if self.incidents.remove(request.variables[0]):
            return json_response("OK")
        return error_response(404, "no such fault")

    def deposit(self, request: Request) -> Response:
        """Give a wallet collateral, known to the order book service at once."""
        wanted = msgspec.json.decode(request.body, type=Deposit)
        address = checksum_address(parse_address(wanted.wallet))
        if abs(wanted.usd) > USD_MAX:
            raise ValueError(f"expected at most {USD_MAX} USD, was {wanted.usd}")
        account = self._venue.exchange.ledger.account(address)
        if account.movable_u6("") + wanted.usd * U6 < 0:
            raise ValueError(f"expected at most {account.movable_u6('')} of 1e-6 USD to take out, was {wanted.usd} USD")
        self._venue.exchange.deposit(address, wanted.usd * U6)
        return json_response(_balances(account))

    def set_wallet(self, request: Request) -> Response:
        """Make a wallet what it shall be."""
        wanted = msgspec.json.decode(request.body, type=WalletRequest)
        address = checksum_address(parse_address(wanted.address))
        owner = checksum_address(parse_address(wanted.owner))
        if wanted.signature_type not in range(4):
            raise ValueError(f"expected a signature type from 0 to 3, was {wanted.signature_type}")
        new = Wallet(address=address, owner=owner, signature_type=wanted.signature_type)
        wallet = self._venue.members.add_wallet(new)
        wallet.owner, wallet.signature_type = owner, wanted.signature_type
        wallet.deployed, wallet.allowed = wanted.deployed, wanted.allowed
        members = self._venue.members
        for addresses, contains in ((members.banned, wanted.banned), (members.closed_only, wanted.closed_only)):
            (addresses.add if contains else addresses.discard)(address)
        wallet.allowances.clear()
        wallet.operators.clear()
        if wanted.approved:
            wallet.approve_all()
        return json_response("OK")

    def wallet(self, request: Request) -> Response:
        """Return what a wallet has on chain, what of it is spoken for, and what the order book service knows."""
        address = checksum_address(parse_address(request.variables[0]))
        self._venue.desk.advance()
        self._venue.desk.pump()
        return json_response(_balances(self._venue.exchange.ledger.account(address)))

    def list_market(self, request: Request) -> Response:
        """List a market, open at once."""
        wanted = msgspec.json.decode(request.body, type=MarketRequest)
        if wanted.version not in ("v1", "v2"):
            raise ValueError(f"expected version v1 or v2, was {wanted.version!r}")
        if wanted.tick_e4 not in TICKS_E4:
            raise ValueError(f"expected a tick_e4 of {', '.join(map(str, TICKS_E4))}, was {wanted.tick_e4}")
        if wanted.min_size < 1 or wanted.hold_ms < 0 or not 1 <= wanted.for_s <= FOR_S_MAX:
            raise ValueError(f"expected min_size >= 1, hold_ms >= 0 and for_s from 1 to {FOR_S_MAX}, was {wanted}")
        condition_id, tokens = make_ids(wanted.slug, wanted.version)
        if any(market.spec.slug == wanted.slug for market in self._venue.exchange.markets.values()):
            raise ValueError(f"{wanted.slug} is listed already")
        now_ms = self._venue.desk.now_ms()
        spec = MarketSpec(
            slug=wanted.slug,
            question=wanted.question or wanted.slug,
            outcomes=wanted.outcomes,
            event_slug=wanted.event_slug or wanted.slug,
            condition_id=condition_id,
            tokens=tokens,
            neg_risk=wanted.neg_risk,
            version=wanted.version,
            fees=CRYPTO_FEES if wanted.fees else NO_FEES,
            hold_ms=wanted.hold_ms,
            tick_e4=wanted.tick_e4,
            min_size_u6=wanted.min_size * SHARE_U6,
            created_ms=now_ms,
            start_ms=now_ms,
            end_ms=now_ms + wanted.for_s * 1_000,
            length_s=wanted.for_s,
        )
        market = self._venue.exchange.list_market(spec, now_ms)
        self._venue.desk.pump()
        return json_response(_market(market))

    def markets(self, request: Request) -> Response:
        """Return all markets."""
        del request
        return json_response([_market(market) for market in self._venue.exchange.markets.values()])

    def resolve(self, request: Request) -> Response:
        """End a market."""
        winner = msgspec.json.decode(request.body, type=Resolution).winner
        if winner not in (0, 1):
            raise ValueError(f"expected winner 0 or 1, was {winner}")
        market = self._market(request)
        if market.phase == Phase.RESOLVED:
            raise ValueError(f"{market.spec.slug} is resolved already")
        self._venue.exchange.resolve(market, winner, self._venue.desk.now_ms())
        self._venue.desk.pump()
        return json_response(_market(market))

    def _phase(self, request: Request, phase: Phase) -> Response:
        market = self._market(request)
        if market.phase == Phase.RESOLVED:
            raise ValueError(f"{market.spec.slug} is resolved")
        self._venue.exchange.set_phase(market, phase, self._venue.desk.now_ms())
        self._venue.desk.pump()
        return json_response(_market(market))

    def _market(self, request: Request) -> Market:
        market = self._venue.exchange.markets.get(request.variables[0].lower())
        if market is None:
            raise ValueError(f"expected the condition id of a market, was {request.variables[0]!r}")
        return market

    def fail_trade(self, request: Request) -> Response:
        """Let a trade fail that is not mined yet."""
        now_ms = self._venue.desk.advance()
        trade = self._venue.exchange.settlement.in_flight.get(request.variables[0])
        failed = trade is not None and self._venue.exchange.settlement.fail(trade, now_ms)
        self._venue.desk.pump()
        return json_response("OK") if failed else error_response(404, "no such trade, or it is mined")

    def audit(self, request: Request) -> Response:
        """Return everything that is wrong with the books; nothing must be."""
        del request
        self._venue.desk.advance()
        self._venue.desk.pump()
        return json_response({"wrong": audit(self._venue.exchange)})


def _guarded(handler: Handler) -> Callable[[Request], Response]:
    """Return a handler that answers a mistake of the caller with 400."""

    def handle(request: Request) -> Response:
        try:
            response = handler(request)
        except (msgspec.ValidationError, msgspec.DecodeError, ValueError) as error:
            return error_response(400, str(error))
        assert isinstance(response, Response), "control answers at once"
        return response

    return handle


def _balances(account: Account) -> dict[str, object]:
    return {
        "wallet": account.wallet,
        "chain": account.chain,
        "visible": account.visible,
        "reserved": account.reserved,
        "pending": account.pending,
    }


def _market(market: Market) -> dict[str, object]:
    spec = market.spec
    return {
        "slug": spec.slug,
        "condition_id": spec.condition_id,
        "tokens": list(spec.tokens),
        "outcomes": list(spec.outcomes),
        "phase": market.phase.name,
        "winner": market.winner,
        "tick_e4": market.tick_e4,
        "best_bid_e4": market.book.best_bid_e4(),
        "best_ask_e4": market.book.best_ask_e4(),
    }
