"""config.json is complete, plays the defaults and holds no secret."""

import json
from pathlib import Path

from engine.config.load import load_config
from engine.config.schema import SCHEMA

PATH = Path(__file__).resolve().parents[3] / "config.json"


def test_config_json_holds_the_defaults() -> None:
    assert load_config(PATH).to_json() == load_config(None).to_json()


def test_config_json_names_every_key_in_the_schemas_order() -> None:
    found = json.loads(PATH.read_text(encoding="utf-8"))
    assert {section: list(keys) for section, keys in found.items()} == {
        section: list(keys) for section, keys in SCHEMA.items()
    }


def test_config_json_holds_no_secret() -> None:
    api = json.loads(PATH.read_text(encoding="utf-8"))["api"]
    assert api["PRIVATE_KEY"] is None
    assert api["PROXY_ADDRESS"] is None
