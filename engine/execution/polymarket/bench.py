"""Measures signing and writing an order, beside the official clients in the same run where they are installed."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from engine.execution.polymarket.requests import RequestWriter
from engine.execution.polymarket.signing import Terms, WalletSigner
from engine.model.commands import TimeInForce
from engine.model.events import Side
from engine.model.units import SHARE_U6
from engine.venue.accounts import known_account
from engine.venue.contracts import EXCHANGE_V2
from engine.venue.credentials import ApiCredentials
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of

ROUNDS: Final = 2_000
CLIENT_ROUNDS: Final = 100
TOKEN_ID: Final = 71321045679252212594626385532706912750332728571942532289631379312455583992563
CREDENTIALS: Final = ApiCredentials(
    key="00000000-0000-0000-0000-000000000001",
    secret="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    passphrase="bench",
)
CLIENT_WITHIN_S: Final = 300.0
_NATIVE: Final = {"ECC_BACKEND_CLASS": "eth_keys.backends.NativeECCBackend"}
CLIENTS: Final = tuple(
    (f"{name}{how}", name, environment)
    for name in ("polymarket-client", "py-clob-client-v2")
    for how, environment in (("", dict[str, str]()), (" without coincurve", _NATIVE))
)
"""The official clients: what they are called in a report, their names, and what their environment is told."""


def bench_orders(rounds: int = ROUNDS) -> dict[str, object]:
    """Return medians in microseconds; `clients` has those of the official clients that are installed."""
    key = known_account(0)
    wallet = wallets_of(key.address).deposit
    signer = WalletSigner(key, wallet, SignatureType.DEPOSIT_WALLET)
    writer = RequestWriter("clob.polymarket.com", key.address, CREDENTIALS)
    terms = Terms(TOKEN_ID, Side.BUY, 5_200, 100 * SHARE_U6, 100, TimeInForce.GTC)
    signed = signer.sign(terms, 1, 1_763_683_200_000, EXCHANGE_V2)
    body = writer.order_body(signed, TimeInForce.GTC)

    def sign_and_write(number: int) -> None:
        order = signer.sign(terms, number, 1_763_683_200_000 + number, EXCHANGE_V2)
        writer.place(writer.order_body(order, TimeInForce.GTC), 1_763_683_200)

    return {
        "sign_us_p50": _median_us(lambda n: signer.sign(terms, n, 1_763_683_200_000 + n, EXCHANGE_V2), rounds),
        "encode_us_p50": _median_us(lambda n: writer.place(writer.order_body(signed, TimeInForce.GTC), n), rounds),
        "sign_and_encode_us_p50": _median_us(sign_and_write, rounds),
        "presigned_us_p50": _median_us(lambda n: writer.place(body, n), rounds),
        "clients": {label: _client_us(name, environment) for label, name, environment in CLIENTS},
    }


def _median_us(work: Callable[[int], object], rounds: int) -> float:
    times = []
    for number in range(rounds):
        begun = time.perf_counter_ns()
        work(number)
        times.append(time.perf_counter_ns() - begun)
    return round(statistics.median(times) / 1_000, 2)


def _client_us(name: str, environment: dict[str, str]) -> Any:
    """Return a client's median, measured in a process of its own, or why there is none."""
    code = f"from engine.execution.polymarket.bench_clients import measure; measure({name!r}, {CLIENT_ROUNDS})"
    return ask_process([sys.executable, "-c", code], environment)


def ask_process(words: list[str], environment: dict[str, str], given: bytes = b"") -> Any:
    """Return the JSON that a process of its own prints, or, as text, why it did not."""
    done = subprocess.run(
        words, input=given, env=os.environ | environment, capture_output=True, timeout=CLIENT_WITHIN_S, check=False
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
        return f"not measured: {last[0]}"
    return json.loads(done.stdout)
