"""The exchange as its own process, what reaches it, and its control API: what the official clients talk to."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from engine.venue.accounts import known_account, known_secret
from engine.venue.addresses import checksum_address, to_hex
from engine.venue.credentials import ApiCredentials, sign_auth
from engine.venue.keys import OwnerKey
from engine.venue.wallets import wallets_of

BUCKETMM = Path(sys.executable).with_name("bucketmm")
ACCOUNTS = 20
BALANCE_USD = 1_000
STRANGERS = 200
"""Accounts from this number on are not open: fresh keys."""
QUICK = ("--mined-ms", "60", "--confirmed-ms", "120", "--balance-lag-ms", "20", "--data-lag-ms", "100")
USD = 1_000_000


class Account(NamedTuple):
    """A key, its wallets by signature type, and its API credentials (None: it has none yet)."""

    key: OwnerKey
    private_key: str
    wallets: tuple[str, str, str, str]
    credentials: ApiCredentials | None

    @property
    def eoa(self) -> str:
        return self.wallets[0]

    @property
    def deposit(self) -> str:
        return self.wallets[3]

    @property
    def api_key(self) -> str:
        return self.api.key

    @property
    def api(self) -> ApiCredentials:
        assert self.credentials is not None, "this account is a stranger's"
        return self.credentials


class Market(NamedTuple):
    """A market beside the windows."""

    slug: str
    condition_id: str
    tokens: tuple[str, str]

    @property
    def up(self) -> str:
        return self.tokens[0]

    @property
    def down(self) -> str:
        return self.tokens[1]


class Venue:
    """A running exchange. Tests share it and take accounts and markets of their own."""

    def __init__(self, reach: dict[str, Any], run_dir: Path) -> None:
        self.reach = reach
        self.run_dir = run_dir
        self.http = httpx.Client(base_url=reach["clob_url"], timeout=20, trust_env=False)
        self._control = httpx.Client(base_url=reach["control_url"], timeout=20, trust_env=False)
        self._accounts = [_account(row) for row in reach["accounts"]]
        self._markets = 0
        self._strangers = STRANGERS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        self._control.close()

    def account(self) -> Account:
        """Return an account that nobody else has: all four wallets funded and approved."""
        if self._accounts:
            return self._accounts.pop()
        account = self.opened(self.stranger())
        for kind, wallet in enumerate(account.wallets):
            self.wallet(account, kind)
            self.deposit(wallet, BALANCE_USD)
        return account

    def opened(self, account: Account) -> Account:
        """Return an account with a new API key."""
        row = self.http.post("/auth/api-key", headers=l1_headers(account)).json()
        return account._replace(credentials=ApiCredentials(row["apiKey"], row["secret"], row["passphrase"]))

    def stranger(self) -> Account:
        """Return a key that the exchange has never seen."""
        self._strangers += 1
        key = known_account(self._strangers)
        derived = wallets_of(key.address)
        first, second, third, fourth = (
            checksum_address(each) for each in (key.address, derived.proxy, derived.safe, derived.deposit)
        )
        return Account(key, _private_key(self._strangers), (first, second, third, fourth), None)

    def control(self, method: str, path: str, content: object = None) -> Any:
        response = self._control.request(method, path, json=content)
        assert response.status_code == 200, response.text
        return response.json()

    def market(self, **fields: object) -> Market:
        """List a market of one's own; fields are those of the control API's POST /markets."""
        self._markets += 1
        row = self.control("POST", "/markets", {"slug": f"market-{self._markets}", **fields})
        return Market(row["slug"], row["condition_id"], tuple(row["tokens"]))

    def resolve(self, market: Market, winner: int = 0) -> None:
        self.control("POST", f"/markets/{market.condition_id}/resolve", {"winner": winner})

    @contextmanager
    def fault(self, what: str, **fields: object) -> Iterator[None]:
        """Let something go wrong for as long as the block lasts."""
        self.control("POST", "/faults", {"name": what, "what": what, **fields})
        try:
            yield
        finally:
            self.control("DELETE", f"/faults/{what}")

    def held(self, wallet: str, asset: str = "") -> int:
        """Return what a wallet has on chain, in 1e-6."""
        found: int = self.control("GET", f"/wallets/{wallet}")["chain"].get(asset, 0)
        return found

    def deposit(self, wallet: str, usd: int) -> None:
        self.control("POST", "/deposits", {"wallet": wallet, "usd": usd})

    def wallet(self, account: Account, kind: int = 3, **fields: object) -> None:
        """Make a wallet of an account what it shall be."""
        named = {"address": account.wallets[kind], "owner": account.eoa, "signature_type": kind}
        self.control("POST", "/wallets", {**named, **fields})

    def window(self) -> dict[str, Any]:
        """Return Gamma's market of the window that is running."""
        length_s = 900
        start_s = int(time.time()) // length_s * length_s
        found: dict[str, Any] = self.http.get(f"/gamma/markets/slug/btc-updown-15m-{start_s}").json()
        return found


@contextmanager
def running(*options: str) -> Iterator[Venue]:
    """Run the exchange with a market that nobody else is in, until the block ends."""
    folder = tempfile.TemporaryDirectory(prefix="bucketmm-venue-")
    where = ("--run-dir", folder.name)
    command = [str(BUCKETMM), "exchange", "--json", "--style", "empty", "--accounts", str(ACCOUNTS), *where, *QUICK]
    command += options
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        with Venue(json.loads(line), Path(folder.name)) as venue:
            yield venue
            assert venue.control("GET", "/audit") == {"wrong": []}
    finally:
        process.terminate()
        process.communicate(timeout=20)
        folder.cleanup()


def l1_headers(account: Account, nonce: int = 0) -> dict[str, str]:
    """Return the headers that prove a key to be one's own."""
    timestamp_s = str(int(time.time()))
    return {
        "POLY_ADDRESS": checksum_address(account.key.address),
        "POLY_TIMESTAMP": timestamp_s,
        "POLY_NONCE": str(nonce),
        "POLY_SIGNATURE": to_hex(sign_auth(account.key, timestamp_s, nonce)),
    }


def _account(row: dict[str, str]) -> Account:
    credentials = ApiCredentials(row["api_key"], row["secret"], row["passphrase"])
    wallets = (row["eoa"], row["proxy"], row["safe"], row["deposit_wallet"])
    return Account(OwnerKey.parse(row["private_key"]), row["private_key"], wallets, credentials)


def _private_key(index: int) -> str:
    return f"0x{known_secret(index).hex()}"
