import pytest

from engine.model.events import Side
from tests.unit.engine.lab.faults.stage import Stage, play


def test_evidence_is_the_exchanges_own(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        stage.order(Side.BUY, 6_000, 10)
        stage.order(Side.BUY, 4_000, 10, token=1, ours=False)
        await stage.wait(3)
        evidence = stage.venue.evidence()
        assert evidence.wallet == stage.venue.wallet
        assert len(evidence.orders) == 1
        assert evidence.shares_u6 == {stage.market.spec.tokens[0]: 10_000_000}
        assert evidence.cash_u6 == -6_000_000

    play(monkeypatch, story)
