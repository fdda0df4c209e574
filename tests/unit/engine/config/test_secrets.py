"""Secrets: where they come from, and that none is ever shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.config.load import parse_config
from engine.config.secrets import check_literal_key, mask, resolve_secret
from engine.model.errors import InputError

SECRET = "0x" + "5ec7e7" * 11  # what must not be seen
PATH = "api.PRIVATE_KEY"


def test_a_literal_stands_for_itself_and_null_for_the_environment() -> None:
    assert resolve_secret(PATH, SECRET, "POLYMARKET_PK", {}) == SECRET
    assert resolve_secret(PATH, None, "POLYMARKET_PK", {"POLYMARKET_PK": SECRET}) == SECRET
    assert resolve_secret(PATH, None, "POLYMARKET_PK", {}) is None


def test_a_reference_into_the_environment() -> None:
    assert resolve_secret(PATH, {"$env": "KEY"}, "POLYMARKET_PK", {"KEY": SECRET}) == SECRET
    with pytest.raises(InputError, match=r"^api.PRIVATE_KEY: expected the environment variable KEY, it is not set$"):
        resolve_secret(PATH, {"$env": "KEY"}, "POLYMARKET_PK", {"POLYMARKET_PK": SECRET})


def test_a_reference_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET + "\n")
    assert resolve_secret(PATH, {"$file": str(tmp_path / "key")}, "POLYMARKET_PK", {}) == SECRET
    with pytest.raises(InputError, match=r"^api.PRIVATE_KEY: expected a secret in the file .*none: No such file"):
        resolve_secret(PATH, {"$file": str(tmp_path / "none")}, "POLYMARKET_PK", {})


@pytest.mark.parametrize(
    "value", [SECRET, {"$env": "KEY"}, {"$file": "~/key"}, None], ids=["literal", "env", "file", "null"]
)
def test_what_json_shows_of_a_secret(value: Any) -> None:
    shown = parse_config(json.dumps({"api": {"PRIVATE_KEY": value}}).encode(), "x").to_json().decode()
    assert SECRET not in shown
    assert json.loads(shown)["api"]["PRIVATE_KEY"] == (None if value is None else "***")


@pytest.mark.parametrize(
    "text",
    [
        '{"api": {"PRIVATE_KEY": ["SECRET"]}}',
        '{"api": {"PRIVATE_KEY": {"key": "SECRET"}}}',
        '{"api": {"PRIVATE_KEY": {"$env": "SECRET", "more": 1}}}',
        '{"api": {"PRIVATE_KEY": {"$env": ["SECRET"]}}}',
        '{"api": {"PRIVATE_KEY": {"$env": "A", "$env": "SECRET"}}}',
        '{"api": {"PRIVATE_KEY": "SECRET", "PRIVATE_KEY": "SECRET2"}}',
        '{"api": {"PRIVATE_KEYS": "SECRET"}}',
        '{"api": {"PRIVATE_KEY": "SECRET"}, "api": {"PRIVATE_KEY": "SECRET"}}',
        '{"api": "SECRET"}',
        '{"api": ["SECRET"]}',
        '{"PRIVATE_KEY": "SECRET"}',
    ],
)
def test_no_message_shows_a_secret(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_config(text.replace("SECRET", SECRET).encode(), "config.json")
    assert SECRET not in str(caught.value)


def test_a_mask_tells_where_a_secret_comes_from_and_nothing_else() -> None:
    assert mask({"$env": "KEY"}) == "{'$env': 'KEY'}"
    assert mask(None) == "null"
    for value in (SECRET, {"key": SECRET}, {"$env": "A", "$file": SECRET}, [SECRET], 7):
        assert mask(value) == "***"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_literal_key_that_others_may_read_is_a_warning_and_in_live_mode_a_refusal(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "config.json"
    path.touch()
    path.chmod(mode)
    warning = check_literal_key(path, SECRET, live=False)
    assert warning == f"api.PRIVATE_KEY stands in {path}, which others may read; run: chmod 600 {path}"
    with pytest.raises(InputError, match=f"chmod 600 {path}"):
        check_literal_key(path, SECRET, live=True)


def test_a_private_file_or_a_reference_needs_no_warning(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.touch()
    path.chmod(0o600)
    assert check_literal_key(path, SECRET, live=True) is None
    path.chmod(0o644)
    for value in (None, {"$env": "KEY"}, {"$file": "key"}):
        assert check_literal_key(path, value, live=True) is None
