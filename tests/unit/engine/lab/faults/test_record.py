import pytest

from engine.lab.faults.record import Exposure
from engine.model.events import Side
from tests.unit.engine.lab.faults.stage import Stage, play


def test_orders_cancels_and_what_they_put_at_risk_are_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        first = stage.order(Side.BUY, 6_000, 10)
        await stage.wait(1)
        stage.order(Side.BUY, 5_000, 10)
        record = stage.venue.record
        assert [exposure.at_risk_u6 for exposure in record.exposures] == [6_000_000, 11_000_000]
        stage.venue.app.exchange.cancel(
            stage.venue.account.credentials.key, [first.order_id], stage.venue.app.desk.now_ms()
        )
        stage.venue.advance()
        assert record.exposures[-1].at_risk_u6 == 5_000_000
        assert len(record.orders) == 2
        assert len(record.mutations_ms()) == 3
        assert record.mutations_ms() == sorted(record.mutations_ms())

    play(monkeypatch, story)


def test_trades_move_shares_and_money_of_our_wallet_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        stage.order(Side.BUY, 6_000, 20)
        stage.order(Side.BUY, 4_000, 10, token=1, ours=False)  # mints
        await stage.wait(0.3)  # the taker is held
        record, up = stage.venue.record, stage.market.spec.tokens[0]
        assert record.shares_u6() == {up: 10_000_000}
        assert record.cash_u6() == -6_000_000
        assert (record.exposures[-1].held_cost_u6, record.exposures[-1].open_buys_u6) == (6_000_000, 6_000_000)
        assert not record.exposures[-1].has_both
        await stage.wait(5)
        stage.order(Side.BUY, 7_000, 5, ours=False)
        stage.order(Side.SELL, 7_000, 5)
        await stage.wait(0.3)
        assert record.shares_u6() == {up: 5_000_000}
        assert record.exposures[-1].held_cost_u6 == 3_000_000  # half of it, whatever it was sold for
        assert -2_600_000 < record.cash_u6() < -2_500_000  # less the taker's fee

    play(monkeypatch, story)


def test_a_trade_that_fails_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        stage.order(Side.BUY, 6_000, 10)
        stage.order(Side.BUY, 4_000, 10, token=1, ours=False)
        await stage.wait(0.3)
        exchange, record = stage.venue.app.exchange, stage.venue.record
        (trade,) = exchange.settlement.in_flight.values()
        assert exchange.settlement.fail(trade, stage.venue.app.desk.now_ms())
        stage.venue.advance()
        assert record.shares_u6() == {}
        assert record.cash_u6() == 0
        assert record.failed == {trade.trade_id}
        assert record.exposures[-1].at_risk_u6 == 0

    play(monkeypatch, story)


def test_shares_of_both_outcomes_are_a_double_position() -> None:
    both = Exposure(at_ms=0, slug="", start_ms=0, held_cost_u6=0, open_buys_u6=0, held_u6=(10_000, 5_000_000))
    assert both.has_both
    dust = Exposure(at_ms=0, slug="", start_ms=0, held_cost_u6=0, open_buys_u6=0, held_u6=(9_999, 5_000_000))
    assert not dust.has_both
