"""The stop that would be sent now is signed ahead: once per size and tick, used at most once."""

from engine.kernel.kernel import Kernel
from engine.model.codes import Code
from engine.model.commands import Command, Place, Prepare, Purpose, TimeInForce
from engine.model.events import Gone, GoneReason, Market, MarketChange, Sellable, Side, VenueState
from engine.strategy.bucket.prepare import PREPARES_MAX
from engine.strategy.bucket.stages import Stage
from tests.scenario.bucket.harness import Scenario
from tests.scenario.bucket.in_kernel import kernel
from tests.scenario.bucket.words import SLUG, UP, at, market, price, shares, tob
from tests.unit.engine.kernel.test_kernel import fill


def late() -> Scenario:
    """Hold 8 shares bought at 0.92 in LATE_HOLD, nothing resting."""
    return Scenario().holding(770, 0.92).tick(780).gone(783)


def test_nothing_is_prepared_before_shares_can_be_sold() -> None:
    play = Scenario().book(10, 0.60)
    assert play.prepares == []
    assert play.accept(10.1).fill(11, 11).prepares == []


def test_the_stop_that_would_be_sent_is_prepared_when_shares_become_sellable() -> None:
    play = Scenario().bought().sellable(12, 11)
    assert play.prepares == [
        Prepare(f"{SLUG}/1/prepare", UP, Side.SELL, price(0.01), shares(11), TimeInForce.FAK, Purpose.STOP)
    ]
    assert play.place.purpose == Purpose.TAKE_PROFIT


def test_it_is_prepared_once_while_nothing_changes() -> None:
    play = Scenario().holding()
    for second in range(20, 30):
        assert play.book(second, 0.58 + second % 3 / 100).prepares == []


def test_another_size_is_prepared_anew() -> None:
    play = Scenario().holding().fill(15, 5)
    assert [(one.order, one.size_u6) for one in play.prepares] == [(f"{SLUG}/2/prepare", shares(6))]
    assert play.fill(16, 2).prepares == []  # below the minimum: no stop would be sent


def test_another_tick_is_prepared_anew() -> None:
    play = Scenario().holding().tick_size(20, 0.001)
    play.tick(20.1)
    assert play.state.prepared is not None
    assert (play.state.prepared.order, play.state.prepared.tick_e4) == (f"{SLUG}/2/prepare", 10)


def test_a_closed_market_is_not_prepared_for() -> None:
    play = Scenario().bought()
    play.send(_closed(11.5)).sellable(12, 11)
    assert play.prepares == []


def test_the_stop_names_what_was_prepared() -> None:
    play = late().book(800, 0.70)
    assert (play.stage, play.place.prepared) == (Stage.LATE_SL_PLACED, f"{SLUG}/1/prepare")


def test_a_stop_of_another_size_names_nothing() -> None:
    play = Scenario().holding().book(20, 0.50).sellable(20.05, 10).gone(20.1)
    assert (play.place.size_u6, play.place.prepared) == (shares(10), "")


def test_a_post_only_stop_names_nothing() -> None:
    play = Scenario().holding().book(20, 0.50).mode(20.05, VenueState.POST_ONLY).gone(20.1)
    assert (play.place.post_only, play.place.prepared) == (True, "")


def test_after_a_refusal_the_stop_is_signed_afresh() -> None:
    play = late().book(800, 0.70).reject(800.2, Code.NOT_READY)
    play.book(801.3, 0.70)
    assert (play.place.purpose, play.place.prepared) == (Purpose.STOP, "")
    assert play.prepares == []


def test_what_is_left_of_a_late_stop_is_prepared_when_it_is_held_again() -> None:
    play = late().book(800, 0.70).fill(800.2, 3, 0.69).gone(800.3, reason=GoneReason.KILLED)
    assert play.stage == Stage.LATE_HOLD
    assert [(one.order, one.size_u6) for one in play.prepares] == [(f"{SLUG}/2/prepare", shares(5))]


def test_a_venue_that_changes_its_mind_for_ever_is_not_followed() -> None:
    play = Scenario().holding()
    asked = 1
    for step in range(200):
        asked += len(play.sellable(20 + step / 10, 11 - step % 2).prepares)
    assert asked == PREPARES_MAX
    assert play.state.prepared is None


def test_the_kernel_gives_the_stop_the_stamps_of_its_prepare() -> None:
    built, _ = kernel()
    prepare, stop = _prepared_and_stop(built)
    assert (stop.prepared, stop.salt, stop.timestamp_ms) == (prepare.order, prepare.salt, prepare.timestamp_ms)
    assert built.state.placed[stop.order] == stop
    assert built.state.prepared == {}


def test_a_prepare_is_no_mutation() -> None:
    built, _ = kernel()
    (place,) = built.receive(tob(1, UP, 0.60, 0.61))
    assert isinstance(place, Place)
    built.receive(fill(place, 2))
    used = len(built.state.budget.sent_ns)
    commands = built.receive(Sellable(at(4), UP, place.size_u6))
    assert [type(command) for command in commands] == [Place, Prepare]
    assert len(built.state.budget.sent_ns) == used + 1


def _closed(second: float) -> Market:
    return market(UP, MarketChange.CLOSED, second=second)


def _prepared_and_stop(built: Kernel) -> tuple[Prepare, Place]:
    (place,) = built.receive(tob(1, UP, 0.60, 0.61))
    assert isinstance(place, Place)
    built.receive(fill(place, 2))
    said: list[Command] = [*built.receive(Sellable(at(4), UP, place.size_u6))]
    (prepare,) = [command for command in said if isinstance(command, Prepare)]
    (target,) = [command for command in said if isinstance(command, Place)]
    built.receive(tob(5, UP, 0.47, 0.48))
    (stop,) = built.receive(Gone(at(5.1), target.order, GoneReason.CANCELED, 0))
    assert isinstance(stop, Place)
    return prepare, stop
