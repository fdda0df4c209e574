"""From options and config to a live session's plan: which venue, which account, and the two locks before real money."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import click

from engine.cli.endpoints import live_folder, local_exchange
from engine.config.load import Config
from engine.journal.reader import JournalReader
from engine.model.errors import InputError
from engine.runtime.account import (
    Owner,
    derive_credentials,
    owner_of,
    stated_credentials,
    wallet_lock_root,
)
from engine.runtime.control import write_atomically
from engine.runtime.live import Account, Hosts, hosts_of
from engine.runtime.live_session import LIVE, SHADOW, LivePlan
from engine.runtime.recovery import last_session
from engine.runtime.session import StateLock
from engine.venue.addresses import checksum_address

CONFIRM_NAME: Final = "BUCKETMM_LIVE"
CONFIRM_VALUE: Final = "real-money"
TYPED_WORD: Final = "LIVE"
PROXY_NAMES: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
WALLET_FILE: Final = "wallet"


class Wishes(NamedTuple):
    """What the command line says about a live session."""

    mode: str
    live: bool
    accept_foreign: bool
    spin: bool


class Venue(NamedTuple):
    """The venue that a source's markets are traded at."""

    hosts: Hosts
    clob_url: str


def venue_of(config: Config, source: str, run_dir: Path) -> Venue:
    """Return where orders go for a source of market data. Raises InputError where there is no such place."""
    if source == "recording":
        raise InputError("expected market data of a venue for live orders, was a recording")
    if source == "local":
        found = local_exchange(run_dir)
        return Venue(hosts_of(found.clob_url, found.user_ws_url, found.data_url), found.clob_url)
    venue = config["venue"]
    return Venue(hosts_of(venue["clob_url"], venue["user_ws_url"], venue["data_url"]), venue["clob_url"])


def banner(mode: str, venue: Venue, wallet: bytes) -> str:
    """Return the line that says what is at stake."""
    address = checksum_address(wallet)
    if venue.hosts.is_local:
        return f"{mode.upper()} (local exchange): play money of {address} at {venue.hosts.clob.authority}"
    return f"{mode.upper()}: REAL MONEY of {address} at {venue.hosts.clob.authority}"


def confirm(config: Config, wishes: Wishes, venue: Venue, environment: Mapping[str, str]) -> None:
    """Pass the two locks: runtime.mode in the config, and a word typed now or the environment's. A venue on the
    loopback has none.

    Raises InputError when one of them is closed.
    """
    if venue.hosts.is_local:
        return
    if config["runtime"]["mode"] not in ("live", "shadow"):
        raise InputError(
            f"runtime.mode: expected live or shadow for orders at {venue.hosts.clob.authority}, was "
            f"{config['runtime']['mode']}: --mode alone is not enough for real money"
        )
    if environment.get(CONFIRM_NAME) == CONFIRM_VALUE:
        return
    if not wishes.live:
        raise InputError(f"expected --live and a typed word, or {CONFIRM_NAME}={CONFIRM_VALUE}, for real money")
    said = click.prompt(f"Type {TYPED_WORD} to trade with real money", default="", show_default=False, err=True)
    if said != TYPED_WORD:
        raise InputError(f"expected {TYPED_WORD} to be typed, was {said!r}")


def proxy_of(config: Config, environment: Mapping[str, str]) -> str | None:
    """Return the proxy to go through: the config's, else the environment's as other programs read it, else none."""
    found = (environment.get(name) for name in PROXY_NAMES)
    return config["venue"]["proxy"] or next((proxy for proxy in found if proxy), None)


def plan_live(config: Config, wishes: Wishes, source: str, run_dir: Path, config_path: Path | None) -> LivePlan:
    """Return the plan of a live session, both locks passed and API credentials there.

    Raises InputError for what is missing or not confirmed, ResourceError when the venue gives no credentials.
    """
    venue = venue_of(config, source, run_dir)
    owner = owner_of(config, os.environ, local=venue.hosts.is_local, source=config_path)
    click.echo(banner(wishes.mode, venue, owner.wallet), err=True)
    confirm(config, wishes, venue, os.environ)
    proxy = None if venue.hosts.is_local else proxy_of(config, os.environ)
    credentials = None if venue.hosts.is_local else stated_credentials(os.environ)
    if credentials is None:
        credentials = asyncio.run(derive_credentials(venue.clob_url, owner.key, int(time.time()), proxy))
    account = Account(owner.key, owner.wallet, owner.signature_type, credentials)
    return LivePlan(account, venue.hosts, wishes.mode, wishes.accept_foreign, wishes.spin, proxy)


def live_root(state_dir: Path, hosts: Hosts, owner: Owner | Account) -> Path:
    """Return the state folder of live sessions, real and local ones apart. Raises InputError for another wallet's."""
    return _of_wallet(live_folder(state_dir, is_local=hosts.is_local), owner)


def stated_root(root: Path, plan: LivePlan) -> Path:
    """Return a state folder that was named. Raises InputError for another wallet's, and for one that was traded in with
    paper or play money where this is real money, or the other way round: its books say nothing about this venue.
    """
    previous = last_session(root)
    mode = "" if previous is None else JournalReader(previous).header.mode
    if mode and mode not in {plan._replace(mode=each).label for each in (LIVE, SHADOW)}:
        raise InputError(f"{root}: expected the state of {plan.label} sessions, the last one was {mode}")
    return _of_wallet(root, plan.account)


def _of_wallet(root: Path, owner: Owner | Account) -> Path:
    address = checksum_address(owner.wallet)
    file = root / WALLET_FILE
    if not file.exists():
        root.mkdir(parents=True, exist_ok=True)
        write_atomically(file, f"{address}\n".encode())
    found = file.read_text().strip()
    if found != address:
        raise InputError(f"{root}: expected the state of {address}, was that of {found}: move it away, or --state")
    return root


def lock_wallet(wallet: bytes) -> StateLock:
    """Let no second engine of this user trade with the wallet. Raises ResourceError naming the one that does."""
    return StateLock(wallet_lock_root(), f"wallet-{checksum_address(wallet)}.lock", "engine")
