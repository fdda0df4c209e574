"""Every refusal and alert is met by some test, and has its words."""

import re

from engine.model.codes import MEANING, AlertCode, Code
from tests.tidy.sources import having, text


def test_every_code_is_named_by_a_test() -> None:
    tests = "\n".join(text(path) for path in having(".py", under=("tests",)) if path.parts[1] != "tidy")
    missing = set()
    for code in (*Code, *AlertCode):
        name = f"{type(code).__name__}.{code.name}"
        value = f"[\"']{code.value}[\"']" if "_" in code.value else "(?!)"  # `tick` and the like are words, too
        if not re.search(rf"\b{re.escape(name)}\b|{value}", tests):
            missing.add(name)
    assert missing == set(), "these codes are met by no test"


def test_every_code_has_its_words() -> None:
    assert set(MEANING) == {*Code, *AlertCode}
    assert all(MEANING.values())
