from engine.analytics.config_differences import ConfigDifference, config_differences
from engine.config.load import parse_config


def as_json(text: str) -> bytes:
    return parse_config(text.encode(), "test").to_json()


def test_equal_configs_do_not_differ() -> None:
    assert config_differences(as_json("{}"), as_json("{}")) == []


def test_logic_comes_before_safety_before_the_rest() -> None:
    other = '{"paper": {"latency_ms": 1}, "risk": {"INITIAL_BANKROLL": 5}, "entry_exit": {"SL_OFFSET": 0.1}}'
    assert config_differences(as_json("{}"), as_json(other)) == [
        ConfigDifference("logic", "entry_exit.SL_OFFSET", "0.2", "0.1"),
        ConfigDifference("safety", "risk.INITIAL_BANKROLL", "100", "5"),
        ConfigDifference("surroundings", "paper.latency_ms", "50", "1"),
    ]


def test_a_key_that_one_side_does_not_have_is_a_difference() -> None:
    assert config_differences(b'{"guards": {"NEW": 1}}', b'{"guards": {}}') == [
        ConfigDifference("safety", "guards.NEW", "1", "-")
    ]
