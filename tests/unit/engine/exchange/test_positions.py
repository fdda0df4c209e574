"""The fold over trades, splits, merges and redemptions: sizes, costs, realised profit; and what is remembered of it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.exchange.chain import Chain, Deed, contract_of
from engine.exchange.positions import Position, Positions
from engine.model.events import Side
from engine.model.units import U6
from engine.venue.addresses import parse_address
from engine.venue.calls import Action, Merge, Redeem, Split
from tests.unit.engine.exchange.desks import TestDesk, order


class Scene:
    """Two wallets, the second of which sells 100 pairs; positions are told without a lag."""

    def __init__(self, lag_ms: int = 0) -> None:
        self.desk = TestDesk()
        self.market = self.desk.list_market()
        first, second = self.desk.accounts(2)
        self.own, self.other = first.wallets[3], second.wallets[3]
        self.chain = Chain(self.desk.exchange, self.desk.members)
        self.positions = Positions(self.desk.exchange.ledger, lag_ms)
        self.desk.listeners.append(self.positions.hear)
        self.chain.listeners.append(self.positions.hear_deed)
        self.desk.split(self.other, self.market, 100)

    def do(self, action: type[Split] | type[Merge] | type[Redeem], usd: int = 0) -> None:
        target = parse_address(contract_of(self.market))
        condition = bytes.fromhex(self.market.spec.condition_id[2:])
        made: Action = Redeem(target, condition) if action is Redeem else action(target, condition, usd * U6)
        wallet = self.desk.members.wallets[self.own]
        assert self.chain.check(wallet, [made]) is None
        self.chain.perform(wallet, [made], "0x" + "cd" * 32, self.desk.now_ms())

    def buy(self, price_e4: int, shares: int, token: int = 0) -> None:
        self.desk.trade(self.own, self.other, self.market, token, price_e4, shares)
        self.desk.wait(50)

    def sell(self, price_e4: int, shares: int, token: int = 0) -> None:
        self.desk.trade(self.other, self.own, self.market, token, price_e4, shares)
        self.desk.wait(50)

    def position(self, token: int = 0) -> Position:
        self.positions.catch_up(self.desk.now_ms())
        return next(each for each in self.positions.positions(self.own) if each.token == token)


def test_buys_add_their_cost_and_a_sale_realises_its_part() -> None:
    scene = Scene()
    scene.buy(4_000, 10)
    scene.buy(6_000, 10)
    position = scene.position()
    fees_u6 = position.fees_u6
    assert (position.size_u6, position.cost_u6, position.bought_u6) == (20 * U6, 10 * U6, 20 * U6)
    assert fees_u6 > 0, "the buyer takes"
    scene.sell(7_000, 5)
    position = scene.position()
    assert (position.size_u6, position.cost_u6, position.spent_u6) == (15 * U6, 7_500_000, 10 * U6)
    assert position.realized_u6 == 3_500_000 - 2_500_000 - fees_u6 // 4, "a resting sale pays no fee"


def test_a_split_costs_half_a_dollar_a_share_and_a_merge_brings_it_back() -> None:
    scene = Scene()
    scene.do(Split, 10)
    assert [scene.position(token).cost_u6 for token in (0, 1)] == [5 * U6, 5 * U6]
    scene.do(Merge, 4)
    for token in (0, 1):
        position = scene.position(token)
        assert (position.size_u6, position.cost_u6, position.realized_u6) == (6 * U6, 3 * U6, 0)


def test_a_redemption_closes_both_sides() -> None:
    scene = Scene()
    scene.do(Split, 10)
    scene.desk.exchange.resolve(scene.market, 1, scene.desk.now_ms())
    scene.do(Redeem)
    lost, won = scene.position(0), scene.position(1)
    assert (lost.size_u6, won.size_u6) == (0, 0)
    assert (lost.realized_u6, won.realized_u6) == (-5 * U6, 5 * U6)
    kinds = [(each.kind, each.token, each.cash_u6) for each in scene.positions.entries(scene.own)]
    assert kinds == [("REDEEM", 1, 10 * U6), ("REDEEM", 0, 0), ("SPLIT", -1, 10 * U6)]


def test_nothing_is_told_before_the_lag_has_passed() -> None:
    scene = Scene(lag_ms=4_000)
    scene.buy(5_000, 10)
    scene.positions.catch_up(scene.desk.now_ms())
    assert scene.positions.positions(scene.own) == []
    scene.desk.wait(4_000)
    assert scene.position().size_u6 == 10 * U6


def test_of_too_many_positions_closed_ones_are_forgotten_and_held_ones_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.exchange.positions.POSITIONS_MAX", 1)
    scene = Scene()
    scene.buy(4_000, 10)
    scene.sell(4_000, 10)
    scene.buy(4_000, 10, token=1)
    assert [each.token for each in scene.positions.positions(scene.own)] == [1]
    scene.buy(4_000, 10)
    assert {each.token for each in scene.positions.positions(scene.own)} == {0, 1}


def test_a_match_counts_when_it_is_mined() -> None:
    scene = Scene()
    scene.desk.trade(scene.own, scene.other, scene.market, 0, 5_000, 10)
    scene.positions.catch_up(scene.desk.now_ms())
    assert scene.positions.entries(scene.own) == []
    scene.desk.wait(20)
    entry = next(iter(scene.position() and scene.positions.entries(scene.own)))
    assert (entry.kind, entry.side, entry.is_taker, entry.cash_u6) == ("TRADE", Side.BUY, True, 5 * U6)
    assert entry.transaction_hash in scene.positions.mined_ms


def test_a_maker_is_told_of_its_own_token() -> None:
    scene = Scene()
    tokens = scene.market.spec.tokens
    for wallet, token, price_e4, name in ((scene.other, 1, 4_000, "maker"), (scene.own, 0, 6_000, "taker")):
        new = order(wallet, tokens[token], Side.BUY, price_e4, 10, name)
        assert scene.desk.exchange.submit(new, scene.desk.now_ms()).refusal is None
    scene.desk.pump()
    scene.desk.wait(50)
    scene.positions.catch_up(scene.desk.now_ms())
    made = next(each for each in scene.positions.entries(scene.other) if each.kind == "TRADE")
    assert (made.token, made.price_e4, made.cash_u6, made.is_taker) == (1, 4_000, 4 * U6, False)
    assert scene.position(0).cost_u6 == 6 * U6


def test_background_wallets_are_not_followed() -> None:
    scene = Scene()
    scene.desk.exchange.ledger.account(scene.other).background = True
    scene.buy(5_000, 10)
    scene.positions.catch_up(scene.desk.now_ms())
    assert scene.positions.entries(scene.other) == []
    assert {each.wallet for each in scene.positions.entries()} == {scene.own}


def test_transfers_are_a_withdrawal_and_a_deposit() -> None:
    scene = Scene()
    deed = Deed(scene.desk.now_ms(), "TRANSFER", scene.own, None, 3 * U6, 0, (0, 0), "0x01", scene.other)
    scene.positions.hear_deed(deed)
    scene.positions.catch_up(scene.desk.now_ms())
    assert [each.kind for each in scene.positions.entries(scene.own)] == ["WITHDRAWAL"]
    assert [each.kind for each in scene.positions.entries(scene.other)] == ["DEPOSIT"]


def test_what_is_saved_comes_back_but_for_markets_that_are_no_more() -> None:
    scene = Scene(lag_ms=1_000)
    scene.buy(4_000, 10)
    scene.desk.wait(2_000)
    scene.position()
    scene.do(Split, 3)
    saved = msgspec.json.decode(msgspec.json.encode(scene.positions.saved()))
    markets = {scene.market.spec.condition_id: scene.market}
    back, without = (Positions(scene.desk.exchange.ledger, 1_000) for _ in range(2))
    back.restore(saved, markets)
    without.restore(saved, {})
    scene.desk.wait(1_000)
    for positions in (scene.positions, back, without):
        positions.catch_up(scene.desk.now_ms())
    assert back.positions(scene.own) == scene.positions.positions(scene.own)
    assert back.entries() == scene.positions.entries()
    assert [entry.kind for entry in back.entries(scene.own)] == ["SPLIT", "TRADE"]
    assert without.positions() == without.entries() == []


def test_what_was_not_saved_by_this_is_refused() -> None:
    positions = Positions(Scene().desk.exchange.ledger)
    for wrong in ({"positions": 1}, {}, {"positions": [{"wallet": 1}], "entries": [], "waiting": []}):
        with pytest.raises(msgspec.ValidationError):
            positions.restore(wrong, {})


def test_what_nobody_asks_for_is_folded_all_the_same() -> None:
    scene = Scene(lag_ms=50)
    scene.buy(4_000, 10)
    scene.buy(4_000, 10)
    assert len(scene.positions.entries(scene.own)) == 1


def test_shares_whose_coming_was_not_seen_have_cost_nothing() -> None:
    position = Position(wallet="w", market=Scene().market, token=0)
    position.take(5 * U6, 2 * U6, 1, 9)
    assert (position.size_u6, position.cost_u6, position.realized_u6) == (0, 0, 2 * U6 - 1)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 50 * U6), st.integers(0, 50 * U6), st.integers(0, U6))))
@settings(max_examples=100, deadline=None)
def test_cash_flows_are_realised_or_still_in_the_cost(steps: list[tuple[bool, int, int, int]]) -> None:
    position = Position(wallet="w", market=MARKET, token=0)
    flow_u6 = 0
    for buys, size_u6, cash_u6, fee_u6 in steps:
        if buys:
            position.add(size_u6, cash_u6, fee_u6, 1)
            flow_u6 -= cash_u6 + fee_u6
        else:
            position.take(size_u6, cash_u6, fee_u6, 1)
            flow_u6 += cash_u6 - fee_u6
    assert position.realized_u6 - position.cost_u6 - position.fees_u6 == flow_u6
    assert position.size_u6 >= 0
    assert position.cost_u6 >= 0
    assert position.size_u6 or position.cost_u6 == position.fees_u6 == 0


MARKET = Scene().market
