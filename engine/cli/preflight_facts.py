"""Collects what preflight looks at: the account from config and environment, this machine, and the venue."""

import asyncio
import os
import shutil
import time
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from engine.cli.endpoints import local_exchange
from engine.cli.going_live import WALLET_FILE, lock_wallet
from engine.config.load import Config
from engine.execution.polymarket.signing import WalletSigner
from engine.model.errors import BucketmmError, InputError, ResourceError
from engine.model.rounds import bucket_start_s, slug_of
from engine.ops.endpoints import Endpoints
from engine.ops.preflight.facts import (
    AccountFacts,
    Facts,
    Lost,
    MachineFacts,
    RingFacts,
    TrialOrder,
    Untold,
    VenueFacts,
)
from engine.ops.preflight.machine import disk_free_bytes, known_orders, running, state_fact
from engine.ops.preflight.trial import TrialMarket, place_and_cancel
from engine.ops.preflight.venue import TIMEOUT_S, Owner, VenueQuestions
from engine.runtime import account
from engine.runtime.control import ControlFiles
from engine.runtime.session import StateLock
from engine.venue.addresses import checksum_address
from engine.venue.contracts import exchange_of
from feeder.discovery import LookupFailedError, NotReadyError, RefusedError, read_market
from feeder.rest import RestClient
from shm.errors import RingError, RingMissingError
from shm.layout import RECORD_BYTES
from shm.objects import SHM_DIRECTORY
from shm.registry import status

NO_ACCOUNT: Final = Lost("there is no account to ask with: see credentials")


class Question(NamedTuple):
    """What the command line asks for; `root` is the live engine's state folder."""

    config: Config
    config_path: Path | None
    endpoints: Endpoints
    run_dir: Path
    root: Path
    with_order: bool


def collect(question: Question) -> Facts:
    """Return every fact; nothing that is missing or refused is an exception."""
    found = _owner(question)
    return Facts(
        machine=_machine(question, found),
        account=found if isinstance(found, Lost) else _account(question.config, found),
        venue=_venue(question, found),
    )


def look_again(question: Question) -> VenueFacts:
    """Return what the venue says now."""
    return _venue(question, _owner(question))


def _owner(question: Question) -> account.Owner | Lost:
    local = question.endpoints.is_local
    try:
        return account.owner_of(question.config, os.environ, local=local, source=question.config_path)
    except InputError as error:
        return Lost(str(error))


def _account(config: Config, owner: account.Owner) -> AccountFacts:
    stated = config["api"]["PROXY_ADDRESS"] or os.environ.get(account.FUNDER_NAME)
    return AccountFacts(
        eoa=checksum_address(owner.key.address),
        wallet=checksum_address(owner.wallet),
        signature_type=int(owner.signature_type),
        is_stated=stated is not None,
    )


def _machine(question: Question, owner: account.Owner | Lost) -> MachineFacts:
    config, root = question.config, question.root
    state = _state(config, root, owner)
    units = config["risk"]["FOREIGN_UNITS"]
    return MachineFacts(
        config_source=config.source,
        config_hash=config.hash,
        mode=config["runtime"]["mode"],
        state=state,
        known_orders=frozenset() if isinstance(state, Lost) else known_orders(root),
        killed=ControlFiles(Path(config["risk"]["kill_file"])).kill_reason(),
        engine=_engine(root, owner),
        foreign_units=units,
        foreign_running=running(units),
        ring=_ring(config),
        disk_free_bytes=disk_free_bytes(root),
        minimum_u6=config["risk"]["MIN_COLLATERAL"],
    )


def _state(config: Config, root: Path, owner: account.Owner | Lost) -> str | Lost:
    file = root / WALLET_FILE
    if not isinstance(owner, Lost) and file.exists():
        found, expected = file.read_text().strip(), checksum_address(owner.wallet)
        if found != expected:
            return Lost(f"{root} is the state of {found}, the wallet is {expected}")
    return state_fact(config, root)


def _engine(root: Path, owner: account.Owner | Lost) -> str:
    """Return which engine holds the state folder or the wallet, "" for none; nothing stays locked."""
    try:
        if root.exists():
            StateLock(root).release()
        if not isinstance(owner, Lost):
            lock_wallet(owner.wallet).release()
    except ResourceError as error:
        return str(error)
    return ""


def _ring(config: Config) -> RingFacts:
    name, fault, is_there, is_written = config["feed"]["ring"], "", True, False
    try:
        is_written = status(name).writer_alive
    except RingMissingError:
        is_there = False
    except RingError as error:
        fault = str(error)
    free_bytes = shutil.disk_usage(SHM_DIRECTORY).free if SHM_DIRECTORY.is_dir() else 0
    return RingFacts(name, is_there, is_written, fault, free_bytes, config["feed"]["capacity"] * RECORD_BYTES)


def _venue(question: Question, owner: account.Owner | Lost) -> VenueFacts:
    config, at = question.config, question.endpoints
    proxy = None if at.is_local else config["venue"]["proxy"]
    shown = config.shown("venue", "proxy") if proxy else None
    try:
        http = httpx.Client(timeout=TIMEOUT_S, proxy=proxy)
    except (ValueError, ImportError) as error:
        return _unreachable(at, shown, Lost(f"expected a proxy's URL: {type(error).__name__}"))
    with http:
        questions = VenueQuestions(http, at)
        round_trip_ms = questions.round_trip_ms()
        if isinstance(round_trip_ms, Lost):
            return _unreachable(at, shown, round_trip_ms)
        asking = _asking(question, owner, proxy)
        collateral = asking if isinstance(asking, Lost) else questions.collateral(asking)
        return VenueFacts(
            url=at.clob_url,
            proxy=shown,
            round_trip_ms=round_trip_ms,
            version=questions.version(),
            skew_ms=questions.skew_ms(),
            geoblock=questions.geoblock(config["venue"]["geoblock_url"]),
            api_key=asking if isinstance(asking, Lost) else questions.api_key(asking),
            collateral_u6=collateral if isinstance(collateral, Lost) else collateral[0],
            allowances=collateral if isinstance(collateral, Lost) else collateral[1],
            is_deployed=owner if isinstance(owner, Lost) else questions.is_deployed(owner.wallet, owner.signature_type),
            resting=asking if isinstance(asking, Lost) else questions.resting(asking),
            trial=_trial(question, questions, owner, asking),
        )


def _unreachable(at: Endpoints, proxy: str | None, why: Lost) -> VenueFacts:
    nothing = Lost("the venue does not answer")
    return VenueFacts(at.clob_url, proxy, why, nothing, nothing, Untold(nothing.why), nothing, nothing, nothing,
                      Untold(nothing.why), nothing, Untold(nothing.why))  # fmt: skip


def _asking(question: Question, owner: account.Owner | Lost, proxy: str | None) -> Owner | Lost:
    """Return whose private calls are made: with the environment's API credentials, or those that the key derives."""
    if isinstance(owner, Lost):
        return NO_ACCOUNT
    at = question.endpoints
    try:
        credentials = None if at.is_local else account.stated_credentials(os.environ)
        if credentials is None:
            deriving = account.derive_credentials(at.clob_url, owner.key, int(time.time()), proxy)
            credentials = asyncio.run(deriving)
    except BucketmmError as error:
        return Lost(str(error))
    return Owner(owner.key.address, owner.wallet, owner.signature_type, credentials)


def _trial(
    question: Question, questions: VenueQuestions, owner: account.Owner | Lost, asking: Owner | Lost
) -> TrialOrder | Lost | Untold:
    if not question.with_order:
        return Untold("no order was placed to find out")
    if isinstance(asking, Lost) or isinstance(owner, Lost):
        return NO_ACCOUNT
    market = asyncio.run(_market(question))
    if isinstance(market, Lost):
        return market
    return place_and_cancel(questions, asking, WalletSigner(owner.key, owner.wallet, owner.signature_type), market)


async def _market(question: Question) -> TrialMarket | Lost:
    """Return a token of the window that runs, or of the next one where that takes no orders."""
    at = question.endpoints
    asset, length_s = "btc", question.config["time_windows"]["CONTRACT_DURATION_SEC"] // 1000
    if at.is_local:
        found = local_exchange(question.run_dir)
        asset, length_s = found.assets[0], found.window_seconds[0]
    client = RestClient(at.gamma_url, at.clob_url)
    why = ""
    try:
        start_s = bucket_start_s(int(time.time()), length_s)
        for slug in (slug_of(asset, start_s + ahead * length_s, length_s) for ahead in (0, 1)):
            try:
                listed = read_market(await client.market(slug), slug)
            except (LookupFailedError, NotReadyError, RefusedError) as error:
                why = str(error)
                continue
            exchange = exchange_of(listed.version, neg_risk=False)
            assert exchange is not None, "the reader knows no other versions"
            return TrialMarket(slug, listed.up.token_id, listed.up.tick_e4, listed.up.min_size_u6, exchange)
    finally:
        await client.close()
    return Lost(f"no window to place it in: {why}")
