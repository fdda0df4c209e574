"""Scenario files: what they say, and that every mistake is named with its place."""

from pathlib import Path

import pytest

from engine.exchange.scenario import (
    MEANINGS,
    REQUEST_FAULTS,
    STREAM_FAULTS,
    Incident,
    What,
    check_incident,
    load_scenario,
)
from engine.exchange.server.faults import Kind
from engine.model.errors import InputError

GOOD = """
seed = 7

[[fault]]
name = "the feed freezes"
what = "ws_stall"
at_ms = 10_000
for_ms = 5_000

[[fault]]
name = "two answers get lost"
what = "timeout_after"
count = 2
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    return path


def one(what: str, more: str = "") -> str:
    return f'[[fault]]\nname = "x"\nwhat = "{what}"\n{more}\n'


def test_a_file_is_a_seed_and_faults(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, GOOD))
    assert scenario.seed == 7
    assert scenario.fault == (
        Incident(name="the feed freezes", what=What.WS_STALL, at_ms=10_000, for_ms=5_000),
        Incident(name="two answers get lost", what=What.TIMEOUT_AFTER, count=2),
    )


def test_an_empty_file_is_a_quiet_scenario(tmp_path: Path) -> None:
    assert load_scenario(written(tmp_path, "")).fault == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seed = 1\nseed = ]", "at line 2, column 8"),
        ("sed = 1", "`sed`"),
        ('seed = "1"', r"Expected `int`, got `str` - at `\$\.seed`"),
        ('[[fault]]\nwhat = "slow"', r"missing required field `name` - at `\$\.fault\[0\]`"),
        (one("slowly"), r"slowly.*\$\.fault\[0\]\.what"),
        (GOOD + one("slow", 'delay = "1 s"'), r"`delay` - at `\$\.fault\[2\]`"),
        (one("slow", "delay_ms = 1.5"), r"`\$\.fault\[0\]\.delay_ms`"),
        (one("slow", "at_ms = -1"), "x: expected at_ms >= 0 and for_ms > 0"),
        (one("slow", "for_ms = 0"), "x: expected at_ms >= 0 and for_ms > 0"),
        (one("slow", "permille = 1001"), "x: expected permille from 0 to 1000, was 1001"),
        (one("slow", "delay_ms = -1"), "x: expected delay_ms >= 0, was -1"),
        (one("balance_lag", "delay_ms = -1"), "x: expected delay_ms >= 0, was -1"),
        (one("slow", "count = 0"), "x: expected count >= 1, was 0"),
        (one("trade_failed", "count = -3"), "x: expected count >= 1, was -3"),
        (one("ws_close", "code = 1005"), "x: expected a close code that may be sent, was 1005"),
        (one("ws_late_snapshot", "after_frames = 0"), "x: expected .*after_frames"),
        (
            one("slow", 'routes = ["POST order"]'),
            "x: expected a route such as .*, was 'POST order'",
        ),
        (one("slow", 'routes = ["SEND /order"]'), "x: expected a route .* was 'SEND /order'"),
        (one("slow", 'routes = ["WS /ws/user"]'), "x: expected routes of requests, slow never meets 'WS /ws/user'"),
        (one("ws_stall", 'routes = ["GET *"]'), "x: expected routes of streams .*, ws_stall never meets 'GET"),
        (one("post_only", 'routes = ["POST /order"]'), "x: expected no routes, api_key or connection, post_only"),
        (one("disabled", 'api_key = "k"'), "x: expected no routes, api_key or connection"),
        (one("slow") + one("slow"), "expected a name of its own for each fault, was 'x' twice"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=says) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a scenario in TOML"):
        load_scenario(tmp_path)
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=f"{path}: expected a scenario in TOML"):
        load_scenario(path)


@pytest.mark.parametrize("what", list(What))
def test_every_fault_has_a_meaning_and_can_be_made_of_its_name_alone(what: What) -> None:
    assert MEANINGS[what]
    incident = Incident(name="x", what=what)
    check_incident(incident)
    assert incident.is_of_transport == (what in STREAM_FAULTS | REQUEST_FAULTS)
    assert incident.wait_ms == 1_000


@pytest.mark.parametrize("routes", [("*",), ("POST *",), ("POST /order", "DELETE /orders"), ("GET /gamma/*",)])
def test_routes_may_end_with_a_star(routes: tuple[str, ...]) -> None:
    check_incident(Incident(name="x", what=What.SLOW, routes=routes))


def test_a_clock_may_be_behind() -> None:
    check_incident(Incident(name="x", what=What.CLOCK_SKEW, delay_ms=-5_000))


def test_a_transport_fault_counts_from_now_and_means_orders_or_both_channels() -> None:
    fault = Incident(name="x", what=What.TIMEOUT_AFTER, at_ms=10, for_ms=5, count=2, permille=500).fault(1_000)
    assert (fault.kind, fault.start_ms, fault.until_ms, fault.count) == (Kind.SILENT_AFTER, 1_010, 1_015, 2)
    assert fault.target.routes == ("POST /order", "POST /orders")
    assert fault.params.chance_permille == 500
    assert Incident(name="x", what=What.WS_LOSE).fault(0).target.routes == ("WS /ws/market", "WS /ws/user")
