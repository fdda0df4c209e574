from engine.config.load import parse_config
from engine.journal.writer import NullRecorder
from engine.model.commands import Alert
from engine.model.events import Event, Tick, Tob
from engine.runtime.compose import build_kernel, build_paper, fresh_state
from engine.runtime.loop import Loop
from tests.unit.engine.rounds import DOWN, SLUG, UP, at, book, opened

CONFIG = parse_config(b"{}", "test")


class Inputs(NullRecorder):
    """A recorder that keeps what the kernel was given."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def event(self, seq: int, event: Event) -> None:
        self.events.append(event)


def open_loop() -> tuple[Loop, Inputs, list[Alert]]:
    inputs, alerts = Inputs(), []
    loop = Loop(build_kernel(CONFIG, fresh_state(CONFIG), inputs), build_paper(CONFIG), alerts.append)
    loop.now_ns = at(-5)
    for asset in (UP, DOWN):
        loop.market(opened(asset))
    return loop, inputs, alerts


def show(loop: Loop, second: float, bid_e4: int, *, visible: bool = True) -> None:
    loop.catch_up(at(second))
    loop.now_ns = at(second)
    loop.market(book(DOWN, second, 9_900 - bid_e4, 10_000 - bid_e4), visible=visible)
    loop.market(book(UP, second, bid_e4, bid_e4 + 100), visible=visible)


def test_events_reach_the_kernel_in_the_order_of_their_time() -> None:
    loop, inputs, _ = open_loop()
    for second in range(0, 300, 7):
        show(loop, second, 6_000 + second * 3 // 100 * 100)
    loop.catch_up(at(1_000))
    times = [event.ts_ns for event in inputs.events]
    assert times == sorted(times)
    assert any(isinstance(event, Tick) for event in inputs.events)


def test_a_book_that_a_newer_one_replaces_is_seen_by_the_paper_venue_only() -> None:
    loop, inputs, _ = open_loop()
    show(loop, 1, 6_100)
    loop.catch_up(at(2))
    before = len(inputs.events)
    loop.now_ns = at(3)
    loop.market(book(UP, 3, 5_800, 5_900), visible=False)
    assert len(inputs.events) == before
    loop.catch_up(at(4))
    assert loop.kernel.state.rounds[SLUG].held_u6 == 11_000_000


def test_the_kernel_sees_our_resting_order_in_the_book_as_at_the_venue() -> None:
    loop, inputs, _ = open_loop()
    show(loop, 1, 6_100)
    show(loop, 2, 6_100)
    last = inputs.events[-1]
    assert isinstance(last, Tob)
    assert last.bid1_size_u6 == 100_000_000 + 11_000_000


def test_alerts_go_to_who_listens_and_not_to_the_venue() -> None:
    loop, _, alerts = open_loop()
    show(loop, 1, 6_100)
    show(loop, 2, 6_000)
    loop.market(book(UP, 2, 5_800, 5_900))
    show(loop, 10, 4_500)
    assert "stop_fired" in [alert.code for alert in alerts]


def test_what_is_overdue_is_stamped_with_the_present() -> None:
    loop, inputs, _ = open_loop()
    show(loop, 1, 6_100)
    loop.now_ns = at(30)
    loop.catch_up(at(30))
    answers = [event for event in inputs.events if event.ts_ns > at(1)]
    assert answers
    assert all(event.ts_ns >= at(30) for event in answers)
