import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from engine.exchange.server.fault_gate import StreamGate
from engine.exchange.server.faults import ArmedFault, Fault, Kind, Params, Target
from engine.exchange.server.messages import Request
from engine.exchange.streams.out import FrameKind

REQUEST = Request("GET", "/ws/market", {}, CIMultiDict(), b"", "localhost")
DATA, SNAPSHOT, REPLY = FrameKind.DATA, FrameKind.SNAPSHOT, FrameKind.REPLY


class Guarded:
    """A gate with these faults, the frames that have come out of it, and how its connection was ended."""

    def __init__(self, *faults: Fault, now_ms: int = 0) -> None:
        self.armed = {fault.name: ArmedFault(fault, "1") for fault in faults}
        self.sent: list[str] = []
        self.ended: list[object] = []
        self.held = 0
        self.closed: list[int] = []
        self.gate = StreamGate(
            self.armed, "WS /ws/market", REQUEST, 7, on_held=self._on_held, on_closed=self.closed.append
        )
        self.gate.opened(self, now_ms)

    def _on_held(self) -> None:
        self.held += 1

    def send_now(self, payload: bytes) -> None:
        self.sent.append(payload.decode())

    def close(self, code: int, reason: str = "") -> None:
        self.ended.append((code, reason))

    def abort(self) -> None:
        self.ended.append("reset")

    def send(self, frames: str, now_ms: int = 0) -> str:
        """Send frames of one letter each: S a snapshot, P a reply, any other an event; return all that has come."""
        for letter in frames:
            kind = {"S": SNAPSHOT, "P": REPLY}.get(letter, DATA)
            self.sent += [frame.decode() for frame in self.gate.outgoing(kind, letter.encode(), now_ms)]
        return "".join(self.sent)


def test_without_faults_frames_pass_as_they_are() -> None:
    assert Guarded().send("SaPb") == "SaPb"


@pytest.mark.parametrize(
    ("fault", "sent", "came"),
    [
        (Fault("x", Kind.STALL), "SaPbP", "PP"),
        (Fault("x", Kind.LOSE, count=1), "SaPbP", "SPbP"),
        (Fault("x", Kind.LOSE, params=Params(every=2)), "abcdS", "bdS"),
        (Fault("x", Kind.DUPLICATE), "SaP", "SaaP"),
        (Fault("x", Kind.REORDER), "SabPcd", "SbaPdc"),
        (Fault("x", Kind.LATE_SNAPSHOT), "SabS", "aSb"),
        (Fault("x", Kind.LATE_SNAPSHOT, params=Params(after_frames=2)), "SaPbc", "aPbSc"),
        (Fault("x", Kind.LATE_SNAPSHOT, count=1), "SaSb", "aSSb"),
        (Fault("x", Kind.BACKLOG, until_ms=5), "SaPb", "P"),
        (Fault("x", Kind.STALL, Target(("WS /ws/user",))), "Sa", "Sa"),
        (Fault("x", Kind.STALL, Target(connection=8)), "Sa", "Sa"),
        (Fault("x", Kind.STALL, Target(connection=7)), "Sa", ""),
        (Fault("x", Kind.STALL, Target(api_key="key-a")), "Sa", "Sa"),
        (Fault("x", Kind.DROP_AFTER), "Sa", "Sa"),
    ],
)
def test_a_fault_changes_what_comes(fault: Fault, sent: str, came: str) -> None:
    assert Guarded(fault).send(sent) == came


def test_the_first_fault_that_strikes_decides() -> None:
    assert Guarded(Fault("x", Kind.LOSE, count=1), Fault("y", Kind.DUPLICATE)).send("ab") == "bb"


def test_a_stall_is_over_at_its_end() -> None:
    guarded = Guarded(Fault("x", Kind.STALL, start_ms=5, until_ms=10))
    assert (guarded.send("a", 4), guarded.send("b", 5), guarded.send("c", 10)) == ("a", "a", "ac")


def test_a_backlog_is_sent_at_its_end_in_order() -> None:
    guarded = Guarded(Fault("x", Kind.BACKLOG, until_ms=10))
    guarded.send("abP", 1)
    assert (guarded.gate.wake_at_ms(), guarded.held) == (10, 2)
    guarded.gate.wake(9)
    assert "".join(guarded.sent) == "P"
    guarded.gate.wake(10)
    assert "".join(guarded.sent) == "Pab"
    assert guarded.gate.wake_at_ms() is None


def test_a_backlog_comes_before_the_next_frame_if_nobody_woke_it() -> None:
    guarded = Guarded(Fault("x", Kind.BACKLOG, until_ms=10))
    guarded.send("ab", 1)
    assert guarded.send("c", 11) == "abc"


def test_a_removed_fault_lets_go_what_it_held() -> None:
    guarded = Guarded(Fault("x", Kind.BACKLOG), Fault("y", Kind.LATE_SNAPSHOT))
    guarded.send("ab")
    guarded.gate.release(guarded.armed["y"])
    assert guarded.sent == []
    guarded.gate.release(guarded.armed.pop("x"))
    assert "".join(guarded.sent) == "ab"


@pytest.mark.parametrize("kind", [Kind.REORDER, Kind.LATE_SNAPSHOT])
def test_a_frame_that_waits_for_another_does_not_wait_for_ever(kind: Kind) -> None:
    guarded = Guarded(Fault("x", kind, params=Params(delay_ms=50)))
    guarded.send("S" if kind == Kind.LATE_SNAPSHOT else "a", 100)
    assert (guarded.sent, guarded.gate.wake_at_ms()) == ([], 150)
    guarded.gate.wake(150)
    assert len(guarded.sent) == 1


def test_a_connection_is_ended_once_when_the_fault_begins() -> None:
    fault = Fault("x", Kind.CLOSE, start_ms=5, params=Params(code=4003, reason="draining"))
    guarded = Guarded(fault, Fault("y", Kind.RESET, start_ms=8))
    assert guarded.gate.wake_at_ms() == 5
    for now_ms in range(10):
        guarded.gate.wake(now_ms)
    assert guarded.ended == [(4003, "draining"), "reset"]
    assert guarded.gate.wake_at_ms() is None


def test_a_connection_that_opens_during_the_fault_is_ended_at_once() -> None:
    assert Guarded(Fault("x", Kind.RESET, start_ms=5, until_ms=9), now_ms=6).ended == ["reset"]
    late = Guarded(Fault("x", Kind.RESET, start_ms=5, until_ms=9), now_ms=9)
    assert (late.ended, late.gate.wake_at_ms()) == ([], None)


def test_a_gone_connection_is_forgotten() -> None:
    guarded = Guarded(Fault("x", Kind.BACKLOG, until_ms=10))
    guarded.send("a")
    guarded.gate.closed()
    guarded.gate.wake(10)
    guarded.gate.release(guarded.armed["x"])
    assert (guarded.sent, guarded.closed) == ([], [7])


@given(
    kinds=st.lists(st.sampled_from([Kind.BACKLOG, Kind.REORDER, Kind.LATE_SNAPSHOT]), max_size=3, unique=True),
    frames=st.lists(st.sampled_from("SPabcdef"), max_size=20),
    every=st.integers(1, 3),
)
def test_what_is_held_always_comes_and_comes_once(kinds: list[Kind], frames: list[str], every: int) -> None:
    params = Params(every=every, delay_ms=5)
    guarded = Guarded(*(Fault(kind, kind, until_ms=50, params=params) for kind in kinds))
    for now_ms, letter in enumerate(frames):
        guarded.send(letter, now_ms)
    guarded.gate.wake(100)
    assert sorted(guarded.sent) == sorted(frames)
    assert guarded.gate.wake_at_ms() is None
