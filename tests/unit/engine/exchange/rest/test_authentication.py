"""API keys over REST: one for each nonce of a key that proves itself (protocol.md 3.1)."""

from typing import Any

import pytest

from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address, to_hex
from engine.venue.credentials import ADDRESS_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign_auth
from tests.unit.engine.exchange.counter import Counter
from tests.unit.engine.exchange.desks import ask

STRANGER = known_account(9)
REFUSED = (401, {"error": "Invalid L1 Request headers"})


def proof(counter: Counter, nonce: int = 0, late_s: int = 0) -> dict[str, str]:
    timestamp_s = str(counter.desk.at_ms // 1_000 + late_s)
    return {
        ADDRESS_HEADER: checksum_address(STRANGER.address),
        SIGNATURE_HEADER: to_hex(sign_auth(STRANGER, timestamp_s, nonce)),
        TIMESTAMP_HEADER: timestamp_s,
        NONCE_HEADER: str(nonce),
    }


def create(counter: Counter, headers: dict[str, str]) -> tuple[int, Any]:
    return ask(counter.routes, "POST", "/auth/api-key", headers=headers)


def derive(counter: Counter, headers: dict[str, str]) -> tuple[int, Any]:
    return ask(counter.routes, "GET", "/auth/derive-api-key", headers=headers)


def test_a_key_is_made_once_for_a_nonce_and_can_be_derived_again() -> None:
    counter = Counter()
    assert derive(counter, proof(counter)) == (400, {"error": "Could not derive api key"})
    status, made = create(counter, proof(counter))
    assert (status, sorted(made)) == (200, ["apiKey", "passphrase", "secret"])
    assert create(counter, proof(counter)) == (400, {"error": "Could not create api key"})
    assert derive(counter, proof(counter)) == (200, made)


def test_another_nonce_has_another_key() -> None:
    counter = Counter()
    first, second = create(counter, proof(counter))[1], create(counter, proof(counter, 1))[1]
    assert first["apiKey"] != second["apiKey"]
    assert derive(counter, proof(counter, 1))[1] == second


def test_without_a_nonce_it_is_zero() -> None:
    counter = Counter()
    headers = proof(counter)
    del headers[NONCE_HEADER]
    assert create(counter, headers)[0] == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {NONCE_HEADER: "1"},
        {NONCE_HEADER: "-1"},
        {NONCE_HEADER: "x"},
        {NONCE_HEADER: "9" * 100},
        {ADDRESS_HEADER: checksum_address(known_account(8).address)},
        {ADDRESS_HEADER: "0x12"},
        {SIGNATURE_HEADER: "0x" + "00" * 65},
        {SIGNATURE_HEADER: "zz"},
        {SIGNATURE_HEADER: ""},
        {TIMESTAMP_HEADER: "0"},
        {TIMESTAMP_HEADER: ""},
    ],
)
def test_a_proof_that_is_not_one_is_refused(wrong: dict[str, str]) -> None:
    counter = Counter()
    assert create(counter, proof(counter) | wrong) == REFUSED
    assert derive(counter, proof(counter) | wrong) == REFUSED


def test_an_old_proof_is_refused() -> None:
    counter = Counter()
    assert create(counter, proof(counter, late_s=-301)) == REFUSED


def test_keys_are_listed_and_deleted_by_their_owner() -> None:
    counter = Counter()
    own = counter.accounts[0].credentials.key
    assert counter.get("/auth/api-keys", 0) == (200, {"apiKeys": [own]})
    assert counter.send("DELETE", "/auth/api-key") == (200, "OK")
    assert counter.get("/auth/api-keys", 0)[0] == 401
    assert counter.get("/auth/api-keys", 1)[1] != {"apiKeys": [own]}


def test_whether_only_closing_is_allowed_is_told() -> None:
    counter = Counter()
    path = "/auth/ban-status/closed-only"
    assert counter.get(path, 0) == (200, {"closed_only": False})
    counter.desk.members.closed_only.add(counter.accounts[0].address)
    assert counter.get(path, 0) == (200, {"closed_only": True})
