"""What is timed runs as it did before, and each stage's moment is taken, in order, for what leaves."""

import itertools
import math
from types import SimpleNamespace
from typing import Any

import pytest

from engine.execution.polymarket.http_line import LostAnswer
from engine.execution.polymarket.tls_transport import TlsTransport
from engine.model.commands import Cancel, Place
from engine.runtime.latency_marks import STAGES, Cancelled, Marks, percentiles
from tests.unit.engine.execution.polymarket.scripted import Bench, place, placed, stop


class Timed:
    """Marks whose clock moves 1 ns a look, on a gateway and on stand-ins for driver and kernel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ticks = itertools.count(1)
        self.marks = Marks()
        monkeypatch.setattr(self.marks, "_now", lambda: next(ticks))
        self.bench = Bench()
        self.done: list[str] = []
        self.intents: list[Any] = []
        self.driver = SimpleNamespace(turn=lambda: self.done.append("turn"))
        self.kernel = SimpleNamespace(
            strategy=SimpleNamespace(step=lambda state, event: (state, self.intents)),
            recorder=SimpleNamespace(decision=lambda *arguments: self.done.append(f"decision {len(arguments)}")),
        )
        self.writes = True
        self._write_in("place")
        self._write_in("cancel")
        self.marks.watch_driver(self.driver)  # type: ignore[arg-type]
        self.marks.watch_kernel(self.kernel)  # type: ignore[arg-type]
        self.marks.watch_gateway(self.bench.gateway)

    def _write_in(self, name: str) -> None:
        """Let a call of the wire write to a socket, where the wire has one to write to."""
        call = getattr(self.bench.wire, name)

        def written(*arguments: Any) -> Any:
            result = call(*arguments)
            if self.writes:
                self.marks.written()
            return result

        setattr(self.bench.wire, name, written)

    def react(self, command: Place | Cancel) -> None:
        """Do what a turn does that ends in a command."""
        self.driver.turn()
        self.intents.append(command)
        self.kernel.strategy.step(None, None)
        self.kernel.recorder.decision(1, 2, 3)
        self.intents.clear()
        self.bench.submit(command)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Timed:
    return Timed(monkeypatch)


def test_an_order_has_a_moment_for_each_stage_in_order(timed: Timed) -> None:
    timed.react(place())
    (sample,) = timed.marks.taken.samples
    moments = [getattr(sample, f"{stage}_ns") for stage in STAGES]
    assert moments == sorted(set(moments))
    assert (sample.order, sample.what, sample.answered_ns) == ("slug/1/entry", "entry", 0)
    assert timed.done == ["turn", "decision 3"]
    assert timed.bench.wire.take("place")


def test_an_order_that_did_not_leave_is_not_counted(timed: Timed) -> None:
    timed.bench.wire.free = False
    timed.react(place())
    assert timed.marks.taken.samples == []


def test_a_cancel_that_waits_for_a_line_is_not_counted(timed: Timed) -> None:
    timed.react(place())
    assert timed.bench.wire.take("place")
    timed.writes = False
    timed.react(Cancel("slug/1/entry"))
    assert [sample.what for sample in timed.marks.taken.samples] == ["entry"]
    assert timed.bench.wire.take("cancel")


def test_what_is_written_in_tls_is_noted(timed: Timed, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr(TlsTransport, "write", lambda transport, data: sent.append(data))
    timed.marks.watch_writes()
    TlsTransport.write(object.__new__(TlsTransport), b"request")
    assert sent == [b"request"]
    assert timed.marks._written_ns == 1


def test_a_stop_that_was_signed_ahead_is_told_from_one_that_was_not(timed: Timed) -> None:
    timed.react(stop(2))
    timed.react(stop(3, prepared="slug/3/prepare"))
    assert [sample.what for sample in timed.marks.taken.samples] == ["stop", "presigned_stop"]


def test_a_cancel_is_timed_to_its_answer_and_what_follows_it_knows_its_cause(timed: Timed) -> None:
    timed.react(place())
    remote_id = timed.bench.remote_id("slug/1/entry")
    timed.bench.wire.take("place").reply(placed(remote_id))
    timed.react(Cancel("slug/1/entry"))
    timed.driver.turn()
    assert timed.marks.taken.cancels == []
    timed.bench.wire.take("cancel").reply({"canceled": [remote_id], "not_canceled": {}})
    (cancel,) = timed.marks.taken.cancels
    assert cancel == Cancelled("slug/1/entry", cancel.sent_ns, cancel.answered_ns)
    assert cancel.sent_ns < cancel.answered_ns
    timed.react(stop(2))
    timed.react(stop(3))
    _, _, caused, uncaused = timed.marks.taken.samples
    assert caused.answered_ns == cancel.answered_ns
    assert uncaused.answered_ns == 0, "that answer came before the last turn"
    assert len(timed.bench.told()) == 2, "the gateway heard the answers, too"


def test_a_lost_answer_is_handed_on(timed: Timed) -> None:
    timed.bench.live(place())
    timed.react(Cancel("slug/1/entry"))
    timed.bench.wire.take("cancel").answer(LostAnswer("gone"))
    assert timed.bench.told()


def test_a_step_that_decides_nothing_leaves_no_mark(timed: Timed) -> None:
    timed.kernel.strategy.step(None, None)
    assert timed.marks._intent_ns == 0


def test_percentiles_are_of_what_was_measured_and_nothing_is_made_of_too_little() -> None:
    assert percentiles([float(number) for number in range(1_001)]) == {"p50": 500.0, "p99": 990.0, "p999": 999.0}
    assert percentiles([7.0])["p50"] == 7.0
    assert math.isnan(percentiles([7.0])["p99"])
    assert math.isnan(percentiles([])["p50"])
