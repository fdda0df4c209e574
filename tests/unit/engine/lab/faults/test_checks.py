from pathlib import Path

import pytest

from engine.exchange.core.ledger import COLLATERAL
from engine.journal.writer import NullRecorder
from engine.kernel.state import KernelState
from engine.lab.faults.checks import LINES_MAX, at_risk, budget, commanded, decisions, inventory, money, nothing_rests
from engine.lab.faults.world import world_config
from engine.model.events import Side
from engine.runtime.compose import build_kernel, fresh_state
from tests.unit.engine.lab.faults.stage import Stage, play


def test_a_resting_order_that_nobody_commanded_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        config = world_config(tmp_path)
        kernel = build_kernel(config, fresh_state(config), NullRecorder())
        assert list(nothing_rests(stage.venue.evidence(), kernel)) == []
        stage.order(Side.BUY, 6_000, 10)
        slug = stage.market.spec.slug
        assert list(nothing_rests(stage.venue.evidence(), kernel)) == [f"resting: 0x{1:064x} of {slug}"]
        assert list(commanded(stage.venue.evidence(), tmp_path)) == [
            f"uncommanded: 0x{1:064x} BUY 10000000 at 6000 of {slug}",
        ]

    play(monkeypatch, story)


def test_more_than_the_cap_and_both_outcomes_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        config = world_config(tmp_path)
        stage.order(Side.BUY, 5_000, 12)
        stage.order(Side.BUY, 4_000, 5, token=1)
        assert [line.partition(":")[0] for line in at_risk(config, stage.venue.record)] == ["cap"]
        stage.order(Side.BUY, 5_000, 12, token=1, ours=False)
        stage.order(Side.BUY, 6_000, 5, token=0, ours=False)
        await stage.wait(0.3)
        assert {line.partition(":")[0] for line in at_risk(config, stage.venue.record)} == {"cap", "double position"}

    play(monkeypatch, story)


def test_a_buy_beyond_the_budget_of_a_minute_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        config = world_config(tmp_path).replaced({"execution": {"MUTATIONS_PER_MINUTE": 2}})
        for shares in (5, 6):
            stage.order(Side.BUY, 1_000, shares)
        assert list(budget(config, stage.venue.record)) == []
        stage.order(Side.BUY, 1_000, 7)
        assert list(budget(config, stage.venue.record)) == [
            f"budget: 0x{order:064x} was the 3th mutation of a minute, 2 are allowed" for order in (1, 2, 3)
        ]

    play(monkeypatch, story)


def test_shares_and_money_of_which_the_engine_knows_nothing_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        config = world_config(tmp_path)
        state: KernelState = fresh_state(config)
        kernel = build_kernel(config, state, NullRecorder())
        assert list(inventory(stage.venue.evidence(), state)) == []
        assert list(money(config, stage.venue.evidence(), kernel)) == []
        stage.order(Side.BUY, 6_000, 10)
        stage.order(Side.BUY, 4_000, 10, token=1, ours=False)
        await stage.wait(3.5)
        slug = stage.market.spec.slug
        assert list(inventory(stage.venue.evidence(), state)) == [
            f"inventory: {slug}: 10000000 at the exchange, the engine has let go of it"
        ]
        assert list(money(config, stage.venue.evidence(), kernel)) == [
            "money: the engine has booked 0, the exchange -6000000 and 0 to be redeemed"
        ]
        chain = stage.venue.app.exchange.ledger.account(stage.venue.wallet).chain
        chain[COLLATERAL] += 1
        assert len(list(money(config, stage.venue.evidence(), kernel))) == 2

    play(monkeypatch, story)


def test_without_a_journal_there_are_no_decisions(tmp_path: Path) -> None:
    assert decisions(tmp_path) == 0
    assert LINES_MAX > 1
