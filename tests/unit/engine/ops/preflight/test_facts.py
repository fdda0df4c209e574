import msgspec

from engine.ops.preflight.facts import Facts
from tests.unit.engine.ops.preflight.wells import WELL


def test_facts_can_be_written_down_and_none_of_them_is_a_secret() -> None:
    text = msgspec.json.encode(WELL).decode()
    assert all(word not in text.lower() for word in ("private", "secret", "passphrase"))
    assert set(msgspec.json.decode(text)) == set(Facts.__struct_fields__)
