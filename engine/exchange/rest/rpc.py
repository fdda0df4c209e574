"""The chain's JSON-RPC, as far as clients ask: balances, approvals, blocks, receipts; single or in batches.

Facts (polymarket-client 0.14.0, 2026-11-21): calls are plain eth_call, in a JSON array rather than by a multicall
contract, answered by their ids. Blocks are 1.5 s apart. What an EOA would send itself is not supported here.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson

from engine.exchange.core.ledger import COLLATERAL
from engine.exchange.desk import Desk
from engine.exchange.members import Wallet
from engine.exchange.positions import Positions
from engine.exchange.relay import Relay
from engine.exchange.server.hosts import Service
from engine.exchange.server.messages import Request, Response, json_response
from engine.exchange.server.routes import Routes
from engine.venue import contracts
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.calls import selector
from engine.venue.contracts import CHAIN_ID
from engine.venue.eip712 import word

BLOCK_MS: Final = 1_500
BATCH_MAX: Final = 200
NOT_FOUND: Final = -32601
INVALID_REQUEST: Final = -32600
INVALID_PARAMS: Final = -32602
REFUSED: Final = -32000
NO_TRANSACTIONS: Final = "this chain takes no transactions of EOAs: use a deposit wallet and the relayer"

_ALLOWANCE: Final = selector("allowance(address,address)")
_APPROVED_FOR_ALL: Final = selector("isApprovedForAll(address,address)")
_BALANCE: Final = selector("balanceOf(address)")
_BALANCE_OF_ID: Final = selector("balanceOf(address,uint256)")
_BALANCE_BATCH: Final = selector("balanceOfBatch(address[],uint256[])")
_POSITION_TOKENS: Final = frozenset(
    (contracts.CONDITIONAL_TOKENS, contracts.NEG_RISK_ADAPTER, contracts.POSITION_MANAGER)
)
_CONTRACTS: Final = frozenset(
    (
        contracts.COLLATERAL,
        contracts.ROUTER,
        contracts.COLLATERAL_ADAPTER,
        contracts.NEG_RISK_COLLATERAL_ADAPTER,
        contracts.DEPOSIT_WALLET_FACTORY,
        *_POSITION_TOKENS,
        *(exchange.address for exchange in contracts.EXCHANGES),
    )
)
_SOME_CODE: Final = "0xfe"
"""Stands for whatever code a contract has: the opcode INVALID."""


class RpcError(Exception):
    """An error of JSON-RPC: raised and answered within this module."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Rpc:
    """The chain as its JSON-RPC shows it."""

    def __init__(self, desk: Desk, relay: Relay, positions: Positions) -> None:
        self._desk = desk
        self._relay = relay
        self._positions = positions
        self._methods: dict[str, Callable[[list[Any]], object]] = {
            "eth_chainId": lambda _: hex(CHAIN_ID),
            "net_version": lambda _: str(CHAIN_ID),
            "eth_blockNumber": lambda _: hex(self._block()),
            "eth_getBlockByNumber": self._get_block,
            "eth_call": self._call,
            "eth_getCode": self._get_code,
            "eth_getTransactionReceipt": self._receipt,
            "eth_sendRawTransaction": _no_transactions,
            "eth_getTransactionCount": _no_transactions,
            "eth_estimateGas": _no_transactions,
        }
        self._calls: dict[bytes, Callable[[str, list[bytes]], bytes]] = {
            _ALLOWANCE: self._allowance,
            _APPROVED_FOR_ALL: self._approved_for_all,
            _BALANCE: self._balance,
            _BALANCE_OF_ID: self._balance_of_id,
            _BALANCE_BATCH: self._balance_batch,
        }

    def add_to(self, routes: Routes) -> None:
        """Add the one call."""
        routes.add(Service.RPC, "POST", "/", self.answer)

    def answer(self, request: Request) -> Response:
        """Answer one request, or an array of them, each by itself."""
        try:
            content = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            return json_response(_error(None, RpcError(-32700, "expected JSON")))
        self._desk.advance()
        self._desk.pump()
        if not isinstance(content, list):
            return json_response(self._one(content))
        if not 0 < len(content) <= BATCH_MAX:
            return json_response(_error(None, RpcError(INVALID_REQUEST, f"expected 1 to {BATCH_MAX} requests")))
        return json_response([self._one(each) for each in content])

    def _one(self, content: Any) -> dict[str, object]:
        asked = content if isinstance(content, dict) else {}
        name, params, number = asked.get("method"), asked.get("params", []), asked.get("id")
        try:
            if not isinstance(name, str) or not isinstance(params, list):
                raise RpcError(INVALID_REQUEST, "expected an object with a method and an array of params")
            method = self._methods.get(name)
            if method is None:
                raise RpcError(NOT_FOUND, f"the method {name[:60]} is not available")
            return {"jsonrpc": "2.0", "id": number, "result": method(params)}
        except RpcError as error:
            return _error(number, error)
        except (ValueError, IndexError) as error:
            return _error(number, RpcError(INVALID_PARAMS, f"invalid params: {error}"))

    def _block(self) -> int:
        return self._desk.shown_ms() // BLOCK_MS

    def _get_block(self, params: list[Any]) -> object:
        """Return a block's head; any block but the latest has the time that its number stands for."""
        tag = params[0] if params else "latest"
        newest = self._block()
        number = int(tag, 16) if isinstance(tag, str) and tag.startswith("0x") else newest
        if number > newest:
            return None
        at_ms = self._desk.shown_ms() if number == newest else number * BLOCK_MS
        return {
            "number": hex(number),
            "hash": "0x" + number.to_bytes(32, "big").hex(),
            "parentHash": "0x" + max(number - 1, 0).to_bytes(32, "big").hex(),
            "timestamp": hex(at_ms // 1_000),
            "transactions": [],
        }

    def _receipt(self, params: list[Any]) -> object:
        """Return a transaction's receipt once it is mined: of the relayer's and of matched trades."""
        wanted = _text(params, 0).lower()
        relayed = self._relay.by_hash.get(wanted)
        mined_ms = relayed.mined_ms if relayed is not None else self._positions.mined_ms.get(wanted)
        if mined_ms is None:
            return None
        number = mined_ms // BLOCK_MS
        return {
            "transactionHash": wanted,
            "status": "0x1",
            "blockNumber": hex(number),
            "blockHash": "0x" + number.to_bytes(32, "big").hex(),
            "transactionIndex": "0x0",
            "gasUsed": "0x0",
            "logs": [],
        }

    def _get_code(self, params: list[Any]) -> object:
        address = checksum_address(parse_address(_text(params, 0)))
        wallet = self._desk.members.wallet(address)
        deployed = wallet is not None and wallet.deployed and wallet.signature_type != 0
        return _SOME_CODE if deployed or address in _CONTRACTS else "0x"

    def _call(self, params: list[Any]) -> object:
        asked = params[0] if params else None
        if not isinstance(asked, dict):
            raise RpcError(INVALID_PARAMS, "expected an object with to and data")
        to = checksum_address(parse_address(_text([asked.get("to")], 0)))
        data = bytes.fromhex(_text([asked.get("data", asked.get("input"))], 0).removeprefix("0x"))
        call = self._calls.get(data[:4])
        words = [data[at : at + 32] for at in range(4, len(data), 32)]
        if call is None or (words and len(words[-1]) != 32):
            raise RpcError(REFUSED, f"execution reverted: {to} has no such function here")
        return "0x" + call(to, words).hex()

    def _wallet(self, raw: bytes) -> Wallet:
        address = checksum_address(raw[12:])
        return self._desk.members.wallet(address) or Wallet(address=address, owner=address, signature_type=0)

    def _allowance(self, to: str, words: list[bytes]) -> bytes:
        _expect(to == contracts.COLLATERAL, to)
        return word(self._wallet(words[0]).allowances.get(checksum_address(words[1][12:]), 0))

    def _approved_for_all(self, to: str, words: list[bytes]) -> bytes:
        _expect(to in _POSITION_TOKENS, to)
        return word(f"{to}:{checksum_address(words[1][12:])}" in self._wallet(words[0]).operators)

    def _balance(self, to: str, words: list[bytes]) -> bytes:
        _expect(to == contracts.COLLATERAL, to)
        return word(self._held(words[0], COLLATERAL))

    def _balance_of_id(self, to: str, words: list[bytes]) -> bytes:
        _expect(to in _POSITION_TOKENS, to)
        return word(self._held(words[0], str(int.from_bytes(words[1], "big"))))

    def _balance_batch(self, to: str, words: list[bytes]) -> bytes:
        _expect(to in _POSITION_TOKENS, to)
        owners, tokens = _array(words, 0), _array(words, 1)
        if len(owners) != len(tokens):
            raise RpcError(REFUSED, "execution reverted: as many owners as ids are needed")
        pairs = zip(owners, tokens, strict=True)
        held = [self._held(owner, str(int.from_bytes(token, "big"))) for owner, token in pairs]
        return word(32) + word(len(held)) + b"".join(map(word, held))

    def _held(self, owner: bytes, asset: str) -> int:
        account = self._desk.exchange.ledger.accounts.get(checksum_address(owner[12:]))
        return account.chain.get(asset, 0) if account is not None else 0


def _array(words: list[bytes], number: int) -> list[bytes]:
    """Return the items of a dynamic array whose offset is the argument of that number."""
    start = int.from_bytes(words[number], "big") // 32
    count = int.from_bytes(words[start], "big")
    items = words[start + 1 : start + 1 + count]
    if len(items) != count:
        raise RpcError(REFUSED, "execution reverted: an array is not complete")
    return items


def _expect(known: bool, to: str) -> None:
    if not known:
        raise RpcError(REFUSED, f"execution reverted: {to} has no such function here")


def _no_transactions(params: list[Any]) -> object:
    raise RpcError(REFUSED, NO_TRANSACTIONS)


def _text(params: list[Any], number: int) -> str:
    value = params[number]
    if not isinstance(value, str):
        raise ValueError(f"expected text, was {value!r}"[:100])
    return value


def _error(number: object, error: RpcError) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": error.code, "message": error.message}}
