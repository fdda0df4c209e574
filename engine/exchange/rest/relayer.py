"""The relayer's calls: whether a wallet is deployed, its nonce, submissions and how far they are (protocol.md 12).

Facts (2026-11-21): all but /deployed want the headers of a relayer key or of a builder key; 25 submissions a minute.
Proxies and Safes are relayed by the venue, too, and not here.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from engine.exchange.desk import Desk
from engine.exchange.relay import Refused, Relay, Transaction
from engine.exchange.rest.callers import refuse
from engine.exchange.server.hosts import Service
from engine.exchange.server.limits import TokenBucket
from engine.exchange.server.messages import Handler, Request, Response, error_response, json_response
from engine.exchange.server.routes import Routes
from engine.venue import refusals
from engine.venue.addresses import checksum_address, parse_address, parse_hex
from engine.venue.batches import Batch
from engine.venue.calls import Call
from engine.venue.keys import SIGNATURE_BYTES
from engine.venue.order_wire import parse_uint

SUBMITS_PER_MINUTE: Final = 25
METADATA_MAX: Final = 500
CALLS_MAX: Final = 100
"""More than any client sends: a complete set of approvals has 17."""
KEY_HEADER: Final = "RELAYER_API_KEY"
KEY_ADDRESS_HEADER: Final = "RELAYER_API_KEY_ADDRESS"
BUILDER_HEADERS: Final = (
    "POLY_BUILDER_API_KEY",
    "POLY_BUILDER_PASSPHRASE",
    "POLY_BUILDER_SIGNATURE",
    "POLY_BUILDER_TIMESTAMP",
)
NOT_RELAYED: Final = "only deposit wallets (type WALLET) are supported by the local exchange's relayer"


class _CallWire(msgspec.Struct):
    target: str
    value: str
    data: str


class _Params(msgspec.Struct, rename="camel"):
    deposit_wallet: str
    deadline: str
    calls: list[_CallWire]


class _Submission(msgspec.Struct, rename="camel"):
    type: str
    sender: str = msgspec.field(name="from")
    to: str
    metadata: str = ""
    nonce: str = "0"
    signature: str = ""
    deposit_wallet_params: _Params | None = None


class Relayer:
    """The calls of the relayer. `keys` are API keys by the address that they belong to; an address that is not in there
    may use any. `submits_per_minute` is 0 for no limit.
    """

    def __init__(self, desk: Desk, relay: Relay, submits_per_minute: int = SUBMITS_PER_MINUTE) -> None:
        self.keys: dict[str, str] = {}
        self.submits_per_minute = submits_per_minute
        self._desk = desk
        self._relay = relay
        self._buckets: dict[str, TokenBucket] = {}

    def add_to(self, routes: Routes) -> None:
        """Add the calls."""
        routes.add(Service.RELAYER, "GET", "/deployed", self.deployed)
        for method, path, handler in (
            ("GET", "/v1/account/transactions/params", self.params),
            ("GET", "/v1/account/transactions/{transaction_id}", self.transaction),
            ("GET", "/relay-payload", lambda _: error_response(400, NOT_RELAYED)),
            ("POST", "/submit", self.submit),
        ):
            routes.add(Service.RELAYER, method, path, self._keyed(handler))

    def _keyed(self, handler: Handler) -> Handler:
        """Return a handler that answers to holders of a key alone."""

        def handle(request: Request) -> Response:
            if caller_of(request.headers, self.keys) is None:
                return error_response(401, "invalid authorization")
            response = handler(request)
            assert isinstance(response, Response), "the relayer answers at once"
            return response

        return handle

    def deployed(self, request: Request) -> Response:
        """Tell whether there is a wallet at an address."""
        address = _address(request.parameter("address"))
        if address is None:
            return error_response(400, "invalid address")
        self._advance()
        wallet = self._desk.members.wallet(checksum_address(address))
        return json_response({"deployed": wallet is not None and wallet.deployed})

    def params(self, request: Request) -> Response:
        """Return the nonce that an owner's next batch has to have."""
        owner = _address(request.parameter("address"))
        if owner is None:
            return error_response(400, "invalid address")
        if request.parameter("type") != "WALLET":
            return error_response(400, NOT_RELAYED)
        self._advance()
        wallet = self._relay.wallet_of(owner)
        return json_response({"address": checksum_address(owner), "nonce": str(wallet.nonce if wallet else 0)})

    def transaction(self, request: Request) -> Response:
        """Tell how far a submission is."""
        self._advance()
        found = self._relay.transactions.get(request.variables[0])
        if found is None:
            return error_response(404, "transaction not found")
        return json_response(
            {
                "transaction_id": found.transaction_id,
                "transaction_hash": found.transaction_hash,
                "state": found.state,
                "error_msg": found.error,
                "from": found.owner,
                "wallet": found.wallet,
                "type": "WALLET-CREATE" if found.creates else "WALLET",
                "metadata": found.metadata,
            }
        )

    def submit(self, request: Request) -> Response:
        """Take a submission."""
        now_ms = self._advance()
        limited = self._limit(request, now_ms)
        if limited is not None:
            return limited
        try:
            submission = msgspec.json.decode(request.body, type=_Submission)
            taken = self._take(submission, now_ms)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            return error_response(400, f"invalid request payload: {error}")
        self._desk.pump()
        if isinstance(taken, Refused):
            return error_response(400, taken.text)
        return json_response(
            {"transactionID": taken.transaction_id, "transactionHash": taken.transaction_hash, "state": taken.state}
        )

    def _take(self, submission: _Submission, now_ms: int) -> Transaction | Refused:
        if submission.type not in ("WALLET", "WALLET-CREATE"):
            return Refused(NOT_RELAYED)
        if len(submission.metadata) > METADATA_MAX:
            return Refused(f"expected metadata of at most {METADATA_MAX} characters, was {len(submission.metadata)}")
        owner = parse_address(submission.sender)
        if submission.type == "WALLET-CREATE":
            return self._relay.create(owner, submission.to, submission.metadata, now_ms)
        wanted = submission.deposit_wallet_params
        if wanted is None:
            return Refused("expected depositWalletParams, was none")
        if len(wanted.calls) > CALLS_MAX:
            return Refused(f"expected at most {CALLS_MAX} calls, were {len(wanted.calls)}")
        batch = Batch(
            parse_address(wanted.deposit_wallet),
            parse_uint("nonce", submission.nonce),
            parse_uint("deadline", wanted.deadline),
            tuple(map(_call, wanted.calls)),
        )
        signature = parse_hex(submission.signature, SIGNATURE_BYTES)
        return self._relay.submit(owner, batch, signature, submission.metadata, now_ms)

    def _limit(self, request: Request, now_ms: int) -> Response | None:
        caller = caller_of(request.headers, self.keys)
        if not self.submits_per_minute or caller is None:
            return None
        bucket = self._buckets.get(caller)
        if bucket is None:
            rate = self.submits_per_minute
            bucket = self._buckets[caller] = TokenBucket(rate, 60_000, rate, now_ms)
        if bucket.take(1, now_ms):
            return None
        wait_s = -(-(bucket.ready_at_ms(1, now_ms) - now_ms) // 1_000)
        return refuse(msgspec.structs.replace(refusals.TOO_MANY_REQUESTS, retry_after_s=max(wait_s, 1)))

    def _advance(self) -> int:
        now_ms = self._desk.advance()
        self._desk.pump()
        return now_ms


def caller_of(headers: Mapping[str, str], keys: Mapping[str, str]) -> str | None:
    """Return who calls, by the headers of a relayer key or of a builder key; None when there are none, or wrong ones.

    What a builder key signs is not looked at: such keys are not given out here.
    """
    key, address = headers.get(KEY_HEADER), headers.get(KEY_ADDRESS_HEADER, "")
    if key:
        parsed = _address(address)
        if parsed is None or keys.get(checksum_address(parsed), key) != key:
            return None
        return checksum_address(parsed)
    if all(headers.get(name) for name in BUILDER_HEADERS):
        return headers[BUILDER_HEADERS[0]]
    return None


def _address(text: str | None) -> bytes | None:
    try:
        return parse_address(text or "")
    except ValueError:
        return None


def _call(wire: _CallWire) -> Call:
    data = wire.data.removeprefix("0x")
    try:
        raw = bytes.fromhex(data)
    except ValueError:
        raise ValueError(f"data: expected hex digits, was {wire.data[:40]!r}") from None
    return Call(parse_address(wire.target), raw, parse_uint("value", wire.value))
