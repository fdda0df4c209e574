"""Who trades is what config and environment say, checked against the key; credentials come from the venue, or clearly
not.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.config.load import Config, parse_config
from engine.model.errors import InputError, ResourceError
from engine.runtime.account import (
    API_NAMES,
    FUNDER_NAME,
    KEY_NAME,
    Owner,
    derive_credentials,
    owner_of,
    stated_credentials,
    wallet_lock_root,
)
from engine.venue.accounts import known_account
from engine.venue.addresses import checksum_address
from engine.venue.credentials import proven_address
from engine.venue.orders import SignatureType
from engine.venue.wallets import wallets_of
from tests.marked_secrets import API_SECRET, PRIVATE_KEY

KEY_TEXT = PRIVATE_KEY
SECRET = API_SECRET


def config_of(**api: Any) -> Config:
    return parse_config(json.dumps({"api": api}).encode(), "test")


def owner(environment: dict[str, str] | None = None, *, local: bool = False, **api: Any) -> Owner:
    return owner_of(config_of(**api), environment if environment is not None else {KEY_NAME: KEY_TEXT}, local=local)


def test_a_local_exchange_without_a_key_has_the_first_test_account() -> None:
    found = owner({}, local=True)
    assert found.key.address == known_account(0).address
    assert (found.wallet, found.signature_type) == (
        wallets_of(found.key.address).deposit, SignatureType.DEPOSIT_WALLET,
    )  # fmt: skip


def test_a_key_in_the_environment_is_used_on_a_local_exchange_too() -> None:
    assert owner(local=True).key.address != known_account(0).address


def test_elsewhere_a_key_is_needed() -> None:
    with pytest.raises(InputError, match=f"expected a key, or {KEY_NAME} in the environment, found neither"):
        owner({})


@pytest.mark.parametrize("kind", list(SignatureType))
def test_without_a_stated_wallet_it_is_the_keys_own_of_the_signature_type(kind: SignatureType) -> None:
    found = owner(SIGNATURE_TYPE=int(kind))
    wallets = wallets_of(found.key.address)
    wanted = dict(zip(SignatureType, (found.key.address, wallets.proxy, wallets.safe, wallets.deposit), strict=True))
    assert (found.wallet, found.signature_type) == (wanted[kind], kind)


def test_a_stated_wallet_has_to_be_the_keys_and_of_the_stated_type() -> None:
    wallets = wallets_of(owner().key.address)
    safe = checksum_address(wallets.safe)
    assert owner(PROXY_ADDRESS=safe, SIGNATURE_TYPE=2).wallet == wallets.safe
    assert owner({KEY_NAME: KEY_TEXT, FUNDER_NAME: safe}, SIGNATURE_TYPE=2).wallet == wallets.safe
    with pytest.raises(InputError, match=rf"SIGNATURE_TYPE 3, {safe} is of type 2"):
        owner(PROXY_ADDRESS=safe, SIGNATURE_TYPE=3)
    with pytest.raises(InputError, match="is no wallet of this key"):
        owner(PROXY_ADDRESS=checksum_address(known_account(0).address), SIGNATURE_TYPE=3)
    with pytest.raises(InputError, match=r"api\.PROXY_ADDRESS"):
        owner({KEY_NAME: KEY_TEXT, FUNDER_NAME: "0x12"})


@pytest.mark.parametrize("text", ["5e" * 31, "zz" * 32, "0x" + "00" * 32, "0x" + "ff" * 32])
def test_a_malformed_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InputError, match=r"api\.PRIVATE_KEY") as caught:
        owner({KEY_NAME: text})
    assert text.removeprefix("0x") not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_a_literal_key_that_others_may_read_is_refused_for_real_money_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    config = config_of(PRIVATE_KEY=KEY_TEXT)
    path.write_text("{}")
    path.chmod(0o644)
    with pytest.raises(InputError, match=f"chmod 600 {path}") as caught:
        owner_of(config, {}, local=False, source=path)
    assert KEY_TEXT not in str(caught.value)
    assert owner_of(config, {}, local=True, source=path).wallet
    path.chmod(0o600)
    assert owner_of(config, {}, local=False, source=path).wallet


def test_an_owner_shows_its_wallet_alone() -> None:
    assert repr(owner()) == f"Owner(wallet={checksum_address(owner().wallet)})"


def test_credentials_are_taken_from_the_environment_all_or_none() -> None:
    assert stated_credentials({}) is None
    said = dict(zip(API_NAMES, ("key", SECRET, "pass"), strict=True))
    found = stated_credentials(said)
    assert found is not None
    assert (found.key, found.secret, found.passphrase) == ("key", SECRET, "pass")
    del said[API_NAMES[2]]
    with pytest.raises(InputError, match=f"missing: {API_NAMES[2]}") as caught:
        stated_credentials(said)
    assert SECRET not in str(caught.value)


def test_a_malformed_secret_is_refused_without_being_shown() -> None:
    with pytest.raises(InputError, match=API_NAMES[1]) as caught:
        stated_credentials(dict(zip(API_NAMES, ("key", "not!base64!secret", "pass"), strict=True)))
    assert "not!base64" not in f"{caught.value!r}{caught.value.__cause__!r}"


Reply = Callable[[str], tuple[int, bytes]]
GIVEN = json.dumps({"apiKey": "key", "secret": SECRET, "passphrase": "pass"}).encode()


def derived(reply: Reply, *, serve: bool = True) -> tuple[list[tuple[str, dict[str, str]]], Any]:
    """Derive credentials from a server of the test's own; return what it was asked and what came of it."""
    asked: list[tuple[str, dict[str, str]]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        what = first.removesuffix(" HTTP/1.1")
        asked.append((what, {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}))
        status, body = reply(what)
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        writer.close()

    async def work() -> Any:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        if not serve:
            server.close()
        async with server:
            return await derive_credentials(f"http://127.0.0.1:{port}", known_account(0), 1_795_000_000)

    return asked, asyncio.run(work())


def test_credentials_that_exist_are_derived_with_a_proof_of_the_key() -> None:
    asked, found = derived(lambda what: (200, GIVEN))
    assert (found.key, found.secret) == ("key", SECRET)
    ((what, headers),) = asked
    assert what == "GET /auth/derive-api-key"
    names = ("poly_address", "poly_timestamp", "poly_nonce", "poly_signature")
    assert proven_address(*(headers[name] for name in names)) == known_account(0).address


def test_a_proxy_of_the_environment_does_not_see_what_is_proven_to_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    asked, found = derived(lambda what: (200, GIVEN))
    assert (found.key, len(asked)) == ("key", 1)


def test_credentials_that_do_not_exist_are_made() -> None:
    asked, found = derived(lambda what: (200, GIVEN) if what.startswith("POST") else (400, b"{}"))
    assert found.key == "key"
    assert [what for what, _ in asked] == ["GET /auth/derive-api-key", "POST /auth/api-key"]


@pytest.mark.parametrize(
    "reply", [lambda what: (401, b"{}"), lambda what: (200, b"[]"), lambda what: (200, GIVEN[:-20])]
)
def test_a_venue_that_gives_none_is_named(reply: Reply) -> None:
    with pytest.raises(ResourceError, match=r"expected API credentials for 0x\w+ from http://127\.0\.0\.1") as caught:
        derived(reply)
    assert SECRET[:20] not in f"{caught.value}"


def test_a_venue_that_is_away_is_named() -> None:
    with pytest.raises(ResourceError, match="expected API credentials"):
        derived(lambda what: (200, GIVEN), serve=False)


def test_wallet_locks_are_the_users_and_not_the_checkouts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert wallet_lock_root({"XDG_STATE_HOME": "/x"}) == Path("/x/bucketmm")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert wallet_lock_root({}) == tmp_path / ".local" / "state" / "bucketmm"
