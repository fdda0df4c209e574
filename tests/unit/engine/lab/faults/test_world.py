import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from engine.execution.polymarket.gateway import PolymarketGateway
from engine.execution.polymarket.telling import Teller
from engine.execution.polymarket.user_channel import OwnFill
from engine.lab.faults.checks import at_risk
from engine.lab.faults.troubles import Mishap, Trouble, draw_troubles
from engine.lab.faults.world import RunResult, run_seed, world_config
from engine.model.codes import Code
from engine.model.commands import Place
from engine.model.events import Rejected, Side

CUT = Trouble(name=str(Mishap.ENGINE_CUT_OFF), at_ms=9_000, for_ms=4_000)
KILLED = Trouble(name=str(Mishap.ENGINE_KILLED), at_ms=14_000, for_ms=3_000)
ANOTHER_PROCESS = """
import sys
from pathlib import Path
from engine.lab.faults.world import run_seed
print(run_seed(4, [], Path(sys.argv[1])).digest)
"""


def folder(path: Path, name: str) -> Path:
    made = path / name
    made.mkdir()
    return made


def test_a_run_in_which_nothing_goes_wrong_trades_and_breaks_nothing(tmp_path: Path) -> None:
    result = run_seed(4, [], tmp_path)
    assert result.violations == ()
    assert result.effects == {}
    assert result.trades > 3
    assert result.orders > 3
    assert result.decisions > 10
    assert result.sessions == 1


def test_two_runs_of_one_seed_write_the_same_bytes_in_other_processes_too(tmp_path: Path) -> None:
    first = run_seed(4, [], folder(tmp_path, "first"))
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS, str(folder(tmp_path, "second"))],
        env=os.environ | {"PYTHONHASHSEED": "123"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == first.digest


def test_what_goes_wrong_is_in_the_result_and_does_not_break_what_must_hold(tmp_path: Path) -> None:
    result = run_seed(5, [CUT, KILLED], tmp_path)
    assert result.violations == ()
    assert result.effects == {"engine_cut_off": 1, "engine_killed": 1}
    assert result.sessions == 2
    assert result.troubles == ("9000 ms: engine_cut_off for 4000 ms", "14000 ms: engine_killed for 3000 ms")


@pytest.mark.parametrize("mishap", [Mishap.ENGINE_KILLED_IN_REQUEST, Mishap.FEEDER_KILLED, Mishap.KILL_SWITCH])
def test_a_mishap_can_happen_alone(tmp_path: Path, mishap: Mishap) -> None:
    detail = "after POST /order" if mishap is Mishap.ENGINE_KILLED_IN_REQUEST else ""
    result = run_seed(7, [Trouble(name=str(mishap), at_ms=4_000, for_ms=3_000, detail=detail)], tmp_path)
    assert result.violations == ()
    assert result.effects == {str(mishap): 1}


def found(result: RunResult) -> set[str]:
    """Return the first words of what was found wrong."""
    return {line.partition(":")[0] for line in result.violations}


def test_a_market_that_takes_much_in_one_round_is_no_fault(tmp_path: Path) -> None:
    """Seed 30683 loses 10.20 USD in two stops of one round; the guardian's limits would end trading, rightly."""
    result = run_seed(30_683, draw_troubles(30_683), tmp_path)
    assert result.violations == ()
    assert result.orders > 5


def test_a_gateway_that_sends_an_order_twice_with_another_salt_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = PolymarketGateway._place

    def twice(gateway: PolymarketGateway, command: Place) -> None:
        place(gateway, command)
        if command.side == Side.BUY:
            place(gateway, msgspec.structs.replace(command, salt=command.salt + 1, prepared=""))

    monkeypatch.setattr(PolymarketGateway, "_place", twice)
    assert {"uncommanded", "cap"} <= found(run_seed(4, [], tmp_path))


def test_a_gateway_that_tells_a_fill_only_half_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = Teller.fill

    def half(teller: Teller, told: OwnFill) -> None:
        parts = tuple(
            part._replace(size_u6=part.size_u6 // 2, cash_u6=part.cash_u6 // 2) if told.side == Side.BUY else part
            for part in told.parts
        )
        fill(teller, msgspec.structs.replace(told, parts=parts))

    monkeypatch.setattr(Teller, "fill", half)
    assert "money" in found(run_seed(4, [], tmp_path))


def test_an_engine_that_plays_with_more_than_its_cap_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = world_config(tmp_path)
    steps = tuple(
        msgspec.structs.replace(step, cap_u6=5_000_000) for step in config["position_control"]["CAP_SCHEDULE"]
    )
    believed = config.replaced({"position_control": {"CAP_SCHEDULE": steps}})
    monkeypatch.setattr("engine.lab.faults.world.at_risk", lambda config, record: at_risk(believed, record))
    assert "cap" in found(run_seed(4, [], tmp_path))


def test_an_engine_that_stops_trading_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = PolymarketGateway._place
    placed: list[Place] = []

    def tired(gateway: PolymarketGateway, command: Place) -> None:
        placed.append(command)
        if len(placed) < 3:
            place(gateway, command)
        else:
            gateway.say(Rejected(0, command.order, Code.NOT_READY))

    monkeypatch.setattr(PolymarketGateway, "_place", tired)
    assert "stopped trading" in found(run_seed(4, [], tmp_path))


def test_an_exception_in_a_callback_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(gateway: PolymarketGateway, frame: bytes) -> None:
        raise ZeroDivisionError(frame[:1])

    monkeypatch.setattr(PolymarketGateway, "on_frame", broken)
    assert "callback" in found(run_seed(4, [], tmp_path))
