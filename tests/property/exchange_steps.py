"""Random steps on the exchange beside its reference: `python -m tests.property.exchange_steps --steps 20000 --seed 1`.

A seed gives the same steps every time; a failure names the seed and the step.
"""

import argparse
import sys
import time
from random import Random

from engine.exchange.core.exchange import Settings
from engine.exchange.core.market import Market, Phase
from engine.exchange.core.orders import NewOrder
from engine.model.commands import TimeInForce
from engine.model.events import Side, VenueState
from engine.venue.amounts import limit_amounts, market_amounts
from tests.property.exchange_world import OWNERS, SHARE, WALLETS, World

ORDERS_MAX = 150
"""More open orders than this are cancelled by their owners, so that a step takes the same time all along."""
STATES = (VenueState.RESTARTING, VenueState.POST_ONLY, VenueState.CANCEL_ONLY, VenueState.DISABLED, VenueState.NORMAL)


class Steps:
    """One run."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.done = 0
        self.world = World(
            Settings(
                seed=seed,
                balance_lag_ms=self.random.choice((0, 500, 3_000)),
                sell_minimum=self.random.random() < 0.3,
                immediate_minimum=self.random.random() < 0.3,
            )
        )
        self.centres: dict[str, int] = {}
        self._actions = {
            self._order: 680, self._cancel: 90, self._cancel_all: 12, self._split: 30, self._merge: 30,
            self._redeem: 40, self._wait: 50, self._resolve: 3, self._retire: 10, self._settle: 15, self._halt: 4,
            self._mode: 2, self._beat: 10, self._money: 8, self._refresh: 8, self._restart: 1,
        }  # fmt: skip

    def run(self, steps: int, audit_every: int) -> None:
        """Make the steps. Raises AssertionError with seed and step."""
        names, weights = list(self._actions), list(self._actions.values())
        for action in self.random.choices(names, weights, k=steps):
            self.done += 1
            try:
                self.world.advance(self.random.randrange(40))
                action()
                if self.done % audit_every == 0 or self.done == steps:
                    self.world.check()
            except (AssertionError, LookupError) as error:
                raise AssertionError(f"seed {self.seed}, step {self.done}, {action.__name__}: {error}") from error

    def _market(self) -> Market:
        """Return a market, seldom one that is over."""
        playing = [market for market in self.world.markets if market.winner is None]
        return self.random.choice(self.world.markets if self.random.random() < 0.03 else playing)

    def _order(self) -> None:
        draw = self.random
        if draw.random() < 0.02 and self.world.sent:
            self.world.submit(draw.choice(self.world.sent))
            return
        market = self._market()
        number = draw.randrange(2)
        side = draw.choice((Side.BUY, Side.SELL))
        price_e4 = self._price(market, number)
        wallet = draw.choice(WALLETS)
        tif = draw.choices(list(TimeInForce), (55, 8, 15, 22))[0]
        maker_u6, taker_u6 = self._amounts(side, price_e4, tif, market.tick_e4)
        self.world.submit(
            NewOrder(
                order_id=f"o{self.done}",
                owner=wallet.partition("'")[0],
                wallet=wallet,
                token_id=market.spec.tokens[number],
                side=side,
                maker_u6=maker_u6,
                taker_u6=taker_u6,
                tif=tif,
                expiration_s=self.world.now_ms // 1000 + draw.randrange(170, 400) if tif == TimeInForce.GTD else 0,
                post_only=tif <= TimeInForce.GTD and draw.random() < 0.25,
            )
        )
        if sum(len(account.open) for account in self.world.exchange.ledger.accounts.values()) > ORDERS_MAX:
            self.world.cancel_all(draw.choice((*OWNERS, "maker")))

    def _price(self, market: Market, number: int) -> int:
        """Return a price around one that wanders to both ends of the range, mostly on the tick."""
        slug, draw = market.spec.slug, self.random
        begun_e4 = self.centres.get(slug) or draw.choice((250, 500, 4_000, 5_000, 6_000, 9_500, 9_750))
        self.centres[slug] = min(max(begun_e4 + draw.randrange(-60, 61), 100), 9_900)
        price_e4 = int(draw.gauss(self.centres[slug], 250))
        if draw.random() < 0.98:
            price_e4 -= price_e4 % market.tick_e4
        price_e4 = min(max(price_e4, 10), 9_990)
        return price_e4 if number == 0 else 10_000 - price_e4

    def _amounts(self, side: Side, price_e4: int, tif: TimeInForce, tick_e4: int) -> tuple[int, int]:
        draw = self.random
        size_u6 = draw.choice((draw.randrange(100, 3_000), draw.randrange(500, 6_000))) * 10_000
        if draw.random() < 0.01:
            return draw.randrange(-1, 10**8), draw.randrange(-1, 10**8)
        if tif <= TimeInForce.GTD:
            return limit_amounts(side, price_e4, size_u6)
        price_e4 = min(max(price_e4, tick_e4), 10_000 - tick_e4)
        amount_u6 = size_u6 * price_e4 // 10_000 if side == Side.BUY else size_u6
        return market_amounts(side, price_e4, max(amount_u6, 10_000), tick_e4)

    def _cancel(self) -> None:
        draw = self.random
        owner = draw.choice((*OWNERS, "maker"))
        some = list(self.world.exchange.open_by_owner.get(owner, {})) + [new.order_id for new in self.world.sent]
        self.world.cancel(owner, draw.choices([*some, "unknown"], k=draw.randrange(1, 4)))

    def _cancel_all(self) -> None:
        spec = self._market().spec
        some = self.random.choice((("", ""), (spec.condition_id, ""), ("", spec.tokens[0]), ("", spec.tokens[1])))
        self.world.cancel_all(self.random.choice(OWNERS), *some)

    def _split(self) -> None:
        self.world.split(self.random.choice(WALLETS), self._market(), self.random.randrange(-1, 900 * SHARE))

    def _merge(self) -> None:
        self.world.merge(self.random.choice(WALLETS), self._market(), self.random.randrange(-1, 600 * SHARE))

    def _redeem(self) -> None:
        over = [market for market in self.world.markets if market.winner is not None]
        market = self.random.choice(over or self.world.markets)
        for wallet in self.random.sample(WALLETS, 4):
            self.world.redeem_some(wallet, market, self.random.randrange(2), self.random.randrange(20 * SHARE))
            self.world.redeem(wallet, market)

    def _wait(self) -> None:
        self.world.advance(self.random.choice((150, 500, 2_000, 10_000, 200_000 if self.done % 7 == 0 else 100)))

    def _resolve(self) -> None:
        playing = [market for market in self.world.markets if market.winner is None]
        self.world.resolve(self.random.choice(playing), self.random.randrange(2))

    def _retire(self) -> None:
        for market in self.world.markets:
            if market.winner is not None:
                self.world.retire(market)

    def _settle(self) -> None:
        self.world.settle(self.random.choice, fails=self.random.random() < 0.5)

    def _halt(self) -> None:
        for market in self.world.markets:
            if market.phase != Phase.RESOLVED:
                self.world.halt(market, self.random.choice((Phase.HALTED, *[Phase.OPEN] * 4)))

    def _restart(self) -> None:
        self.world.restart()

    def _mode(self) -> None:
        if self.random.random() < 0.3:
            self.world.exchange.mode.restart(self.world.now_ms, 300, self.random.choice((0, 400)))
        else:
            self.world.mode(self.random.choice(STATES), self.random.randrange(1, 500))

    def _beat(self) -> None:
        beats = self.world.exchange.heartbeats
        owner = self.random.choice(OWNERS[:2])
        told = beats.beat(owner, self.random.choice(("", "wrong")), self.world.now_ms)
        if not told.accepted and self.random.random() < 0.7:
            assert beats.beat(owner, told.next_id, self.world.now_ms).accepted

    def _money(self) -> None:
        draw = self.random
        if draw.random() < 0.5:
            self.world.deposit(draw.choice(WALLETS), draw.randrange(-300, 600) * SHARE)
        else:
            self.world.transfer(draw.choice(WALLETS), draw.choice(WALLETS), draw.randrange(-1, 500 * SHARE))

    def _refresh(self) -> None:
        accounts = self.world.exchange.ledger.accounts
        account = accounts[self.random.choice(WALLETS)]
        for asset in ("", *self._market().spec.tokens):
            self.world.exchange.settlement.refresh(account, asset)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--audit-every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun_s = time.perf_counter()
    steps = Steps(options.seed)
    steps.run(options.steps, options.audit_every)
    world = steps.world
    print(
        f"{steps.done} steps of seed {options.seed} in {time.perf_counter() - begun_s:.1f} s: "
        f"{world.exchange.matching.trades_made} trades, {world.reference.fills_compared} fills compared, "
        f"{world.listed} markets listed, {world.retired} retired, {len(world.exchange.orders)} orders known\n"
        f"answers: {world.counts.most_common()}\n"
        f"digest {world.digest()}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
