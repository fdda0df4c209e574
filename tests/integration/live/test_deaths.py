"""After the death of an engine, and after a cut network, nothing of it rests; deaths.py has every kind, for longer."""

from pathlib import Path

import pytest

from tests.integration.live.deaths import AFTER_S, rest_after


@pytest.mark.parametrize("kind", ["SIGKILL", "cut"])
def test_nothing_rests_twenty_seconds_after(kind: str, tmp_path: Path) -> None:
    before, after, none_s = rest_after(kind, tmp_path, 1, patient=False)
    assert before > 0
    assert after == 0
    assert none_s <= AFTER_S
