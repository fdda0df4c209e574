"""Signs one order with an official client, unmodified, many times, and prints the median in microseconds.

The inputs are the same as in bench: a deposit wallet's buy at 0.52. What is measured is the client's own call that
makes a signed order of an unsigned one, without any look-up; both know the market already.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from engine.venue.accounts import known_account, known_secret
from engine.venue.addresses import checksum_address
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.wallets import wallets_of

TOKEN = "71321045679252212594626385532706912750332728571942532289631379312455583992563"


def measure(name: str, rounds: int) -> None:
    """Print the median of a client by its name."""
    work = {"polymarket-client": _sdk, "py-clob-client-v2": _clob_v2}[name]()
    work()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - begun)
    print(round(statistics.median(times) / 1_000, 1))


def _clob_v2() -> Callable[[], Any]:
    from py_clob_client_v2.order_utils.exchange_order_builder_v2 import ExchangeOrderBuilderV2
    from py_clob_client_v2.order_utils.model.order_data_v2 import OrderDataV2
    from py_clob_client_v2.order_utils.model.side import Side
    from py_clob_client_v2.order_utils.model.signature_type_v2 import SignatureTypeV2
    from py_clob_client_v2.signer import Signer

    wallet = checksum_address(wallets_of(known_account(0).address).deposit)
    builder = ExchangeOrderBuilderV2(EXCHANGE_V2.address, 137, Signer(f"0x{known_secret(0).hex()}", 137))
    data = OrderDataV2(
        maker=wallet,
        signer=wallet,
        tokenId=TOKEN,
        makerAmount="52000000",
        takerAmount="100000000",
        side=Side.BUY,
        signatureType=SignatureTypeV2.POLY_1271,
    )
    return lambda: builder.build_signed_order(data)


def _sdk() -> Callable[[], Any]:
    from eth_account import Account
    from polymarket._internal.actions.orders.orders import create_signed_order
    from polymarket._internal.actions.orders.typed_data import build_order_signature, build_order_typed_data
    from polymarket._internal.actions.orders.types import BYTES32_ZERO, UnsignedOrder

    wallet: Any = checksum_address(wallets_of(known_account(0).address).deposit)
    account = Account.from_key(f"0x{known_secret(0).hex()}")
    order = UnsignedOrder(
        builder=BYTES32_ZERO,
        chain_id=137,
        exchange_address=EXCHANGE_V2.address,  # type: ignore[arg-type]
        expiration=0,
        maker=wallet,
        maker_amount=52_000_000,
        metadata=BYTES32_ZERO,
        order_type="GTC",
        salt=479249096354,
        side="BUY",
        signature_type=3,
        signer=wallet,
        taker_amount=100_000_000,
        timestamp=1_763_683_200_000,
        token_id=TOKEN,  # type: ignore[arg-type]
        protocol_version="2",
    )

    def work() -> object:
        signed: Any = account.sign_typed_data(full_message=build_order_typed_data(order))
        signature: Any = "0x" + signed.signature.hex().removeprefix("0x")
        return create_signed_order(order, build_order_signature(order, signature))

    return work
