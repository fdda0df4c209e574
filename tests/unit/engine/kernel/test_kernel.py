import pytest

from engine.config.load import Config, parse_config
from engine.firewall.rules import FirewallParams
from engine.journal.writer import NullRecorder
from engine.kernel.kernel import NEVER_NS, Kernel
from engine.kernel.state import KernelState, decode_state, encode_state
from engine.model.codes import Code
from engine.model.commands import Alert, Cancel, CancelMarket, Command, Place, Purpose, TimeInForce
from engine.model.events import (
    Accepted,
    Event,
    Fill,
    Gone,
    GoneReason,
    Operator,
    Outcome,
    Rejected,
    Sellable,
    Side,
    Tick,
    VenueMode,
    VenueState,
)
from engine.model.records import RoundRecord, Verdict
from engine.runtime.compose import build_kernel, fresh_state
from engine.strategy.bucket.round import Round
from engine.strategy.bucket.strategy import BucketStrategy
from tests.unit.engine.rounds import DOWN, SLUG, UP, at, book, opened

CONFIG = parse_config(b"{}", "test")


class Notes(NullRecorder):
    """A recorder that keeps everything, in the order in which it was said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object]] = []

    def event(self, seq: int, event: Event) -> None:
        self.said.append(("event", event))

    def decision(
        self, seq: int, intents: list[Command], verdicts: list[Verdict], commands: list[Command], stages: list[str]
    ) -> None:
        self.said.append(("decision", (intents, verdicts, commands, stages)))

    def round(self, seq: int, record: RoundRecord) -> None:
        self.said.append(("round", record))


def kernel_with(config: Config = CONFIG, state: KernelState | None = None) -> tuple[Kernel, Notes]:
    """Return a kernel with one window open."""
    notes = Notes()
    kernel = build_kernel(config, state or fresh_state(config), notes)
    for asset in (UP, DOWN):
        kernel.receive(opened(asset))
    return kernel, notes


def enter(kernel: Kernel, second: float = 1) -> Place:
    """Let the kernel place its entry and return it."""
    kernel.receive(book(DOWN, second, 3_800, 3_900))
    (command,) = kernel.receive(book(UP, second, 6_100, 6_200))
    assert isinstance(command, Place)
    return command


def fill(place: Place, second: float, trade_id: str = "t1", size_u6: int | None = None) -> Fill:
    """Return a fill of an order at its price."""
    size = place.size_u6 if size_u6 is None else size_u6
    return Fill(at(second), place.order, trade_id, place.asset, place.side, place.price_e4, size, 0, True)


def test_the_event_is_recorded_before_the_decision_that_it_leads_to() -> None:
    kernel, notes = kernel_with()
    enter(kernel)
    kinds = [kind for kind, _ in notes.said]
    assert kinds == ["event", "event", "event", "event", "decision"]


def test_a_command_carries_salt_and_timestamp_and_the_same_run_gives_the_same_ones() -> None:
    first, second = enter(kernel_with()[0]), enter(kernel_with()[0])
    assert first == second
    assert 0 < first.salt < 1 << 53
    assert first.timestamp_ms == at(1) // 1_000_000


def test_timestamps_of_orders_strictly_increase_even_when_time_stands() -> None:
    kernel, _ = kernel_with()
    place = enter(kernel)
    kernel.state.last_timestamp_ms = place.timestamp_ms + 500
    kernel.receive(Rejected(at(1.1), place.order, Code.POST_ONLY_CROSSES))
    (again,) = kernel.receive(book(UP, 1.2, 6_100, 6_200))
    assert isinstance(again, Place)
    assert again.timestamp_ms == place.timestamp_ms + 501


def test_an_order_that_left_is_remembered_as_it_was_stamped_until_its_round_is_dropped() -> None:
    kernel, _ = kernel_with()
    place = enter(kernel)
    kernel.receive(fill(place, 2))
    assert kernel.state.placed == {place.order: place}
    kernel.receive(Tick(at(900)))
    assert decode_state(encode_state(kernel.state)).placed == {place.order: place}
    kernel.receive(Outcome(at(930), UP, True, True))
    assert kernel.state.placed == {}


def test_an_order_that_was_refused_here_is_not_remembered() -> None:
    state = fresh_state(CONFIG)
    state.killed = True
    kernel, _ = kernel_with(state=state)
    kernel.receive(book(UP, 1, 6_100, 6_200))
    kernel.receive(book(DOWN, 1, 3_800, 3_900))
    assert kernel.state.placed == {}


def test_a_refusal_of_the_firewall_reaches_the_strategy_in_the_same_step_and_is_on_record() -> None:
    notes = Notes()
    params = FirewallParams(mutations_max=1)
    strategy = BucketStrategy(BucketStrategyParams)
    kernel = Kernel(strategy, params, fresh_state(CONFIG), notes)
    for asset in (UP, DOWN):
        kernel.receive(opened(asset))
    place = enter(kernel)
    kernel.receive(Rejected(at(1.1), place.order, Code.POST_ONLY_CROSSES))
    assert kernel.receive(book(UP, 1.2, 6_100, 6_200)) == []
    kind, said = notes.said[-1]
    assert kind == "decision"
    verdicts = said[1]  # type: ignore[index]
    assert [(verdict.allowed, verdict.code) for verdict in verdicts] == [(False, Code.FW_MUTATION_BUDGET)]
    state = kernel.state.rounds[SLUG]
    assert state.entry is None
    assert state.hold_until_ns == verdicts[0].retry_at_ns == place_time_ns(place) + 60_000_000_000


BucketStrategyParams = build_kernel(CONFIG, fresh_state(CONFIG), NullRecorder()).strategy.params  # type: ignore[attr-defined]


def place_time_ns(place: Place) -> int:
    """Return when an order left, to the millisecond that its timestamp has."""
    return place.timestamp_ms * 1_000_000


def test_cancels_are_counted_in_the_budget_but_never_blocked() -> None:
    kernel, _ = kernel_with()
    place = enter(kernel)
    kernel.receive(Accepted(at(1.1), place.order))
    commands = kernel.receive(book(UP, 4, 6_500, 6_600))
    assert commands == [Cancel(place.order)]
    assert len(kernel.state.budget.sent_ns) == 2


def test_the_kill_switch_makes_rounds_safe_and_survives_in_the_state() -> None:
    kernel, _ = kernel_with()
    place = enter(kernel)
    kernel.receive(Accepted(at(1.1), place.order))
    commands = kernel.receive(Operator(at(2), "kill", "test", "enough"))
    assert Cancel(place.order) in commands
    again = decode_state(encode_state(kernel.state))
    assert again.killed
    assert again.kill_reason == "enough"


def test_a_killed_kernel_places_no_entry_until_it_is_resumed() -> None:
    state = fresh_state(CONFIG)
    state.killed, state.kill_reason = True, "before the restart"
    kernel, notes = kernel_with(state=state)
    kernel.receive(book(DOWN, 1, 3_800, 3_900))
    assert kernel.receive(book(UP, 1, 6_100, 6_200)) == []
    assert notes.said[-1][1][1][0].code == Code.RISK_KILLED  # type: ignore[index]
    (place,) = kernel.receive(Operator(at(2), "resume", "test", "looked"))
    assert isinstance(place, Place)


def test_a_venue_mode_is_known_to_the_firewall() -> None:
    kernel, _ = kernel_with()
    kernel.receive(VenueMode(at(0.5), VenueState.CANCEL_ONLY))
    kernel.receive(book(DOWN, 1, 3_800, 3_900))
    assert kernel.receive(book(UP, 1, 6_100, 6_200)) == []
    assert kernel.state.venue == VenueState.CANCEL_ONLY


def test_an_event_of_an_unknown_order_or_asset_changes_nothing_and_is_counted() -> None:
    kernel, _ = kernel_with()
    before = encode_state(kernel.state)
    assert kernel.receive(Gone(at(1), "another/1/entry", GoneReason.CANCELED)) == []
    assert kernel.receive(Sellable(at(1), 99, 5)) == []
    kernel.state.seq -= 2
    assert encode_state(kernel.state) == before
    assert kernel.strays == 1


def test_a_state_that_was_encoded_goes_on_as_if_it_had_never_stopped() -> None:
    through, _ = kernel_with()
    stopped, _ = kernel_with()
    place = enter(through)
    assert enter(stopped) == place
    resumed = build_kernel(CONFIG, decode_state(encode_state(stopped.state)), NullRecorder())
    rest: list[Event] = [
        Accepted(at(1.1), place.order),
        fill(place, 2),
        Sellable(at(4), UP, place.size_u6),
        book(UP, 5, 6_100, 6_200),
        book(UP, 9, 4_700, 4_800),
    ]
    for event in rest:
        assert resumed.receive(event) == through.receive(event)
    assert encode_state(resumed.state) == encode_state(through.state)


class Crashing(BucketStrategy):
    """A strategy with a bug: a bid of 0.77 makes it fail."""

    def step(self, state: Round, event: Event) -> tuple[Round, list[Command]]:
        if getattr(event, "bid1_price_e4", 0) == 7_700:
            raise ZeroDivisionError("a bug")
        return super().step(state, event)


def test_an_exception_stops_its_round_safely_with_the_event_on_record() -> None:
    notes = Notes()
    kernel = Kernel(Crashing(BucketStrategyParams), FirewallParams(), fresh_state(CONFIG), notes)
    for asset in (UP, DOWN):
        kernel.receive(opened(asset))
    enter(kernel)
    commands = kernel.receive(book(UP, 2, 7_700, 7_800))
    assert commands[0] == CancelMarket(UP)
    assert isinstance(commands[1], Alert)
    assert kernel.state.broken == {SLUG: "ZeroDivisionError: a bug"}
    assert ("event", book(UP, 2, 7_700, 7_800)) in notes.said
    assert kernel.receive(book(UP, 3, 6_100, 6_200)) == []


def crashed_kernel() -> tuple[Kernel, Notes]:
    """Return a kernel whose only round was stopped by a bug while its entry worked."""
    notes = Notes()
    kernel = Kernel(Crashing(BucketStrategyParams), FirewallParams(), fresh_state(CONFIG), notes)
    for asset in (UP, DOWN):
        kernel.receive(opened(asset))
    enter(kernel)
    kernel.receive(book(UP, 2, 7_700, 7_800))
    return kernel, notes


def test_a_round_that_a_bug_has_stopped_wants_no_tick_any_more() -> None:
    kernel, _ = crashed_kernel()
    assert kernel.wake_at_ns() == NEVER_NS


def test_a_round_that_a_bug_has_stopped_is_recorded_and_dropped_when_its_market_is_resolved() -> None:
    kernel, notes = crashed_kernel()
    assert kernel.working_orders()
    kernel.receive(Outcome(at(930), UP, True, True))
    assert not kernel.state.rounds
    assert kernel.state.broken == {SLUG: "ZeroDivisionError: a bug"}
    assert not kernel.working_orders()
    (record,) = [said for kind, said in notes.said if kind == "round"]
    assert record.slug == SLUG  # type: ignore[attr-defined]
    assert record.safe_reason == "ZeroDivisionError: a bug"  # type: ignore[attr-defined]
    assert not record.settled  # type: ignore[attr-defined]


class Insisting(BucketStrategy):
    """A strategy with a bug: it answers each refusal with the same wish."""

    def step(self, state: Round, event: Event) -> tuple[Round, list[Command]]:
        if isinstance(event, Rejected):
            return state, [Place(event.order, UP, Side.BUY, 6_100, 1, TimeInForce.GTC, Purpose.ENTRY, True)]
        return super().step(state, event)


def test_a_strategy_that_asks_again_after_every_refusal_is_stopped_safely() -> None:
    params = FirewallParams(open_orders_max=0)
    kernel = Kernel(Insisting(BucketStrategyParams), params, fresh_state(CONFIG), NullRecorder())
    for asset in (UP, DOWN):
        kernel.receive(opened(asset))
    kernel.receive(book(DOWN, 1, 3_800, 3_900))
    commands = kernel.receive(book(UP, 1, 6_100, 6_200))
    assert commands[0] == CancelMarket(UP)
    assert isinstance(commands[1], Alert)
    assert "8 refusals" in kernel.state.broken[SLUG]


@pytest.mark.parametrize("second", [-5, 0, 839])
def test_the_kernel_wants_to_be_woken_while_a_round_waits(second: float) -> None:
    kernel, _ = kernel_with()
    kernel.receive(Tick(at(second)))
    assert at(second) < kernel.wake_at_ns() <= at(900)


def test_selling_the_same_leg_is_not_limited_by_the_cash() -> None:
    kernel, _ = kernel_with()
    place = enter(kernel)
    kernel.receive(fill(place, 2))
    kernel.receive(Sellable(at(4), UP, place.size_u6))
    cancel = kernel.receive(book(UP, 5, 4_700, 4_800))[-1]
    assert isinstance(cancel, Cancel)
    (stop,) = kernel.receive(Gone(at(5.1), cancel.order, GoneReason.CANCELED, 0))
    assert isinstance(stop, Place)
    assert (stop.side, stop.price_e4, stop.size_u6) == (Side.SELL, 100, place.size_u6)


@pytest.mark.parametrize("mode", [VenueState.RESTARTING, VenueState.POST_ONLY, VenueState.CANCEL_ONLY])
def test_a_window_that_opens_in_another_mode_of_the_venue_knows_it_and_waits_after_its_end(mode: VenueState) -> None:
    kernel = build_kernel(CONFIG, fresh_state(CONFIG), NullRecorder())
    kernel.receive(VenueMode(at(-10), mode))
    for asset in (UP, DOWN):
        kernel.receive(opened(asset))
    kernel.receive(book(DOWN, 1, 3_800, 3_900))
    assert kernel.receive(book(UP, 1, 6_100, 6_200)) == []
    assert kernel.receive(VenueMode(at(20), VenueState.NORMAL)) == []
    assert kernel.receive(book(UP, 25, 6_100, 6_200)) == []
    (place,) = kernel.receive(book(UP, 30, 6_100, 6_200))
    assert isinstance(place, Place)
