"""Who trades: key, wallet and API credentials, from config and environment; on a local exchange a test account.

Facts (protocol.md 3.1, 2026-11-21): both official clients POST /auth/api-key and on 400 GET /auth/derive-api-key; the
key binds to the EOA, whatever wallet its orders are for.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx
import msgspec

from engine.config.load import Config
from engine.config.secrets import check_literal_key, resolve_secret
from engine.execution.polymarket.dialling import parse_url
from engine.model.errors import InputError, ResourceError
from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address, parse_address
from engine.venue.credentials import ApiCredentials, auth_headers, secret_bytes
from engine.venue.keys import OwnerKey
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallet_type, wallets_of

KEY_NAME: Final = "POLYMARKET_PK"
FUNDER_NAME: Final = "POLYMARKET_FUNDER"
API_NAMES: Final = ("POLYMARKET_API_KEY", "POLYMARKET_API_SECRET", "POLYMARKET_PASSPHRASE")
TIMEOUT_S: Final = 10.0


class Owner(msgspec.Struct, frozen=True):
    """A key and the wallet whose orders it signs."""

    key: OwnerKey
    wallet: bytes
    signature_type: SignatureType

    def __repr__(self) -> str:
        return f"Owner(wallet={checksum_address(self.wallet)})"


def owner_of(config: Config, environment: Mapping[str, str], *, local: bool, source: Path | None = None) -> Owner:
    """Return key and wallet. On a local exchange without a key it is the first test account's deposit wallet.

    Raises InputError for a missing or malformed key, a key that others may read, or a wallet that is not the key's.
    """
    api = config["api"]
    text = stated_key(config, environment, local=local, source=source)
    if text is None:
        key = known_account(0)
        return Owner(key, wallets_of(key.address).deposit, SignatureType.DEPOSIT_WALLET)
    try:
        key = OwnerKey.parse(text)
    except ValueError as error:
        raise InputError(f"api.PRIVATE_KEY: {error}") from None
    kind = SignatureType(api["SIGNATURE_TYPE"])
    stated = api["PROXY_ADDRESS"] or environment.get(FUNDER_NAME)
    if stated is None:
        return Owner(key, _usual_wallet(key, kind), kind)
    try:
        wallet = parse_address(stated)
    except ValueError as error:
        raise InputError(f"api.PROXY_ADDRESS: {error}") from None
    found = wallet_type(wallet, key.address)
    if found is not kind:
        said = "no wallet of this key" if found is None else f"of type {int(found)}"
        raise InputError(
            f"api.PROXY_ADDRESS: expected the key's wallet of SIGNATURE_TYPE {int(kind)}, {stated} is {said}"
        )
    return Owner(key, wallet, kind)


def stated_key(
    config: Config, environment: Mapping[str, str], *, local: bool, source: Path | None = None
) -> str | None:
    """Return the private key's text as config or environment have it; None on a local exchange without any.

    Raises InputError for a missing key, or one that others may read.
    """
    value = config["api"]["PRIVATE_KEY"]
    if source is not None:
        check_literal_key(source, value, live=not local)
    text = resolve_secret("api.PRIVATE_KEY", value, KEY_NAME, environment)
    if text is None and not local:
        raise InputError(f"api.PRIVATE_KEY: expected a key, or {KEY_NAME} in the environment, found neither")
    return text


def _usual_wallet(key: OwnerKey, kind: SignatureType) -> bytes:
    wallets = wallets_of(key.address)
    return {
        SignatureType.EOA: key.address,
        SignatureType.PROXY: wallets.proxy,
        SignatureType.SAFE: wallets.safe,
        SignatureType.DEPOSIT_WALLET: wallets.deposit,
    }[kind]


def stated_credentials(environment: Mapping[str, str]) -> ApiCredentials | None:
    """Return the environment's API credentials, None without any. Raises InputError where some are missing."""
    found = [environment.get(name) for name in API_NAMES]
    if not any(found):
        return None
    missing = [name for name, value in zip(API_NAMES, found, strict=True) if not value]
    if missing:
        raise InputError(f"expected all of {', '.join(API_NAMES)} in the environment, missing: {', '.join(missing)}")
    key, secret, passphrase = (value or "" for value in found)
    try:
        secret_bytes(secret)
    except ValueError as error:
        raise InputError(f"{API_NAMES[1]}: {error}") from None
    return ApiCredentials(key=key, secret=secret, passphrase=passphrase)


async def derive_credentials(clob_url: str, key: OwnerKey, now_s: int, proxy: str | None = None) -> ApiCredentials:
    """Return the API credentials of a key, made now if it has none. Raises ResourceError when the venue gives none."""
    on_loopback = parse_url(clob_url).is_loopback  # what proves a key to this machine is not sent to a proxy
    async with httpx.AsyncClient(timeout=TIMEOUT_S, proxy=proxy, trust_env=not on_loopback) as client:
        try:
            headers = auth_headers(key, now_s)
            response = await client.get(f"{clob_url}/auth/derive-api-key", headers=headers)
            if response.status_code != 200:
                response = await client.post(f"{clob_url}/auth/api-key", headers=headers)
            response.raise_for_status()
            return msgspec.json.decode(response.content, type=ApiCredentials)
        except (httpx.HTTPError, msgspec.DecodeError) as error:
            raise ResourceError(
                f"expected API credentials for {checksum_address(key.address)} from {clob_url}: {error}"
            ) from None


def wallet_lock_root(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of wallet locks: the user's own, so that every checkout on the machine meets there."""
    found = os.environ if environment is None else environment
    return Path(found.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "bucketmm"
