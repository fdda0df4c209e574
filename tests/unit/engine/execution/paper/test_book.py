from engine.execution.paper.book import Account, remote_id
from engine.execution.paper.ledger import Ended, Filled, Refused, Resting, Settled, Taken
from engine.model.events import GoneReason, Side
from engine.model.units import NS_PER_S
from tests.unit.engine.execution.paper.harness import CASH_U6, place
from tests.unit.engine.rounds import DOWN, UP, at

LAG_NS = 2 * NS_PER_S


def account_with(*orders: tuple[str, Side, int, float]) -> Account:
    """Return an account with these orders resting."""
    account = Account(CASH_U6, LAG_NS)
    for name, side, price_e4, shares in orders:
        account.apply(Taken(at(1), place(name, side, price_e4, shares), f"0x{name}"))
        account.apply(Resting(at(1), name))
    return account


def filled(name: str, side: Side, price_e4: int, shares: float, seconds: float = 2, fee_u6: int = 0) -> Filled:
    """Return a fill of Up."""
    return Filled(at(seconds), name, f"{name}-{seconds}", UP, side, price_e4, round(shares * 1e6), fee_u6, True)


def test_a_buy_costs_its_notional_rounded_up_and_its_fee() -> None:
    account = account_with(("b", Side.BUY, 3_333, 1))
    account.apply(filled("b", Side.BUY, 3_333, 0.000_001, fee_u6=7))
    assert account.cash_u6 == CASH_U6 - 1 - 7
    assert account.shares == {UP: 1}


def test_a_sale_brings_its_proceeds_rounded_down_less_its_fee() -> None:
    account = account_with(("b", Side.BUY, 5_000, 10), ("s", Side.SELL, 3_333, 1))
    account.apply(filled("b", Side.BUY, 5_000, 10))
    account.apply(filled("s", Side.SELL, 3_333, 0.000_001, fee_u6=7))
    assert account.cash_u6 == CASH_U6 - 5_000_000 + 0 - 7
    assert account.shares == {UP: 9_999_999}


def test_bought_shares_are_locked_for_the_settlement_lag_each_lot_by_itself() -> None:
    account = account_with(("b", Side.BUY, 5_000, 10))
    account.apply(filled("b", Side.BUY, 5_000, 4, seconds=2))
    account.apply(filled("b", Side.BUY, 5_000, 6, seconds=3))
    assert [account.sellable_u6(UP, at(second)) for second in (3.9, 4, 4.9, 5)] == [0, 4_000_000, 4_000_000, 10_000_000]
    assert account.sellable_u6(DOWN, at(5)) == 0


def test_working_orders_reserve_what_is_not_filled_and_ended_ones_nothing() -> None:
    account = account_with(("b", Side.BUY, 5_000, 10), ("s", Side.SELL, 7_000, 6))
    account.apply(filled("b", Side.BUY, 5_000, 4))
    assert (account.reserved_cash_u6(), account.reserved_u6(UP), account.reserved_u6(DOWN)) == (3_000_000, 6_000_000, 0)
    account.apply(Ended(at(3), "b", GoneReason.CANCELED))
    account.apply(Ended(at(3), "s", GoneReason.CANCELED))
    assert (account.reserved_cash_u6(), account.reserved_u6(UP), account.working()) == (0, 0, [])


def test_an_order_that_is_over_says_why_as_far_as_its_size_tells() -> None:
    account = account_with(("b", Side.BUY, 5_000, 10))
    order = account.orders["b"]
    assert account.end_reason(order) == GoneReason.CANCELED
    account.apply(filled("b", Side.BUY, 5_000, 10))
    assert account.end_reason(order) == GoneReason.FILLED


def test_a_settled_token_leaves_cash_and_no_lock_behind() -> None:
    account = account_with(("b", Side.BUY, 5_000, 10))
    account.apply(filled("b", Side.BUY, 5_000, 10))
    account.apply(Settled(at(3), UP, 10_000_000))
    assert (account.cash_u6, account.shares, account.locked) == (CASH_U6 + 5_000_000, {}, [])


def test_a_refused_order_stays_known_but_never_works_again() -> None:
    account = Account(CASH_U6, LAG_NS)
    account.apply(Taken(at(1), place("b", Side.BUY, 5_000, 10), "0x1"))
    account.apply(Refused(at(1), "b", "balance"))
    assert account.orders["b"].status == "refused"
    assert account.working() == []


def test_the_remote_id_depends_on_everything_that_makes_an_order_another_one() -> None:
    one = place("b", Side.BUY, 5_000, 10)
    assert remote_id(one, "0xa") == remote_id(one, "0xa")
    assert len({remote_id(one, "0xa"), remote_id(one, "0xb"), remote_id(place("c", Side.BUY, 5_000, 10), "0xa")}) == 3
