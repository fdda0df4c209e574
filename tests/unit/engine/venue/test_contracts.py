import pytest

from engine.venue import contracts
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.contracts import (
    EXCHANGE_V1,
    EXCHANGE_V2,
    EXCHANGE_V3,
    NEG_RISK_EXCHANGE_V1,
    NEG_RISK_EXCHANGE_V2,
    Exchange,
    exchange_of,
    is_v2_position_id,
)
from tests.unit.engine.venue import vectors


def test_the_separators_are_the_specs() -> None:
    assert EXCHANGE_V2.separator.hex() == vectors.V2_SEPARATOR
    assert EXCHANGE_V3.separator.hex() == vectors.V3_SEPARATOR


def test_every_address_is_written_with_its_checksum() -> None:
    texts = [value for value in vars(contracts).values() if isinstance(value, str) and value.startswith("0x")]
    exchanges = [value.address for value in vars(contracts).values() if isinstance(value, Exchange)]
    assert len(texts) + len(exchanges) >= 25
    assert [text for text in texts + exchanges if checksum_address(parse_address(text)) != text] == []


@pytest.mark.parametrize(
    ("version", "neg_risk", "expected", "domain"),
    [
        ("v1", False, EXCHANGE_V2, "2"),
        ("v1", True, NEG_RISK_EXCHANGE_V2, "2"),
        ("v2", False, EXCHANGE_V3, "3"),
        ("v2", True, EXCHANGE_V3, "3"),
    ],
)
def test_a_markets_version_decides_its_exchange(version: str, neg_risk: bool, expected: Exchange, domain: str) -> None:
    found = exchange_of(version, neg_risk=neg_risk)
    assert found is expected
    assert found.domain_version == domain


@pytest.mark.parametrize("version", ["", "v3", "1", "2", "V1"])
def test_an_unknown_version_has_no_exchange(version: str) -> None:
    assert exchange_of(version, neg_risk=False) is None


def test_no_two_exchanges_share_a_domain() -> None:
    every = (EXCHANGE_V1, NEG_RISK_EXCHANGE_V1, EXCHANGE_V2, NEG_RISK_EXCHANGE_V2, EXCHANGE_V3)
    assert len({exchange.separator for exchange in every}) == len(every)


def test_only_protocol_v2_ids_are_recognised_as_such() -> None:
    condition = int("01" + "ab" * 15 + "00" * 15, 16)  # 31 bytes: module, hash, zeros
    assert is_v2_position_id(condition << 8 | 1)
    assert not is_v2_position_id(vectors.TOKEN)


def test_no_approval_is_wanted_twice() -> None:
    assert len(set(contracts.COLLATERAL_SPENDERS)) == len(contracts.COLLATERAL_SPENDERS) == 7
    assert len(set(contracts.POSITION_OPERATORS)) == len(contracts.POSITION_OPERATORS) == 10
