import hypothesis.strategies as st
import pytest
from hypothesis import given

from engine.venue.addresses import parse_address
from engine.venue.calls import (
    UINT256_MAX,
    Action,
    Approve,
    ApproveAll,
    Call,
    Merge,
    Redeem,
    RedeemOutcome,
    Split,
    Transfer,
    UnknownCall,
    decode,
    encode,
)
from engine.venue.contracts import (
    COLLATERAL,
    COLLATERAL_ADAPTER,
    CONDITIONAL_TOKENS,
    EXCHANGE_V2,
    NEG_RISK_COLLATERAL_ADAPTER,
    ROUTER,
)
from tests.unit.engine.venue import vectors

CONDITION = bytes.fromhex("5f65177b394277fd294cd75650044e32ba009a95022d88a0c1d565897d72f8f1")
ROUTER_CONDITION = b"\x01" + b"\xab" * 30
PUSD, CTF, ADAPTER = map(parse_address, (COLLATERAL, CONDITIONAL_TOKENS, COLLATERAL_ADAPTER))
NEG_RISK, TO_ROUTER = parse_address(NEG_RISK_COLLATERAL_ADAPTER), parse_address(ROUTER)
EXCHANGE = parse_address(EXCHANGE_V2.address)


def words(*values: int | bytes) -> str:
    """Return ABI words: numbers from the right, bytes from the left."""
    return "".join(f"{value:064x}" if isinstance(value, int) else value.hex().ljust(64, "0") for value in values)


def number(address: bytes) -> int:
    return int.from_bytes(address, "big")


PUSD_WORD = number(PUSD)
# What polymarket-client 0.14.0 sends; the selectors were taken from its output.
CALLS = [
    (Approve(PUSD, EXCHANGE, UINT256_MAX), "095ea7b3" + words(number(EXCHANGE), UINT256_MAX)),
    (Transfer(PUSD, vectors.EOA, 2_500_000), "a9059cbb" + words(number(vectors.EOA), 2_500_000)),
    (ApproveAll(CTF, ADAPTER, True), "a22cb465" + words(number(ADAPTER), 1)),
    (ApproveAll(CTF, ADAPTER, False), "a22cb465" + words(number(ADAPTER), 0)),
    (
        Split(ADAPTER, CONDITION, 10_000_000),
        "72ce4275" + words(PUSD_WORD, 0, CONDITION, 0xA0, 10_000_000, 2, 1, 2),
    ),
    (
        Merge(NEG_RISK, CONDITION, 7_000_000),
        "9e7212ad" + words(PUSD_WORD, 0, CONDITION, 0xA0, 7_000_000, 2, 1, 2),
    ),
    (Redeem(ADAPTER, CONDITION), "01b7037c" + words(PUSD_WORD, 0, CONDITION, 0x80, 2, 1, 2)),
    (Split(TO_ROUTER, ROUTER_CONDITION, 10_000_000), "82d3b9f1" + words(ROUTER_CONDITION, 10_000_000)),
    (Merge(TO_ROUTER, ROUTER_CONDITION, 7_000_000), "5b63685e" + words(ROUTER_CONDITION, 7_000_000)),
    (
        RedeemOutcome(TO_ROUTER, ROUTER_CONDITION, 1, 3_000_000),
        "d217a3cc" + words(ROUTER_CONDITION, 1, 3_000_000),
    ),
]
ACTIONS = [action for action, _ in CALLS]


@pytest.mark.parametrize(("action", "data"), CALLS)
def test_calls_are_encoded_as_the_official_client_does(action: Action, data: str) -> None:
    call = encode(action)
    assert call.data.hex() == data
    assert call.value == 0
    assert decode(call) == action


@given(st.sampled_from(ACTIONS), st.integers(0, UINT256_MAX), st.booleans())
def test_every_amount_survives(action: Action, amount: int, long: bool) -> None:
    condition_id = CONDITION if long else ROUTER_CONDITION
    for made in (
        Approve(PUSD, EXCHANGE, amount),
        Split(ADAPTER, condition_id, amount),
        Merge(ADAPTER, condition_id, amount),
        action,
    ):
        assert decode(encode(made)) == made


@given(st.sampled_from(ACTIONS), st.data())
def test_a_call_with_a_changed_byte_is_never_read_as_the_same_action(action: Action, data: st.DataObject) -> None:
    call = encode(action)
    at = data.draw(st.integers(0, len(call.data) - 1))
    changed = bytearray(call.data)
    changed[at] ^= data.draw(st.integers(1, 255))
    found = decode(Call(call.target, bytes(changed)))
    assert found != action
    assert isinstance(found, UnknownCall) or encode(found).data == bytes(changed)


@given(st.sampled_from(ACTIONS), st.integers(1, 64))
def test_a_call_of_another_length_is_unknown(action: Action, count: int) -> None:
    call = encode(action)
    for data in (call.data[:-count], call.data + bytes(count)):
        changed = Call(call.target, data)
        assert decode(changed) == UnknownCall(changed)


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_unknown(data: bytes) -> None:
    call = Call(PUSD, data)
    assert decode(call) == UnknownCall(call)


def test_a_call_that_sends_money_along_is_unknown() -> None:
    call = Call(PUSD, encode(ACTIONS[0]).data, value=1)
    assert decode(call) == UnknownCall(call)


def test_a_split_of_other_collateral_is_unknown() -> None:
    data = bytes.fromhex("72ce4275" + words(number(CTF), 0, CONDITION, 0xA0, 1, 2, 1, 2))
    assert decode(Call(ADAPTER, data)) == UnknownCall(Call(ADAPTER, data))
