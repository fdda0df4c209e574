"""`bucketmm exchange`: the venue's protocol on this machine, for any client, until Ctrl-C."""

import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import click
import msgspec
import orjson
import uvloop
from rich.console import Console
from rich.table import Table

from engine.cli.exchange_bench import bench_command
from engine.cli.failing import clean_exit
from engine.exchange.accounts import TestAccount
from engine.exchange.app import App, AppOptions, SourceOf
from engine.exchange.calendar import SeriesOptions
from engine.exchange.core.exchange import Settings
from engine.exchange.positions import LAG_MS
from engine.exchange.scenario import load_scenario
from engine.exchange.serve import Reach, Ready, ServeOptions, serve
from engine.exchange.server.bind import LOOPBACK
from engine.exchange.server.limits import Mode as LimitMode
from engine.exchange.state import check_writable
from engine.model.errors import InputError
from engine.model.events import Event
from engine.runtime.control import write_atomically
from engine.runtime.recorded import recorded_events
from engine.runtime.session import StateLock
from engine.worlds.counterparties import Counterparties
from engine.worlds.crowd import Crowd
from engine.worlds.crowd_params import styled_crowd
from engine.worlds.params import Style
from engine.worlds.recorded_rounds import split_rounds
from engine.worlds.replayed import Replay, ReplayParams
from feeder.recording.files import RecordingFile
from feeder.recording.reader import open_recordings

SHORTEST_S: Final = 15
LONGEST_MS: Final = 3_600_000
"""For every delay: one beyond an hour is a mistake in the unit."""
BALANCE_USD_MAX: Final = 1_000_000_000
"""So that sums over many wallets stay within what clients can hold."""
Delay: Final = click.IntRange(0, LONGEST_MS)
PORT: Final = click.IntRange(0, 65_535)


@click.group(invoke_without_command=True)
@click.option("--port", default=0, show_default=True, type=PORT, help="Of the plain port; 0 is any free one.")
@click.option("--control-port", default=0, show_default=True, type=PORT, help="Of the control API.")
@click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen on.")
@click.option("--allow-public", is_flag=True, help="Listen elsewhere than on the loopback: whoever gets there trades.")
@click.option("--bucket-seconds", "lengths", multiple=True, type=int, help="Length of windows; repeatable. [900]")
@click.option("--asset", "assets", multiple=True, help="Asset of the windows; repeatable. [btc]")
@click.option("--ahead", default=4, show_default=True, type=click.IntRange(1, 96), help="Windows listed ahead.")
@click.option("--protocol-v2", is_flag=True, help="Windows of Protocol V2 (domain 3) instead of today's.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Decides prices, crowd and keys.")
@click.option(
    "--style",
    type=click.Choice([*(each.value for each in Style), "empty"]),
    default="lively",
    show_default=True,
    help="Of the crowd.",
)
@click.option("--recording", type=click.Path(exists=True, path_type=Path), help="Play recorded rounds as background.")
@click.option("--scenario", type=click.Path(exists=True, path_type=Path), help="TOML file of what goes wrong when.")
@click.option("--state", type=click.Path(path_type=Path), help="File that keeps accounts, orders, positions.")
@click.option("--accounts", default=10, show_default=True, type=click.IntRange(0, 100), help="Funded test accounts.")
@click.option(
    "--balance-usd", default=1_000, show_default=True, type=click.IntRange(0, BALANCE_USD_MAX), help="Of each wallet."
)
@click.option(
    "--limits",
    type=click.Choice([each.value for each in LimitMode]),
    default="warn",
    show_default=True,
    help="Of each signer.",
)
@click.option("--mined-ms", default=2_000, show_default=True, type=Delay, help="From match to block.")
@click.option("--confirmed-ms", default=4_000, show_default=True, type=Delay, help="From match to final.")
@click.option("--balance-lag-ms", default=500, show_default=True, type=Delay, help="Of the balance cache.")
@click.option("--data-lag-ms", default=LAG_MS, show_default=True, type=Delay, help="Of the Data API.")
@click.option("--hold-ms", default=150, show_default=True, type=Delay, help="How long takers are held.")
@click.option("--tls", is_flag=True, help="Also TLS, and an HTTPS proxy for clients whose hosts are sealed.")
@click.option("--tls-dir", default="run/tls", show_default=True, type=click.Path(path_type=Path), help="Local CA.")
@click.option("--run-dir", default="run", show_default=True, type=click.Path(path_type=Path), help="exchange.json.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object when ready.")
@click.pass_context
def exchange(ctx: click.Context, /, **options: object) -> None:
    """Serve Polymarket's own protocol on the loopback, with a market that moves, until Ctrl-C or SIGTERM.

    Prints the URLs, the funded test accounts and their API keys. The keys are everybody's: never send anything of
    value to them. Exit statuses: 0 stopped; 2 bad arguments, recording, scenario or state; 3 a port is
    taken; 130 Ctrl-C.
    """
    if ctx.invoked_subcommand is not None:
        return
    with clean_exit():
        _run(**options)  # type: ignore[arg-type]  # click has converted each to what _run declares


def _run(
    lengths: tuple[int, ...],
    assets: tuple[str, ...],
    ahead: int,
    protocol_v2: bool,
    seed: int,
    style: str,
    recording: Path | None,
    scenario: Path | None,
    state: Path | None,
    limits: str,
    mined_ms: int,
    confirmed_ms: int,
    balance_lag_ms: int,
    data_lag_ms: int,
    hold_ms: int,
    run_dir: Path,
    as_json: bool,
    **where: object,
) -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    if confirmed_ms < mined_ms:
        raise InputError(f"expected --confirmed-ms of at least --mined-ms ({mined_ms}), was {confirmed_ms}")
    series = tuple(
        SeriesOptions(
            asset=_asset(asset),
            length_s=_length(length_s),
            ahead=ahead,
            hold_ms=hold_ms,
            seed=seed,
            version="v2" if protocol_v2 else "v1",
        )
        for asset in dict.fromkeys(assets or ("btc",))
        for length_s in dict.fromkeys(lengths or (900,))
    )
    settings = Settings(seed=seed, mined_ms=mined_ms, confirmed_ms=confirmed_ms, balance_lag_ms=balance_lag_ms)
    options = AppOptions(series=series, settings=settings, seed=seed, limits=LimitMode(limits), data_lag_ms=data_lag_ms)
    played = load_scenario(scenario) if scenario is not None else None
    app = App(options, make_source(style, seed, recording))
    if state is not None:
        check_writable(state)
    file = run_dir / "exchange.json"
    locks = [StateLock(run_dir, "exchange.lock", "exchange")]  # the file is this exchange's alone, and so is the state
    if state is not None:
        locks.append(StateLock(state.parent, f".{state.name}.lock", "exchange"))

    def beat(reach: Reach, description: dict[str, object]) -> None:
        urls = {name: value for name, value in msgspec.to_builtins(reach).items() if name.endswith("_url")}
        write_atomically(file, orjson.dumps({"pid": os.getpid(), **urls, **description}, option=orjson.OPT_INDENT_2))

    serving = serve(app, msgspec.convert(where, ServeOptions), played, state, _printer(as_json), beat)
    try:
        status = uvloop.run(serving)
    finally:
        file.unlink(missing_ok=True)
        for lock in locks:
            lock.release()
    sys.exit(status)


def _asset(asset: str) -> str:
    if not re.fullmatch("[a-z0-9]{1,12}", asset):
        raise InputError(f"expected an --asset of up to 12 small letters and digits, was {asset!r}")
    return asset


def _length(length_s: int) -> int:
    if length_s < SHORTEST_S or 86_400 % length_s:
        raise InputError(f"expected a --bucket-seconds of {SHORTEST_S} or more that divides a day, was {length_s}")
    return length_s


def make_source(style: str, seed: int, recording: Path | None) -> SourceOf:
    """Return what makes the counterparties of an asset: a crowd, recorded rounds, or nobody."""
    rounds = None if recording is None else split_rounds(_events(open_recordings(recording)))

    def source_of(series: Sequence[SeriesOptions], now_ms: int) -> Counterparties:
        if rounds is not None:
            return Replay(rounds, ReplayParams(hold_ms=series[0].hold_ms), now_ms)
        if style == "empty":
            return Replay(iter(()), ReplayParams(), now_ms)
        own_seed = _seed_of(series[0].asset, seed)
        return Crowd(styled_crowd(Style(style), own_seed, series[0].length_s), own_seed, now_ms)

    return source_of


def _seed_of(asset: str, seed: int) -> int:
    """Return an asset's own seed: two assets do not move together."""
    if asset == "btc":
        return seed
    return int.from_bytes(blake2b(f"{seed}:{asset}".encode(), digest_size=6).digest())


def _events(recordings: Sequence[RecordingFile]) -> Iterator[Event]:
    for recording in recordings:
        yield from recorded_events(recording)


def _printer(as_json: bool) -> Ready:
    def ready(reach: Reach, accounts: list[TestAccount]) -> None:
        if as_json:
            rows = [account.shown() for account in accounts]
            print(orjson.dumps({**msgspec.to_builtins(reach), "accounts": rows}).decode(), flush=True)
        else:
            _show(reach, accounts)

    return ready


def _show(reach: Reach, accounts: list[TestAccount]) -> None:
    console = Console()
    table = Table(title="Local exchange: ready", show_header=False)
    for name, value in msgspec.to_builtins(reach).items():
        if isinstance(value, str) and value:
            table.add_row(name, value)
    console.print(table)
    for name, value in reach.environment.items():
        print(f"export {name}={value}")
    if accounts:
        print("\nTest accounts (keys that everybody knows: never send anything of value to them)")
    for account in accounts:
        print(f"{account.index}  key {account.shown()['private_key']}")
        print(f"   EOA {account.address}  deposit wallet {account.wallets[3]}  API key {account.credentials.key}")
    print("Secrets, proxies and Safes: --json.")
    print("Ctrl-C ends.", flush=True)


exchange.add_command(bench_command)
