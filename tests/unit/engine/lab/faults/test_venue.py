import pytest

from engine.exchange.scenario import Incident, What
from engine.lab.faults.evidence import BALANCE_USD
from engine.model.events import Side
from engine.venue.statuses import OrderStatus
from tests.unit.engine.lab.faults.stage import Stage, play


def test_a_venue_has_windows_and_a_funded_account(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        venue = stage.venue
        assert len(venue.markets) == 3
        assert venue.app.exchange.ledger.account(venue.wallet).chain[""] == BALANCE_USD * 1_000_000
        assert f"0x{venue.account.wallet.hex()}" == venue.wallet.lower()
        assert stage.order(Side.BUY, 6_000, 10).status is OrderStatus.LIVE

    play(monkeypatch, story)


def test_a_fault_begins_and_ends_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        stage.venue.begin(Incident(name="one", what=What.DISABLED))
        assert stage.order(Side.BUY, 6_000, 10).refusal is not None
        assert stage.venue.end("one") == 1
        assert stage.venue.end("one") == 0
        assert stage.order(Side.BUY, 6_000, 10).refusal is None

    play(monkeypatch, story)


def test_a_fault_whose_numbers_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        with pytest.raises(ValueError, match="permille"):
            stage.venue.begin(Incident(name="one", what=What.SLOW, permille=2_000))

    play(monkeypatch, story)
