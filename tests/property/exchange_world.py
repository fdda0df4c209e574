"""The exchange and its reference side by side: everything that can be done to them, checked as it is done."""

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b

from engine.exchange.core.audit import audit
from engine.exchange.core.exchange import Exchange, Settings
from engine.exchange.core.market import Market, MarketSpec, Phase
from engine.exchange.core.notices import AnyNotice, OrderChanged, TickChanged, TradeChanged
from engine.exchange.core.orders import Answer, NewOrder
from engine.exchange.core.rebates import DAY_MS
from engine.exchange.core.trades import Trade
from engine.exchange.state import decode_state, encode_state
from engine.model.events import VenueState
from engine.model.fees import CRYPTO_FEES, NO_FEES
from engine.venue.statuses import OrderEventType, TradeStatus
from tests.property.reference import Reference

OWNERS = ("ann", "bob", "cat", "dan")
WALLETS = (*OWNERS, "ann's second", "maker")
"""Each owner has the wallet of his name, ann one more; the maker's is a background wallet."""
SHARE = 1_000_000
START_MS = 20_000 * DAY_MS - 3_600_000
"""An hour before midnight, so that days end within a run."""

SETTLEMENTS: tuple[Sequence[tuple[int, TradeStatus]], ...] = (
    ((2_000, TradeStatus.MINED), (4_000, TradeStatus.CONFIRMED)),
    ((2_000, TradeStatus.MINED), (4_000, TradeStatus.CONFIRMED)),
    ((0, TradeStatus.CONFIRMED),),
    ((500, TradeStatus.RETRYING), (3_000, TradeStatus.MINED), (3_000, TradeStatus.CONFIRMED)),
    ((1_000, TradeStatus.RETRYING), (9_000, TradeStatus.FAILED)),
    ((700, TradeStatus.FAILED),),
    ((100, TradeStatus.MINED), (200, TradeStatus.RETRYING), (300, TradeStatus.FAILED)),
)


def settle_by_number(trade: Trade) -> Sequence[tuple[int, TradeStatus]]:
    """Give every trade one of the ways to the chain."""
    return SETTLEMENTS[trade.number * 7 % 11 % len(SETTLEMENTS)]


class World:
    """Both, and how often what was done. `check` raises AssertionError with what is wrong."""

    def __init__(self, settings: Settings | None = None, windows: int = 3) -> None:
        self.exchange = Exchange(settings or Settings())
        self.exchange.settlement.plan = settle_by_number
        self.reference = Reference()
        self.now_ms = START_MS
        self.sent: list[NewOrder] = []
        self.listed = 0
        self.retired = 0
        self.counts: Counter[str] = Counter()
        for wallet in WALLETS:
            self.exchange.ledger.account(wallet, background=wallet == "maker")
            self.deposit(wallet, 1_500 * SHARE)
        for _ in range(windows):
            self.open_window()

    @property
    def markets(self) -> list[Market]:
        """Return the markets that are listed."""
        return list(self.exchange.markets.values())

    def open_window(self) -> Market:
        """List another market; they differ in hold, tick and fees."""
        number = self.listed
        self.listed += 1
        spec = MarketSpec(
            slug=f"w{number}",
            condition_id=f"c{number}",
            tokens=(f"{number}-up", f"{number}-down"),
            hold_ms=(0, 150, 0)[number % 3],
            tick_e4=(100, 100, 100, 10, 1000)[number % 5],
            fees=NO_FEES if number % 7 == 6 else CRYPTO_FEES,
        )
        market = self.exchange.list_market(spec, self.now_ms)
        for wallet in WALLETS:
            self.split(wallet, market, 120 * SHARE)
        return market

    def advance(self, step_ms: int) -> None:
        """Let time pass."""
        self.now_ms += step_ms
        self.exchange.advance(self.now_ms)
        self._hear()

    def submit(self, new: NewOrder) -> Answer:
        """Send an order."""
        self.advance(0)
        market = self.exchange.by_token.get(new.token_id)
        if market is not None and new.order_id not in self.exchange.orders:
            self.reference.sends(new, market)
        answer = self.exchange.submit(new, self.now_ms)
        self._hear()
        self.reference.answered(answer)
        self.sent.append(new)
        del self.sent[:-50]
        self.counts[_kind(answer)] += 1
        return answer

    def cancel(self, owner: str, order_ids: list[str]) -> None:
        """Cancel by ids: each is either cancelled, or it is said why not."""
        self.advance(0)
        canceled, refused = self.exchange.cancel(owner, order_ids, self.now_ms)
        assert set(canceled) | refused.keys() == set(order_ids)
        assert not set(canceled) & refused.keys()
        assert not any(self.exchange.orders[key].rests for key in canceled if key in self.exchange.orders)
        self._hear()

    def cancel_all(self, owner: str, condition_id: str = "", token_id: str = "") -> None:
        """Cancel everything of an owner; nothing of it is left."""
        self.advance(0)
        self.exchange.cancel_all(owner, self.now_ms, condition_id, token_id)
        assert self.exchange.open_orders(owner, condition_id, token_id) == []
        self._hear()

    def split(self, wallet: str, market: Market, amount_u6: int) -> None:
        """Turn collateral into shares."""
        account = self.exchange.ledger.accounts[wallet]
        if self.exchange.settlement.split(account, market, amount_u6, self.now_ms) is None:
            self._pairs(wallet, market, amount_u6)

    def merge(self, wallet: str, market: Market, amount_u6: int) -> None:
        """Turn shares into collateral."""
        account = self.exchange.ledger.accounts[wallet]
        if self.exchange.settlement.merge(account, market, amount_u6, self.now_ms) is None:
            self._pairs(wallet, market, -amount_u6)

    def _pairs(self, wallet: str, market: Market, pairs_u6: int) -> None:
        self.reference.balances[wallet, ""] -= pairs_u6
        for token in market.spec.tokens:
            self.reference.balances[wallet, token] += pairs_u6
        self._hear()

    def redeem(self, wallet: str, market: Market) -> None:
        """Redeem what can be moved."""
        account = self.exchange.ledger.accounts[wallet]
        movable = {token: account.movable_u6(token) for token in market.spec.tokens}
        paid_u6 = self.exchange.settlement.redeem(account, market, self.now_ms)
        if market.winner is None:
            assert paid_u6 is None
            return
        assert paid_u6 == movable[market.spec.tokens[market.winner]]
        for token, size_u6 in movable.items():
            self.reference.balances[wallet, token] -= size_u6
        self.reference.balances[wallet, ""] += paid_u6
        self._hear()

    def redeem_some(self, wallet: str, market: Market, number: int, amount_u6: int) -> None:
        """Redeem shares of one outcome."""
        account = self.exchange.ledger.accounts[wallet]
        paid_u6 = self.exchange.settlement.redeem_outcome(account, market, number, amount_u6, self.now_ms)
        if paid_u6 is not None:
            assert paid_u6 == (amount_u6 if number == market.winner else 0)
            self.reference.balances[wallet, market.spec.tokens[number]] -= amount_u6
            self.reference.balances[wallet, ""] += paid_u6
        self._hear()

    def transfer(self, wallet: str, recipient: str, amount_u6: int) -> None:
        """Move collateral to another wallet."""
        accounts = self.exchange.ledger.accounts
        refused = self.exchange.settlement.transfer(accounts[wallet], accounts[recipient], amount_u6, self.now_ms)
        if refused is None:
            self.reference.balances[wallet, ""] -= amount_u6
            self.reference.balances[recipient, ""] += amount_u6
        self._hear()

    def resolve(self, market: Market, winner: int) -> None:
        """End a market and open the next one."""
        self.advance(0)
        self.exchange.resolve(market, winner, self.now_ms)
        self._hear()
        assert not any(order.market is market and order.rests for order in self.exchange.orders.values())
        self.open_window()

    def retire(self, market: Market) -> None:
        """Forget a market if it can be."""
        self.advance(0)
        if self.exchange.retire(market):
            self.retired += 1
            assert market not in self.markets
            for token in market.spec.tokens:
                assert not any(self.reference.balances[wallet, token] for wallet in WALLETS)

    def halt(self, market: Market, phase: Phase) -> None:
        """Halt or open a market."""
        self.advance(0)
        self.exchange.set_phase(market, phase, self.now_ms)
        self._hear()

    def mode(self, state: VenueState, for_ms: int) -> None:
        """Change what the venue accepts."""
        self.exchange.mode.set(state, self.now_ms, for_ms)

    def settle(self, pick: Callable[[list[Trade]], Trade], fails: bool) -> None:
        """Fail, or finish, a trade in flight."""
        flying = list(self.exchange.settlement.in_flight.values())
        if flying:
            trade = pick(flying)
            if fails:
                mined = trade.status is TradeStatus.MINED
                assert self.exchange.settlement.fail(trade, self.now_ms) is not mined
            else:
                self.exchange.settlement.finish(trade, self.now_ms)
            self._hear()

    def restart(self) -> None:
        """Stop the exchange and go on with a new one that was given its saved state."""
        self.advance(0)
        self.exchange.stop(self.now_ms)
        self._hear()
        saved = encode_state(self.exchange, {"restarts": self.counts["restart"]})
        fresh = Exchange(self.exchange.settings)
        assert decode_state(saved, "saved", fresh) == {"restarts": self.counts["restart"]}
        fresh.settlement.plan = settle_by_number
        assert encode_state(fresh, {"restarts": self.counts["restart"]}) == saved, "a second save is not the same"
        self.counts["restart"] += 1
        self.exchange = fresh

    def deposit(self, wallet: str, amount_u6: int) -> None:
        """Bring collateral in or, negative, take out at most what can be."""
        account = self.exchange.ledger.account(wallet)
        amount_u6 = max(amount_u6, -account.movable_u6(""))
        self.exchange.deposit(wallet, amount_u6)
        self.reference.balances[wallet, ""] += amount_u6
        self._hear()

    def check(self) -> None:
        """Audit, and compare balances and levels with the reference."""
        wrong = audit(self.exchange)
        assert not wrong, wrong
        self.reference.check_levels()
        ledger = self.exchange.ledger
        chain = {(w, asset): n for w, account in ledger.accounts.items() for asset, n in account.chain.items() if n}
        ought = {key: amount for key, amount in self.reference.balances.items() if amount}
        assert chain == ought, f"balances differ: {dict(sorted(chain.items() ^ ought.items()))}"
        assert ledger.fees_u6 == self.reference.fees

    def _hear(self) -> None:
        notices = self.exchange.take_notices()
        self.reference.hear(notices)
        self.counts.update(mark for notice in notices if (mark := _mark(notice)))
        self.reference.pay_rebates(self.now_ms)

    def digest(self) -> str:
        """Return a short text that differs when anything about balances, books or trades does."""
        ledger = self.exchange.ledger
        said = [sorted(a.chain.items()) for a in ledger.accounts.values()]
        depths = [(m.book.depth(True), m.book.depth(False), m.tick_e4, m.volume_u6) for m in self.markets]
        text = repr((said, depths, self.exchange.matching.trades_made, ledger.fees_u6))
        return blake2b(text.encode(), digest_size=8).hexdigest()


def _mark(notice: AnyNotice) -> str:
    """Return what a notice is about where a run ought to have met it."""
    if isinstance(notice, TradeChanged):
        made = "MINT" if notice.trade.minted_u6 > 0 else "MERGE" if notice.trade.minted_u6 < 0 else "SWAP"
        return f"{notice.status} {made}"
    if isinstance(notice, OrderChanged) and notice.what is OrderEventType.CANCELLATION:
        return str(notice.status)
    if isinstance(notice, TickChanged):
        return f"tick {notice.new_e4}"
    return ""


def _kind(answer: Answer) -> str:
    """Return the answer's status, or the words of its refusal without ids and numbers."""
    if answer.refusal is None:
        return str(answer.status)
    words = [word for word in answer.refusal.text.split() if word.isalpha() or "-" in word]
    return " ".join(words[:6])
