"""Any order of orders, cancels, splits, merges, redemptions, failures, halts and restarts, found and shrunk by
hypothesis: the audit and the reference agree after every single step.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import NewOrder
from engine.model.commands import TimeInForce
from engine.model.events import Side, VenueState
from engine.venue.amounts import limit_amounts, market_amounts
from tests.property.exchange_world import OWNERS, SHARE, WALLETS, World

WALLET = st.sampled_from(WALLETS)
OWNER = st.sampled_from((*OWNERS, "maker"))
INDEX = st.integers(0, 40)
PRICE_E4 = st.integers(1, 99).map(lambda cents: 100 * cents)
NEAR_E4 = st.sampled_from((4_900, 5_000, 5_000, 5_100))
"""Half of all prices are such that orders meet."""
SIZE_U6 = st.integers(100, 4_000).map(lambda hundredths: 10_000 * hundredths)
AMOUNT_U6 = st.integers(-1, 400 * SHARE)


class ExchangeMachine(RuleBasedStateMachine):
    """The rules name wallets, markets and orders by index, so that a shrunk failure reads as a list of calls."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(windows=2)
        self.sent = 0

    def market(self, index: int) -> Market:
        return self.world.markets[index % len(self.world.markets)]

    @rule(
        wallet=WALLET,
        index=INDEX,
        token=st.integers(0, 1),
        side=st.sampled_from(Side),
        price_e4=st.one_of(NEAR_E4, PRICE_E4),
        size_u6=SIZE_U6,
        tif=st.sampled_from(TimeInForce),
        post_only=st.booleans(),
    )
    def order(
        self, wallet: str, index: int, token: int, side: Side, price_e4: int, size_u6: int, tif: TimeInForce,
        post_only: bool,
    ) -> None:  # fmt: skip
        market = self.market(index)
        immediate = tif >= TimeInForce.FOK
        if immediate:
            amounts = market_amounts(side, max(price_e4, market.tick_e4), size_u6, market.tick_e4)
        else:
            amounts = limit_amounts(side, price_e4, size_u6)
        self.sent += 1
        self.world.submit(
            NewOrder(
                order_id=f"o{self.sent}",
                owner=wallet.partition("'")[0],
                wallet=wallet,
                token_id=market.spec.tokens[token],
                side=side,
                maker_u6=amounts.maker_u6,
                taker_u6=amounts.taker_u6,
                tif=tif,
                expiration_s=self.world.now_ms // 1000 + 200 if tif == TimeInForce.GTD else 0,
                post_only=post_only,
            )
        )

    @rule(owner=OWNER, indexes=st.lists(INDEX, min_size=1, max_size=4))
    def cancel(self, owner: str, indexes: list[int]) -> None:
        self.world.cancel(owner, [f"o{index}" for index in indexes])

    @rule(owner=OWNER, index=INDEX, what=st.integers(0, 2))
    def cancel_all(self, owner: str, index: int, what: int) -> None:
        spec = self.market(index).spec
        self.world.cancel_all(owner, *(("", ""), (spec.condition_id, ""), ("", spec.tokens[1]))[what])

    @rule(wallet=WALLET, index=INDEX, amount_u6=AMOUNT_U6)
    def split(self, wallet: str, index: int, amount_u6: int) -> None:
        self.world.split(wallet, self.market(index), 4 * amount_u6)

    @rule(wallet=WALLET, index=INDEX, amount_u6=AMOUNT_U6)
    def merge(self, wallet: str, index: int, amount_u6: int) -> None:
        self.world.merge(wallet, self.market(index), amount_u6)

    @rule(wallet=WALLET, index=INDEX)
    def redeem(self, wallet: str, index: int) -> None:
        self.world.redeem(wallet, self.market(index))

    @rule(wallet=WALLET, index=INDEX, number=st.integers(0, 1), amount_u6=AMOUNT_U6)
    def redeem_some(self, wallet: str, index: int, number: int, amount_u6: int) -> None:
        self.world.redeem_some(wallet, self.market(index), number, amount_u6)

    @rule(wallet=WALLET, recipient=WALLET, amount_u6=st.integers(-1, 2_000 * SHARE))
    def transfer(self, wallet: str, recipient: str, amount_u6: int) -> None:
        self.world.transfer(wallet, recipient, amount_u6)

    @rule(wallet=WALLET, amount_u6=st.integers(-2_000 * SHARE, 500 * SHARE))
    def deposit(self, wallet: str, amount_u6: int) -> None:
        self.world.deposit(wallet, amount_u6)

    @rule(step_ms=st.sampled_from((1, 149, 150, 700, 2_000, 5_000, 10_000, 200_000, 3_600_000)))
    def wait(self, step_ms: int) -> None:
        self.world.advance(step_ms)

    @rule(index=INDEX, winner=st.integers(0, 1))
    def resolve(self, index: int, winner: int) -> None:
        if self.market(index).winner is None:
            self.world.resolve(self.market(index), winner)

    @rule(index=INDEX)
    def retire(self, index: int) -> None:
        if self.market(index).winner is not None:
            self.world.retire(self.market(index))

    @rule(index=INDEX, phase=st.sampled_from((Phase.HALTED, Phase.OPEN)))
    def halt(self, index: int, phase: Phase) -> None:
        if self.market(index).phase != Phase.RESOLVED:
            self.world.halt(self.market(index), phase)

    @rule(state=st.sampled_from(VenueState), for_ms=st.integers(1, 2_000))
    def mode(self, state: VenueState, for_ms: int) -> None:
        self.world.mode(state, for_ms)

    @rule(index=INDEX, fails=st.booleans())
    def settle(self, index: int, fails: bool) -> None:
        self.world.settle(lambda trades: trades[index % len(trades)], fails)

    @rule(owner=OWNER)
    def beat(self, owner: str) -> None:
        told = self.world.exchange.heartbeats.beat(owner, "", self.world.now_ms)
        if not told.accepted:
            assert self.world.exchange.heartbeats.beat(owner, told.next_id, self.world.now_ms).accepted

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @invariant()
    def everything_adds_up(self) -> None:
        self.world.check()


TestExchange = ExchangeMachine.TestCase
TestExchange.settings = settings(
    max_examples=200,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
