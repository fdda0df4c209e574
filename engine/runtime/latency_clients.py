"""Times an official client, unmodified, from the wish to buy to the bytes at the socket, at the local exchange.

Each client is in a process of its own and calls what its users call: create, sign and post a limit order. It is as cold
as our engine is in the benchmark: an order comes alone. What it looks up before the first order it knows afterwards.
"""

import asyncio
import dataclasses
import json
import os
import ssl
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import orjson

from engine.execution.polymarket.bench import CLIENTS, ask_process
from engine.runtime.account import derive_credentials
from engine.runtime.latency_marks import percentiles
from engine.venue.accounts import known_account, known_secret
from engine.venue.addresses import checksum_address
from engine.venue.wallets import wallets_of

ACCOUNT: Final = 1
PRICE: Final = 0.4
SHARES: Final = 5
WARM_UP: Final = 5
BETWEEN_S: Final = 0.01
Buy = Callable[[], object]
Figures = dict[str, float]


def time_clients(reach: dict[str, Any], token: str, samples: int, core: int) -> dict[str, Figures | str]:
    """Return microseconds for each client, with coincurve and without, or why there are none."""
    trusted = {"SSL_CERT_FILE": reach["environment"]["SSL_CERT_FILE"]}
    words = [sys.executable, "-m", "engine.runtime.latency_clients"]
    return {
        label: ask_process([*words, name, token, str(samples), str(core)], environment | trusted, orjson.dumps(reach))
        for label, name, environment in CLIENTS
    }


def measure(buy: Buy, samples: int) -> Figures:
    """Return microseconds from the call to its last write on a TLS socket."""
    written_ns = 0
    send = ssl.SSLSocket.send

    def marked(connection: ssl.SSLSocket, *arguments: Any) -> int:
        nonlocal written_ns
        sent = send(connection, *arguments)
        written_ns = time.monotonic_ns()
        return sent

    ssl.SSLSocket.send = marked  # type: ignore[assignment, method-assign]
    spans = []
    try:
        for _ in range(WARM_UP + samples):
            time.sleep(BETWEEN_S)
            begun_ns = time.monotonic_ns()
            buy()
            assert written_ns > begun_ns, "an order is written over TLS"
            spans.append((written_ns - begun_ns) / 1_000)
    finally:
        ssl.SSLSocket.send = send  # type: ignore[method-assign]
    return percentiles(spans[WARM_UP:])


def _clob_v2(reach: dict[str, Any], token: str) -> Buy:
    from py_clob_client_v2.client import ClobClient
    from py_clob_client_v2.clob_types import ApiCreds, OrderArgsV2, OrderType, PartialCreateOrderOptions

    key = known_account(ACCOUNT)
    found = asyncio.run(derive_credentials(reach["clob_url"], key, int(time.time())))
    client = ClobClient(
        host=reach["tls_url"],
        chain_id=137,
        key=f"0x{known_secret(ACCOUNT).hex()}",
        creds=ApiCreds(api_key=found.key, api_secret=found.secret, api_passphrase=found.passphrase),
        signature_type=3,
        funder=checksum_address(wallets_of(key.address).deposit),
    )
    order = OrderArgsV2(token_id=token, price=PRICE, size=SHARES, side="BUY")
    options = PartialCreateOrderOptions(tick_size="0.01", neg_risk=False)
    return lambda: client.create_and_post_order(order, options, OrderType.GTC)


def _sdk(reach: dict[str, Any], token: str) -> Buy:
    from polymarket import RelayerApiKey, SecureClient
    from polymarket._internal.environment import PRODUCTION_CONFIG, create_environment

    key = known_account(ACCOUNT)
    urls = {name: reach[name] for name in ("gamma_url", "data_url", "relayer_url", "rpc_url")}
    config = dataclasses.replace(PRODUCTION_CONFIG, clob_url=reach["tls_url"], rfq_url=reach["clob_url"], **urls)
    client = SecureClient.create(
        private_key=f"0x{known_secret(ACCOUNT).hex()}",
        environment=create_environment(name="local", config=config),
        api_key=RelayerApiKey(key="local", address=checksum_address(key.address)),
        wallet=checksum_address(wallets_of(key.address).deposit),
    )
    return lambda: client.place_limit_order(token_id=token, price=str(PRICE), size=SHARES, side="BUY")


def main() -> None:
    """Measure one client; the exchange's whereabouts come on standard input."""
    name, token, samples, core = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    reach = orjson.loads(sys.stdin.buffer.read())
    buy = {"polymarket-client": _sdk, "py-clob-client-v2": _clob_v2}[name](reach, token)
    print(json.dumps(measure(buy, int(samples))))


if __name__ == "__main__":
    main()
