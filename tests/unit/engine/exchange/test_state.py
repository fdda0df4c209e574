"""The state file: written in one step, read back to the byte, refused with a reason."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.exchange.core.audit import audit
from engine.exchange.core.exchange import Exchange
from engine.exchange.state import check_writable, decode_state, encode_state, load_state, save_state
from engine.model.errors import InputError
from tests.property.exchange_steps import Steps
from tests.support_exchange import BUY, SELL, Floor

SERVER = {"members": [{"key": "k", "allowance": (1 << 256) - 1}], "é": None}


def stopped() -> Exchange:
    floor = Floor()
    floor.limit("ann", SELL, 10, 5000)
    floor.limit("bob", BUY, 5, 5000)
    floor.exchange.stop(floor.now_ms)
    return floor.exchange


def test_a_file_is_read_back_with_the_servers_part(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    exchange = stopped()
    save_state(path, exchange, SERVER)
    fresh = Exchange()
    assert load_state(path, fresh) == SERVER
    assert encode_state(fresh, SERVER) == path.read_bytes() == encode_state(exchange, SERVER)
    assert list(fresh.orders) == ["o1", "o2"]


def test_only_its_owner_may_read_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for _ in range(2):
        save_state(path, stopped(), SERVER)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_refused_before_the_day_begins(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="cannot write the exchange's state"):
        check_writable(tmp_path / "file" / "state.json")


def test_asking_whether_it_can_be_written_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("kept")
    check_writable(path)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["kept"]


def test_without_a_file_there_is_nothing_to_load(tmp_path: Path) -> None:
    exchange = Exchange()
    assert load_state(tmp_path / "none.json", exchange) is None
    assert exchange.markets == {}


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"{tmp_path}: cannot read the exchange's state: Is a directory"):
        load_state(tmp_path, Exchange())
    with pytest.raises(InputError, match="cannot write the exchange's state"):
        save_state(tmp_path, stopped(), {})
    assert list(tmp_path.iterdir()) == []


def changed(**changes: object) -> bytes:
    return json.dumps(json.loads(encode_state(stopped(), {})) | changes).encode()


def replaced(found: str, other: str) -> bytes:
    data = encode_state(stopped(), {})
    assert found.encode() in data
    return data.replace(found.encode(), other.encode())


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "state.json: expected the exchange's saved state: Input data was truncated"),
        (b"{}", "missing required field `format`"),
        (changed(version=2), "expected bucketmm exchange state 1, was bucketmm exchange state 2"),
        (changed(format="journal"), "was journal 1"),
        (changed(more=1), "unknown field `more`"),
        (changed(exchange={"now_ms": -1}), r"at `\$\.exchange"),
        (encode_state(stopped(), {})[:-20], "truncated|malformed"),
        (replaced('"side":1', '"side":7'), r"Invalid enum value 7 - at `\$\.exchange\.orders"),
        (replaced('"price_e4":5000', '"price_e4":0'), r"at `\$\.exchange\.orders"),
        (replaced('"fees_u6":8', '"fees_u6":9'), "expected balances and orders that add up"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_a_reason(data: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        decode_state(data, "state.json", Exchange())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), steps=st.integers(1, 400))
def test_whatever_has_happened_a_saved_state_is_read_back_to_the_byte(seed: int, steps: int) -> None:
    run = Steps(seed)
    run.run(steps, audit_every=steps)
    exchange = run.world.exchange
    exchange.stop(run.world.now_ms)
    data = encode_state(exchange, {"seed": seed})
    fresh = Exchange(exchange.settings)
    assert decode_state(data, "saved", fresh) == {"seed": seed}
    assert audit(fresh) == []
    assert encode_state(fresh, {"seed": seed}) == data
