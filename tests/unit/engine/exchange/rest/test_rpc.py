"""The chain's JSON-RPC: what the official client asks, and what is refused."""

from typing import Any

import pytest

from engine.exchange.chain import Chain
from engine.exchange.positions import Positions
from engine.exchange.relay import Relay, Transaction
from engine.exchange.rest.rpc import NO_TRANSACTIONS, Rpc
from engine.exchange.server.routes import Routes
from engine.model.units import U6
from engine.venue import contracts
from engine.venue.accounts import known_account
from engine.venue.addresses import parse_address
from engine.venue.eip712 import address_word, word
from tests.unit.engine.exchange.desks import START_MS, TestDesk, ask

EOA = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
DEPOSIT = "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50"
OWNER = address_word(parse_address(DEPOSIT)).hex()
CTF = contracts.CONDITIONAL_TOKENS


class Scene:
    """A desk with account 0, which holds 10 pairs of one market, and its RPC."""

    def __init__(self) -> None:
        self.desk = TestDesk()
        self.desk.accounts()
        self.market = self.desk.list_market()
        self.desk.split(DEPOSIT, self.market, 10)
        self.relay = Relay(Chain(self.desk.exchange, self.desk.members), self.desk.members, self.desk.exchange.schedule)
        self.positions = Positions(self.desk.exchange.ledger)
        self.desk.listeners.append(self.positions.hear)
        self.routes = Routes()
        Rpc(self.desk, self.relay, self.positions).add_to(self.routes)

    def post(self, content: object, path: str = "/rpc", body: bytes | None = None) -> Any:
        status, answer = ask(self.routes, "POST", path, content, body=body)
        assert status == 200
        return answer

    def result(self, method: str, *params: object) -> Any:
        answer = self.post({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})
        assert (answer["id"], answer["jsonrpc"]) == (7, "2.0")
        return answer["result"]

    def error(self, method: str, *params: object) -> dict[str, Any]:
        found: dict[str, Any] = self.post({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})[
            "error"
        ]
        return found

    def call(self, to: str, data: str) -> int:
        return int(self.result("eth_call", {"to": to, "data": data}, "latest"), 16)


def test_the_chain_is_polygon_and_its_blocks_tell_the_venues_time() -> None:
    scene = Scene()
    assert scene.result("eth_chainId") == "0x89"
    number = scene.result("eth_blockNumber")
    block = scene.result("eth_getBlockByNumber", "latest", False)
    assert (block["number"], block["timestamp"]) == (number, hex(START_MS // 1_000))
    scene.desk.wait(1_500)
    assert int(scene.result("eth_blockNumber"), 16) == int(number, 16) + 1
    assert scene.result("eth_getBlockByNumber", number, False)["number"] == number
    assert scene.result("eth_getBlockByNumber", hex(2**60), False) is None


def test_allowances_and_operators() -> None:
    scene = Scene()
    spender = address_word(parse_address(contracts.EXCHANGE_V2.address)).hex()
    wallet = scene.desk.members.wallets[DEPOSIT]
    wallet.allowances[contracts.EXCHANGE_V2.address] = 17
    assert scene.call(contracts.COLLATERAL, f"0xdd62ed3e{OWNER}{spender}") == 17
    assert scene.call(CTF, f"0xe985e9c5{OWNER}{spender}") == 1
    wallet.operators.clear()
    assert scene.call(CTF, f"0xe985e9c5{OWNER}{spender}") == 0
    nobody = "00" * 32
    assert scene.call(contracts.COLLATERAL, f"0xdd62ed3e{nobody}{spender}") == 0


def test_balances_of_collateral_and_of_one_token() -> None:
    scene = Scene()
    token = word(int(scene.market.spec.tokens[0])).hex()
    assert scene.call(contracts.COLLATERAL, f"0x70a08231{OWNER}") == 990 * U6
    assert scene.call(CTF, f"0x00fdd58e{OWNER}{token}") == 10 * U6
    assert scene.call(contracts.POSITION_MANAGER, f"0x00fdd58e{'00' * 32}{token}") == 0


@pytest.mark.parametrize("to", [CTF, contracts.NEG_RISK_ADAPTER, contracts.POSITION_MANAGER])
def test_balances_of_several_tokens(to: str) -> None:
    scene = Scene()
    first, second = (word(int(token)).hex() for token in scene.market.spec.tokens)
    counts = word(0x40).hex() + word(0xA0).hex() + word(2).hex()
    data = f"0x4e1273f4{counts}{OWNER}{OWNER}{word(2).hex()}{first}{second}"
    expected = (word(0x20) + word(2) + word(10 * U6) * 2).hex()
    assert scene.result("eth_call", {"to": to, "data": data}, "latest") == f"0x{expected}"


def test_a_batch_is_answered_one_by_one_with_its_ids() -> None:
    scene = Scene()
    batch = [
        {"jsonrpc": "2.0", "id": 3, "method": "eth_chainId", "params": []},
        {"jsonrpc": "2.0", "id": 4, "method": "eth_nothing"},
        "no request",
    ]
    answers = scene.post(batch)
    assert [each.get("id") for each in answers] == [3, 4, None]
    assert answers[0]["result"] == "0x89"
    assert [each["error"]["code"] for each in answers[1:]] == [-32601, -32600]


def test_it_is_at_the_root_too_where_clients_put_it() -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "net_version", "params": []}
    assert Scene().post(asked, "/")["result"] == "137"


def test_mined_transactions_have_receipts() -> None:
    scene = Scene()
    sent = scene.relay.create(known_account(5).address, contracts.DEPOSIT_WALLET_FACTORY, "", scene.desk.now_ms())
    assert isinstance(sent, Transaction)
    assert scene.result("eth_getTransactionReceipt", "0x" + "00" * 32) is None
    scene.desk.wait(100)
    assert scene.result("eth_getTransactionReceipt", sent.transaction_hash) is None, "executed is not mined"
    scene.desk.wait(200)
    receipt = scene.result("eth_getTransactionReceipt", sent.transaction_hash)
    assert (receipt["status"], receipt["transactionHash"]) == ("0x1", sent.transaction_hash)


def test_matched_trades_have_receipts_once_they_are_mined() -> None:
    scene = Scene()
    proxy = scene.desk.accounts()[0].wallets[1]
    answer = scene.desk.trade(proxy, DEPOSIT, scene.market, 0, 5_000, 5)
    scene.desk.wait(40)
    trade = scene.desk.exchange.trades_by_owner[proxy][answer.trade_ids[0]]
    assert scene.result("eth_getTransactionReceipt", trade.transaction_hash)["status"] == "0x1"


def test_code_is_where_contracts_and_deployed_wallets_are() -> None:
    scene = Scene()
    for address in (CTF, contracts.COLLATERAL, DEPOSIT):
        assert scene.result("eth_getCode", address, "latest") != "0x"
    assert scene.result("eth_getCode", EOA, "latest") == "0x"


@pytest.mark.parametrize("method", ["eth_sendRawTransaction", "eth_getTransactionCount", "eth_estimateGas"])
def test_what_eoas_would_send_themselves_is_refused_in_words(method: str) -> None:
    assert Scene().error(method, "0x00") == {"code": -32000, "message": NO_TRANSACTIONS}


@pytest.mark.parametrize(
    "params",
    [
        [],
        ["0x12"],
        [{"to": CTF}],
        [{"to": "0x12", "data": "0x"}],
        [{"to": CTF, "data": "0xzz"}],
        [{"to": CTF, "data": "0x12345678"}],
        [{"to": CTF, "data": "0xe985e9c5" + OWNER}],
        [{"to": CTF, "data": "0xe985e9c5" + OWNER + "00"}],
        [{"to": contracts.ROUTER, "data": "0x70a08231" + OWNER}],
        [{"to": CTF, "data": "0x4e1273f4" + OWNER + OWNER}],
        [{"to": CTF, "data": f"0x4e1273f4{word(64).hex()}{word(64).hex()}{word(3).hex()}{OWNER}"}],
    ],
)
def test_calls_that_no_contract_understands_are_errors(params: list[object]) -> None:
    assert Scene().error("eth_call", *params)["code"] in (-32000, -32602)


def test_what_is_no_request_is_an_error() -> None:
    scene = Scene()
    assert scene.post(None, body=b"{")["error"]["code"] == -32700
    assert scene.post([])["error"]["code"] == -32600
    assert scene.post({"id": 1, "method": "eth_chainId", "params": {}})["error"]["code"] == -32600
