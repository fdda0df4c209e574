"""What is written is what the official client's transport would send, and its proof is good."""

import httpx
import msgspec
import orjson

from engine.execution.polymarket.bench import CREDENTIALS
from engine.execution.polymarket.requests import RequestWriter
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import SHARE_U6
from engine.venue.accounts import known_account
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.credentials import is_request_signature, secret_bytes
from engine.venue.order_wire import wire_order
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of

KEY = known_account(0)
WRITER = RequestWriter("clob.polymarket.com", KEY.address, CREDENTIALS)
TERMS = Terms(12345, Side.SELL, 4_200, 7 * SHARE_U6, 100, TimeInForce.GTC)
SIGNED = WalletSigner(KEY, wallets_of(KEY.address).deposit, SignatureType.DEPOSIT_WALLET).sign(
    TERMS, 99, 1_763_683_200_000, EXCHANGE_V2
)
NOW_S = 1_763_683_200


def parsed(request: bytes) -> tuple[str, str, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, version = first.split()
    assert version == "HTTP/1.1"
    return method, path, dict(line.split(": ", 1) for line in lines), body


def test_a_body_says_what_was_signed_in_the_clients_order_of_keys() -> None:
    body = orjson.loads(WRITER.order_body(SIGNED, TimeInForce.GTD, post_only=True, expiration_s=1_763_684_000))
    assert list(body) == ["deferExec", "order", "orderType", "owner", "postOnly"]
    assert (body["deferExec"], body["orderType"], body["owner"], body["postOnly"]) == (
        False, "GTD", CREDENTIALS.key, True,
    )  # fmt: skip
    signature = bytes.fromhex(SIGNED.signature[2:])
    assert body["order"] == msgspec.to_builtins(wire_order(SIGNED.fields, signature, 1_763_684_000))
    assert list(body["order"]) == sorted(body["order"])


def test_post_only_is_left_out_where_it_is_not_wanted() -> None:
    assert "postOnly" not in orjson.loads(WRITER.order_body(SIGNED, TimeInForce.GTC))


def test_a_request_carries_a_good_proof_of_its_very_bytes() -> None:
    for request, wanted in (
        (WRITER.place(WRITER.order_body(SIGNED, TimeInForce.GTC), NOW_S), ("POST", "/order")),
        (WRITER.cancel(SIGNED.order_id, NOW_S), ("DELETE", "/order")),
        (WRITER.cancel_all(NOW_S), ("DELETE", "/cancel-all")),
    ):
        method, path, headers, body = parsed(request)
        assert (method, path) == wanted
        assert int(headers["Content-Length"]) == len(body)
        secret = secret_bytes(CREDENTIALS.secret)
        proof = headers["POLY_SIGNATURE"]
        assert is_request_signature(proof, secret, headers["POLY_TIMESTAMP"], method, path, body)


def test_the_appendix_vector_of_a_cancel() -> None:
    _, _, headers, _ = parsed(WRITER.request("DELETE", "/order", b'{"orderID":"0xabc"}', NOW_S))
    assert headers["POLY_SIGNATURE"] == "TRCbzqa3aY5PO82xUnvxpXsjbmaQy4O5VDOmk9VjtpQ="


def test_httpx_would_send_the_same_headers_and_body() -> None:
    method, path, headers, body = parsed(WRITER.cancel(SIGNED.order_id, NOW_S))
    sent = httpx.Request(method, f"https://clob.polymarket.com{path}", content=body, headers=headers)
    assert {name.lower(): value for name, value in headers.items()} == dict(sent.headers)
    assert sent.read() == body


def test_secrets_are_not_shown() -> None:
    assert CREDENTIALS.secret not in repr(WRITER)
    assert CREDENTIALS.passphrase not in repr(WRITER)
