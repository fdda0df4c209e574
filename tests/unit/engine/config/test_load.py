"""Loading a config: all problems together, the earlier bot's shape, the way to JSON and back, and any bytes at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config.build import bucket_params
from engine.config.load import load_config, parse_config
from engine.config.schema import SCHEMA
from engine.model.errors import InputError
from engine.model.params import CapStep
from engine.model.units import NS_PER_S

EARLIER: dict[str, dict[str, Any]] = {
    "api": {
        "PRIVATE_KEY": "0x" + "ab" * 32,
        "PROXY_ADDRESS": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "SIGNATURE_TYPE": 2,
        "CHAIN_ID": 137,
    },
    "entry_exit": {
        "ENTRY_BID_THRESHOLD": 0.6,
        "MIN_TP_INCREMENT": 0.01,
        "MAX_TP_PRICE": 0.99,
        "SL_OFFSET": 0.2,
        "SL_FLOOR": 0.5,
        "SL_ORDER_PRICE": 0.01,
    },
    "time_windows": {"CONTRACT_DURATION_SEC": 900, "LATE_WINDOW_SEC": 120, "ENTRY_REQUOTE_WAIT_SEC": 2.0},
    "late_mode": {
        "LATE_SL_TRIGGER": 0.7,
        "LATE_REENTRY_ENTRY_THRESHOLD": 0.9,
        "ENABLE_LATE_REENTRY": True,
        "MAX_LATE_REENTRIES": 1,
    },
    "position_control": {
        "CAP_SCHEDULE": [
            {"from": 0, "to": 300, "cap_usd": 7.0},
            {"from": 300, "to": 600, "cap_usd": 7.5},
            {"from": 600, "to": 900, "cap_usd": 8.0},
        ],
        "MIN_TRADE_SIZE": 5.0,
        "ENABLE_DUST_MERGE": True,
    },
    "micro_tuning": {
        "ENTRY_REQUOTE_MIN_IMPROVE": 0.03,
        "REMOTE_POS_SIZE_THRESHOLD": 0.0,
        "LEG_SELECTION_MODE": "HIGHEST_BID",
    },
}
DEFAULTS = parse_config(b"{}", "defaults")


def problems_of(text: str | dict[str, Any]) -> list[str]:
    """Return the problems with which a config is refused, the head line left out."""
    data = text if isinstance(text, str) else json.dumps(text)
    with pytest.raises(InputError) as caught:
        parse_config(data.encode(), "config.json")
    head, *problems = str(caught.value).splitlines()
    assert head == f"config.json: {len(problems)} problem(s)"
    return [problem.strip() for problem in problems]


def test_an_earlier_bots_file_with_all_its_keys_loads_and_means_the_defaults() -> None:
    config = parse_config(json.dumps(EARLIER).encode(), "config.json")
    assert bucket_params(config) == bucket_params(DEFAULTS)
    assert config["api"]["SIGNATURE_TYPE"] == 2


def test_the_cap_schedule_may_be_an_object_too() -> None:
    section = {"CAP_SCHEDULE": {"0-300": 7.0, "300-600": 7.5, "600-900": 8.0}}
    config = parse_config(json.dumps({"position_control": section}).encode(), "config.json")
    assert config["position_control"]["CAP_SCHEDULE"] == DEFAULTS["position_control"]["CAP_SCHEDULE"]
    assert DEFAULTS["position_control"]["CAP_SCHEDULE"][1] == CapStep(300 * NS_PER_S, 600 * NS_PER_S, 7_500_000)


def test_all_problems_are_reported_together_with_path_value_and_what_is_allowed() -> None:
    problems = problems_of(
        '{"entry_exit": {"SL_OFFSET": "0.2", "SL_FLOR": 0.5, "MAX_TP_PRICE": 1.5}, "guard": {},'
        ' "late_mode": {"ENABLE_LATE_REENTRY": 1, "ENABLE_LATE_REENTRY": true, "MAX_LATE_REENTRIES": 1.5},'
        ' "micro_tuning": {"LEG_SELECTION_MODE": "BEST"}, "time_windows": [1]}'
    )
    assert problems == [
        f"guard: unknown section, expected one of {', '.join(SCHEMA)}",
        "late_mode.ENABLE_LATE_REENTRY: stands twice in one object, first 1, then true",
        'entry_exit.SL_OFFSET: expected a price from 0 to 1 USD on the 0.0001 grid, was "0.2"',
        f"entry_exit.SL_FLOR: unknown key, expected one of {', '.join(SCHEMA['entry_exit'])}",
        "entry_exit.MAX_TP_PRICE: expected a price from 0 to 1 USD on the 0.0001 grid, was 1.5",
        "time_windows: expected an object, was list",
        "late_mode.MAX_LATE_REENTRIES: expected a whole number from 0 to 100, was 1.5",
        'micro_tuning.LEG_SELECTION_MODE: expected one of HIGHEST_BID, YES_ONLY, NO_ONLY, was "BEST"',
    ]


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("entry_exit", "SL_FLOOR", True),
        ("entry_exit", "SL_FLOOR", None),
        ("entry_exit", "SL_FLOOR", 0.50001),
        ("entry_exit", "SL_FLOOR", -0.1),
        ("time_windows", "LATE_WINDOW_SEC", 0.0001),
        ("time_windows", "LATE_WINDOW_SEC", "120"),
        ("late_mode", "ENABLE_LATE_REENTRY", "true"),
        ("api", "SIGNATURE_TYPE", 4),
        ("api", "PROXY_ADDRESS", ""),
        ("position_control", "MIN_TRADE_SIZE", -1),
        ("position_control", "CAP_SCHEDULE", []),
        ("position_control", "CAP_SCHEDULE", {"0..900": 7}),
        ("position_control", "CAP_SCHEDULE", [{"from": 0, "to": 900}]),
        ("position_control", "CAP_SCHEDULE", [{"from": 0, "to": 900, "cap_usd": 0}]),
        ("runtime", "mode", "test"),
        ("runtime", "state_dir", ""),
        ("feed", "capacity", 8),
    ],
)
def test_a_value_of_the_wrong_kind_names_path_and_value(section: str, key: str, value: Any) -> None:
    (problem,) = problems_of({section: {key: value}})
    assert problem.startswith(f"{section}.{key}: expected ")
    assert problem.endswith(f", was {json.dumps(value)}")


def test_a_number_is_read_exactly_never_rounded() -> None:
    (problem,) = problems_of('{"entry_exit": {"SL_FLOOR": 0.50000000000000000000000000000000000001}}')
    assert "on the 0.0001 grid" in problem


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"\xff\xfe\xfa", "JSON"),
        (b"[" * 100_000, "RecursionError"),
        (b'{"a": 1e99999999999999999999}', "JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "JSON"),
        (b"[]", "expected an object with the sections api, .* was list"),
        (b"null", "was NoneType"),
    ],
)
def test_what_is_no_config_at_all_is_refused_with_its_source(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=f"^config.json.*{said}"):
        parse_config(data, "config.json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from([(section, key) for section, row in SCHEMA.items() for key in row])


@given(st.lists(st.tuples(keys, json_values), max_size=6))
def test_any_value_anywhere_is_taken_or_refused_with_an_input_error(changes: list[tuple[tuple[str, str], Any]]) -> None:
    raw: dict[str, dict[str, Any]] = {}
    for (section, key), value in changes:
        raw.setdefault(section, {})[key] = value
    check(json.dumps(raw).encode())


@given(json_values)
def test_any_json_is_taken_or_refused_with_an_input_error(value: Any) -> None:
    check(json.dumps(value).encode())


@given(st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_taken_or_refused_with_an_input_error(data: bytes) -> None:
    check(data)


def check(data: bytes) -> None:
    """Load; what is refused can be printed, what is taken can be written and loaded again."""
    try:
        config = parse_config(data, "fuzz")
    except InputError as error:
        message = str(error)
    else:
        message = ""
        assert parse_config(config.to_json(), "again").to_json() == config.to_json()
    assert message == "" or message.encode().startswith(b"fuzz")


def test_the_way_to_json_and_back_keeps_every_value_and_the_hash() -> None:
    config = parse_config(json.dumps({**EARLIER, "api": {"PROXY_ADDRESS": "0x1"}}).encode(), "config.json")
    again = parse_config(config.to_json(), "again")
    for section in SCHEMA:
        assert dict(again[section]) == dict(config[section])
    assert again.hash == config.hash


def test_the_hash_is_of_the_way_to_play_not_of_the_files_words() -> None:
    reordered = {section: EARLIER[section] for section in reversed(EARLIER)}
    one, other = (parse_config(json.dumps(raw, indent=7).encode(), "x") for raw in (EARLIER, reordered))
    assert one.hash == other.hash
    assert len(DEFAULTS.hash) == 16
    assert DEFAULTS.replaced({"guards": {"STOP_SELLS_DUST": True}}).hash != DEFAULTS.hash


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        DEFAULTS["guards"]["STOP_SELLS_DUST"] = True  # type: ignore[index]


def test_replaced_values_are_checked_as_loaded_ones_are() -> None:
    with pytest.raises(InputError, match=r"entry_exit.ENTRY_BID_THRESHOLD: expected more than entry_exit.SL_FLOOR"):
        DEFAULTS.replaced({"entry_exit": {"SL_FLOOR": 6_000}})


def test_no_file_means_the_defaults_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    assert load_config(None).hash == DEFAULTS.hash
    with pytest.raises(InputError, match=r"expected a config file, .*none\.json could not be read"):
        load_config(tmp_path / "none.json")
    (tmp_path / "config.json").write_text("{}")
    assert load_config(tmp_path / "config.json").hash == DEFAULTS.hash


def test_a_proxys_password_is_masked_where_the_config_is_shown() -> None:
    config = parse_config(b'{"venue": {"proxy": "socks5://ada:hunter2@10.0.0.1:1080"}}', "test")
    assert config["venue"]["proxy"] == "socks5://ada:hunter2@10.0.0.1:1080"
    assert b"hunter2" not in config.to_json()
    assert b"socks5://***@10.0.0.1:1080" in config.to_json()
    plain = parse_config(b'{"venue": {"proxy": "http://127.0.0.1:8080"}}', "test")
    assert b"http://127.0.0.1:8080" in plain.to_json()
