import pytest

from engine.venue.eip712 import DOMAIN_TYPE_HASH, address_word, domain_separator, typed_digest, word
from ext.keccak import keccak256
from tests.unit.engine.venue import vectors


def test_the_domains_type_hash_is_the_specs() -> None:
    assert DOMAIN_TYPE_HASH.hex() == "8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f"


def test_the_example_of_eip_712_has_its_published_hashes() -> None:
    person = b"Person(string name,address wallet)"
    mail = keccak256(b"Mail(Person from,Person to,string contents)" + person)

    def person_hash(name: bytes, wallet: str) -> bytes:
        return keccak256(keccak256(person) + keccak256(name) + address_word(bytes.fromhex(wallet)))

    struct = keccak256(
        mail
        + person_hash(b"Cow", "cd2a3d9f938e13cd947ec05abc7fe734df8dd826")
        + person_hash(b"Bob", "bb" * 20)
        + keccak256(b"Hello, Bob!")
    )
    separator = domain_separator("Ether Mail", "1", 1, bytes.fromhex("cc" * 20))
    assert separator.hex() == "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    assert typed_digest(separator, struct).hex() == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"


def test_a_domain_without_a_contract_has_another_type() -> None:
    assert domain_separator("ClobAuthDomain", "1", 137) != domain_separator("ClobAuthDomain", "1", 137, bytes(20))


def test_a_word_holds_256_bits_and_no_more() -> None:
    assert word((1 << 256) - 1) == b"\xff" * 32
    with pytest.raises(OverflowError):
        word(1 << 256)


def test_an_address_fills_its_word_from_the_right() -> None:
    assert address_word(vectors.EOA) == bytes(12) + vectors.EOA
