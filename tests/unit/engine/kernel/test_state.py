import msgspec
import pytest

from engine.firewall.budget import MutationBudget
from engine.kernel.state import STATE_FORMAT, Dust, Fired, KernelState, decode_state, encode_state
from engine.model.commands import Place, Prepare, Purpose, TimeInForce
from engine.model.events import Settlement, Side, VenueBudget, VenueState
from engine.risk.breakers import Breakers, Crossing, Trip
from engine.risk.guardian import Guardian
from engine.risk.reconcile import Check, Reconciler
from engine.strategy.bucket.round import open_round
from tests.unit.engine.rounds import DOWN, SLUG, UP, opened


def full_state() -> KernelState:
    """Return a state in which every field says something."""
    return KernelState(
        bankroll_u6=99_000_000,
        seq=7,
        killed=True,
        stopping=True,
        kill_reason="enough",
        venue=VenueState.POST_ONLY,
        budget=MutationBudget((1, 2)),
        rounds={SLUG: open_round(opened(UP), opened(DOWN))},
        announced={"another condition": opened(UP)},
        slug_of_asset={UP: SLUG, DOWN: SLUG},
        broken={"old": "ZeroDivisionError: a bug"},
        dust={"token": Dust(3_000_000, 1_800_000)},
        assets_seen=2,
        rounds_over=5,
        last_timestamp_ms=1_800_000_000_000,
        placed={"r/1/entry": Place("r/1/entry", UP, Side.BUY, 6_100, 1, TimeInForce.GTC, Purpose.ENTRY, True, 0, 7, 8)},
        breakers=Breakers((Trip("user_stream", 1, "down"),), 2, {UP: Crossing(1, SLUG)}, ("0xa",), ("0xb",)),
        guardian=Guardian(20_000, 1, 2, 3, {SLUG: -4}, (SLUG,)),
        reconciler=Reconciler(True, checks=(Check(1, 2, 3, 4, 5, True, False, 6),), trades={"t": Settlement.MINED}),
        venue_budget=VenueBudget(1, 2, 3),
        fired={"risk_cash": Fired(1, "r/1/entry")},
        prepared={SLUG: Prepare("r/1/prepare", UP, Side.SELL, 100, 1, TimeInForce.FAK, Purpose.STOP, 7, 8)},
    )


def test_every_field_survives_and_equal_states_give_equal_bytes() -> None:
    state, defaults = full_state(), KernelState(bankroll_u6=0)
    for name in KernelState.__struct_fields__:
        assert getattr(state, name) != getattr(defaults, name), f"{name}: the test says nothing about it"
    assert decode_state(encode_state(state)) == state
    assert encode_state(full_state()) == encode_state(state)


def test_a_state_of_another_format_is_refused_by_its_first_value() -> None:
    values = msgspec.msgpack.decode(encode_state(full_state()))
    assert values[0] == STATE_FORMAT
    for older in ([STATE_FORMAT - 1, *values[1:]], values[1:]):  # the first states had no number
        with pytest.raises(msgspec.ValidationError, match="Invalid value"):
            decode_state(msgspec.msgpack.encode(older))


def test_bytes_that_are_no_state_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_state(b"\x93\xa3abc")


def test_two_states_share_nothing() -> None:
    one, other = KernelState(bankroll_u6=0), KernelState(bankroll_u6=0)
    one.rounds[SLUG] = open_round(opened(UP), opened(DOWN))
    one.dust["token"] = Dust(1, 1)
    assert other == KernelState(bankroll_u6=0)
