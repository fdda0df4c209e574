"""The L2 proof of a request: everything in it counts."""

import pytest

from engine.exchange.rest.callers import SKEW_S, is_timely, refuse
from engine.exchange.server.messages import Response
from engine.venue import refusals
from engine.venue.credentials import (
    ADDRESS_HEADER,
    API_KEY_HEADER,
    PASSPHRASE_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
)
from tests.unit.engine.exchange.counter import Counter
from tests.unit.engine.exchange.desks import START_MS, ask

REFUSED = (401, {"error": "Unauthorized/Invalid api key"})
BODY = b'{"heartbeat_id":""}'
PATH = "/v1/heartbeats"


def send(counter: Counter, proof: dict[str, str], body: bytes = BODY) -> tuple[int, object]:
    return ask(counter.routes, "POST", PATH, headers=proof, body=body)


def test_a_good_proof_is_answered() -> None:
    counter = Counter()
    assert send(counter, counter.proof(0, "POST", PATH, BODY))[0] == 200


def test_an_address_may_be_written_in_small_letters() -> None:
    counter = Counter()
    proof = counter.proof(0, "POST", PATH, BODY)
    assert send(counter, proof | {ADDRESS_HEADER: proof[ADDRESS_HEADER].lower()})[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", PATH, BODY), ("POST", "/order", BODY), ("POST", PATH, b'{"heartbeat_id": ""}'), ("POST", PATH, b"")],
)
def test_a_proof_of_another_request_is_refused(method: str, path: str, body: bytes) -> None:
    counter = Counter()
    assert send(counter, counter.proof(0, method, path, body)) == REFUSED


@pytest.mark.parametrize(
    "header", [ADDRESS_HEADER, API_KEY_HEADER, PASSPHRASE_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER]
)
def test_a_header_that_is_wrong_or_missing_is_refused(header: str) -> None:
    counter = Counter()
    proof, other = (counter.proof(account, "POST", PATH, BODY) for account in (0, 1))
    wrong = other[header] if header != TIMESTAMP_HEADER else str(int(proof[header]) + 1)
    assert send(counter, proof | {header: wrong}) == REFUSED
    assert send(counter, proof | {header: ""}) == REFUSED
    assert send(counter, {name: value for name, value in proof.items() if name != header}) == REFUSED


@pytest.mark.parametrize("off_s", [-SKEW_S, SKEW_S])
def test_a_timestamp_may_be_a_little_off(off_s: int) -> None:
    counter = Counter()
    now_s = counter.desk.at_ms // 1_000
    assert send(counter, counter.proof(0, "POST", PATH, BODY, now_s + off_s))[0] == 200
    further = off_s + (1 if off_s > 0 else -1)
    assert send(counter, counter.proof(0, "POST", PATH, BODY, now_s + further)) == REFUSED


def test_timestamps_count_from_the_clock_that_clients_are_shown() -> None:
    counter = Counter()
    counter.desk.skew_ms = 400_000
    now_s = counter.desk.at_ms // 1_000
    assert send(counter, counter.proof(0, "POST", PATH, BODY, now_s)) == REFUSED
    assert send(counter, counter.proof(0, "POST", PATH, BODY, now_s + 400))[0] == 200


@pytest.mark.parametrize("text", ["", "abc", "-1", "1.5", "²", "9" * 13, f"{START_MS // 1_000} "])
def test_what_is_no_unix_second_is_not_timely(text: str) -> None:
    assert not is_timely(text, START_MS)


def test_a_query_is_not_signed() -> None:
    assert Counter().get("/data/orders?market=0x12&next_cursor=MA==", 0)[0] == 200


def test_a_removed_key_is_refused() -> None:
    counter = Counter()
    assert counter.send("DELETE", "/auth/api-key") == (200, "OK")
    assert counter.get("/data/orders", 0) == REFUSED


def test_a_refusal_has_the_venues_shape_and_keeps_other_headers() -> None:
    plain = refuse(refusals.NO_BOOK, (("X", "y"),))
    assert plain == Response(404, b'{"error":"No orderbook exists for the requested token id"}', (("X", "y"),))
    coded = refuse(refusals.post_only_mode(79), (("X", "y"),))
    assert coded.status == 503
    assert coded.headers == (("X", "y"), ("Retry-After", "79"))
    assert b'"code":"post_only_mode","retry_after_seconds":79' in coded.body
