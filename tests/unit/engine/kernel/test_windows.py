"""A window opens with its second token, is booked at its end, and is dropped when it is settled."""

from engine.journal.writer import NullRecorder
from engine.model.events import Accepted, Gone, GoneReason, MarketChange, Outcome, Tick
from engine.runtime.compose import build_kernel, fresh_state
from tests.unit.engine.kernel.test_kernel import CONFIG, enter, fill, kernel_with
from tests.unit.engine.rounds import DOWN, SLUG, UP, at, book, changed, opened


def test_a_window_opens_when_both_tokens_were_announced() -> None:
    kernel = build_kernel(CONFIG, fresh_state(CONFIG), NullRecorder())
    kernel.receive(opened(UP))
    assert not kernel.state.rounds
    kernel.receive(opened(DOWN))
    assert list(kernel.state.rounds) == [SLUG]


def test_a_window_of_another_length_is_not_played() -> None:
    kernel = build_kernel(CONFIG, fresh_state(CONFIG), NullRecorder())
    for asset in (UP, DOWN):
        kernel.receive(opened(asset, length_s=300))
    assert not kernel.state.rounds


def test_a_window_that_is_announced_after_its_end_is_not_opened() -> None:
    kernel = build_kernel(CONFIG, fresh_state(CONFIG), NullRecorder())
    for asset in (UP, DOWN):
        kernel.receive(opened(asset, 900))
    assert not kernel.state.rounds


def test_dust_is_booked_by_token_and_leaves_the_book_when_the_market_is_settled() -> None:
    kernel, _ = kernel_with()
    place = enter(kernel)
    kernel.receive(Accepted(at(1.1), place.order))
    kernel.receive(fill(place, 2, size_u6=3_000_000))
    kernel.receive(book(UP, 2.5, 5_000, 5_100))
    kernel.receive(Gone(at(3), place.order, GoneReason.EXPIRED, 3_000_000))
    kernel.receive(Tick(at(841)))
    assert {token: (dust.size_u6, dust.cost_u6) for token, dust in kernel.state.dust.items()} == {
        "token-0": (3_000_000, 1_830_000)
    }
    kernel.receive(Tick(at(900)))
    kernel.receive(Outcome(at(930), UP, True, False))
    assert not kernel.state.dust


def test_a_round_of_unknown_outcome_is_dropped_but_not_booked() -> None:
    kernel, notes = kernel_with()
    kernel.receive(fill(enter(kernel), 2))
    kernel.receive(Tick(at(900)))
    kernel.receive(Outcome(at(930), UP, False))
    assert not kernel.state.rounds
    assert kernel.state.bankroll_u6 == 100_000_000
    assert not notes.said[-1][1].settled  # type: ignore[attr-defined]


def test_a_round_is_recorded_at_its_end_and_again_when_it_is_settled_and_then_dropped() -> None:
    kernel, notes = kernel_with()
    place = enter(kernel)
    kernel.receive(fill(place, 2))
    kernel.receive(changed(MarketChange.CLOSED, UP, 900))
    kernel.receive(Tick(at(900)))
    kernel.receive(Outcome(at(930), UP, True, True))
    records = [said for kind, said in notes.said if kind == "round"]
    assert [(record.settled, record.won) for record in records] == [(False, None), (True, True)]  # type: ignore[attr-defined]
    assert not kernel.state.rounds
    assert not kernel.state.slug_of_asset
    assert kernel.state.rounds_over == 1


def test_the_bankroll_takes_in_what_a_settled_round_made() -> None:
    kernel, _ = kernel_with()
    place = enter(kernel)
    kernel.receive(fill(place, 2))
    cost_u6 = place.price_e4 * place.size_u6 // 10_000
    assert kernel.cash_u6() == 100_000_000 - cost_u6
    kernel.receive(Tick(at(900)))
    kernel.receive(Outcome(at(930), UP, True, True))
    assert kernel.state.bankroll_u6 == 100_000_000 - cost_u6 + place.size_u6
