"""`bucketmm run`: process 2, the engine, on a ring; with --source it starts process 1, the feeder, as its child."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import orjson

from engine.analytics.rounds import summarise
from engine.cli.failing import clean_exit
from engine.cli.going_live import Wishes, live_root, lock_wallet, plan_live, stated_root
from engine.config.build import scaled
from engine.config.load import Config, load_config
from engine.model.errors import InputError, ResourceError
from engine.model.units import format_cash, format_scaled
from engine.runtime.child import Child
from engine.runtime.feeder_child import FeederChild, has_live_writer
from engine.runtime.live_session import run_live_session
from engine.runtime.session import SessionResult, claim, run_session
from engine.runtime.shell import Shell
from feeder.recording.reader import open_recordings
from shm.errors import RingError
from shm.registry import status

TIDY_EVERY_S: Final = 300


@click.command()
@click.option(
    "--source", type=click.Choice(["local", "recording", "polymarket"]), help="Start the feeder with this source."
)
@click.option(
    "--path",
    type=click.Path(exists=True, path_type=Path),
    help="The recording, or a folder of them; without --source: what the feeder on --ring plays.",
)
@click.option("--pace", default="1", show_default=True, help="How fast a recording is played: 1, 20, ... or max.")
@click.option("--slug", "slugs", multiple=True, help="Play only the recordings that hold this window; repeatable.")
@click.option("--ring", help="Name of the ring; the config's feed.ring without it.")
@click.option("--state", "state_dir", type=click.Path(path_type=Path), help="State folder; the config's without it.")
@click.option("--run-dir", default="run", type=click.Path(path_type=Path), show_default=True, help="Status files.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Config file; the defaults without it.")
@click.option("--window-seconds", type=click.IntRange(1), help="Play windows of this length instead of the config's.")
@click.option("--mode", type=click.Choice(["dry", "shadow", "live"]), help="Instead of the config's runtime.mode.")
@click.option("--live", is_flag=True, help="Ask for the word that real money needs.")
@click.option("--accept-foreign", is_flag=True, help="Start although orders that are not ours rest on the wallet.")
@click.option("--spin", is_flag=True, help="Live: never sleep; wants a core of its own.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def run(
    source: str | None,
    path: Path | None,
    pace: str,
    slugs: tuple[str, ...],
    ring: str | None,
    state_dir: Path | None,
    run_dir: Path,
    config_path: Path | None,
    window_seconds: int | None,
    mode: str | None,
    live: bool,
    accept_foreign: bool,
    spin: bool,
    as_json: bool,
) -> None:
    """Run the engine: decisions on a ring's data, orders to the paper venue or, live, to the exchange that the data
    comes from; everything in a journal.

    Ends when a recording has been played, or on Ctrl-C or SIGTERM with every order cancelled (exit status 0; 143 for a
    SIGTERM before the engine has begun).

    Example: bucketmm run --source recording --path tests/fixtures/recordings/lively-seed-10 --pace 20
    """
    with clean_exit():
        config = load_config(config_path)
        wishes = Wishes(mode or config["runtime"]["mode"], live, accept_foreign, spin)
        if source == "recording" and path is None:
            raise InputError("expected --path with --source recording")
        if source in ("local", "polymarket") and path is not None:
            raise InputError(f"expected --path only where a recording is played, was --source {source}")
        config = _fit(config, path, window_seconds)
        ring = ring or config["feed"]["ring"]
        wanted = _Feed(source, path, pace, slugs)
        begun = time.monotonic()
        try:
            if wishes.mode == "dry":
                folder = "dry" if path is None else f"recording-{path.stem}"
                root = state_dir or Path(config["runtime"]["state_dir"]) / folder
                result = _run(config, wanted, ring, root, run_dir)
            else:
                result = _run_live(config, wanted, ring, state_dir, run_dir, wishes, config_path)
        except RingError as error:
            raise ResourceError(str(error)) from error
        _show(result, time.monotonic() - begun, as_json)
        if not result.clean:
            raise ResourceError("stopped, but not every cancel was confirmed in time; see the journal")


def _fit(config: Config, path: Path | None, window_seconds: int | None) -> Config:
    """Return the config for the windows that will be played."""
    if path is not None:
        lengths = sorted({window.length_s for recording in open_recordings(path) for window in recording.windows})
        if window_seconds is None and len(lengths) != 1:
            raise InputError(f"{path}: expected windows of one length, were {lengths} s; choose with --window-seconds")
        window_seconds = window_seconds or lengths[0]
    return config if window_seconds is None else scaled(config, window_seconds)


class _Feed(NamedTuple):
    """What the feeder is to play."""

    source: str | None
    path: Path | None
    pace: str
    slugs: tuple[str, ...]


def _run(config: Config, wanted: _Feed, ring: str, root: Path, run_dir: Path) -> SessionResult:
    signal.signal(signal.SIGTERM, _end_at_once)
    lock = claim(root, anew_when_finished=wanted.path is not None)
    child = None
    try:
        with _signals_held():
            child = _start_feeder(wanted, ring, run_dir, config)
        if child is not None:
            child.wait_ready()
        return run_session(
            config,
            root,
            ring,
            gating=wanted.path is not None and (child is not None or not _has_begun(ring)),
            run_dir=run_dir,
            on_shell=_handle_signals,
            on_alert=lambda text: click.echo(f"alert {text}", err=True),
        )
    finally:
        if child is not None:
            child.stop()
        lock.release()


def _run_live(
    config: Config,
    wanted: _Feed,
    ring: str,
    state_dir: Path | None,
    run_dir: Path,
    wishes: Wishes,
    config_path: Path | None,
) -> SessionResult:
    """Run one live session; both locks are passed before anything is started."""
    signal.signal(signal.SIGTERM, _end_at_once)
    kind = "recording" if wanted.path is not None else wanted.source or config["feed"]["source"]
    plan = plan_live(config, wishes, kind, run_dir, config_path)
    if state_dir is not None:
        root = stated_root(state_dir, plan)
    else:
        root = live_root(Path(config["runtime"]["state_dir"]), plan.hosts, plan.account)
    locks = [lock_wallet(plan.account.wallet)]
    child = tidy = None
    try:
        locks.append(claim(root, anew_when_finished=False))
        if config["execution"]["AUTO_REDEEM"]:
            tidy = _start_tidying(kind, config_path, run_dir)
        with _signals_held():
            child = _start_feeder(wanted, ring, run_dir, config)
        if child is not None:
            child.wait_ready()
        return run_live_session(
            config,
            root,
            ring,
            plan,
            run_dir=run_dir,
            on_shell=_handle_signals,
            on_alert=lambda text: click.echo(f"alert {text}", err=True),
        )
    finally:
        for process in (child, tidy):
            if process is not None:
                process.stop()
        for lock in locks:
            lock.release()


def _start_tidying(source: str, config_path: Path | None, run_dir: Path) -> Child:
    """Start what merges pairs and redeems winners while the engine trades; real money was confirmed already."""
    config = [] if config_path is None else ["--config", str(config_path)]
    words = ["wallet", "--source", source, *config, "--run-dir", str(run_dir), "--yes", "tidy"]
    return Child([*words, "--loop", str(TIDY_EVERY_S)], Path("logs") / "wallet.log")


def _has_begun(ring: str) -> bool:
    """Whether the ring's recording is being played already: then the engine joins late and takes what is there."""
    return status(ring).instruments_count > 0


def _start_feeder(wanted: _Feed, ring: str, run_dir: Path, config: Config) -> FeederChild | None:
    if wanted.source is None or has_live_writer(ring):
        return None
    arguments = [
        "--source",
        wanted.source,
        "--capacity",
        str(config["feed"]["capacity"]),
        "--run-dir",
        str(run_dir),
        "--unlink",
    ]
    if wanted.path is not None:
        arguments += ["--path", str(wanted.path), "--pace", wanted.pace, "--wait-for-reader"]
    for slug in wanted.slugs:
        arguments += ["--slug", slug]
    return FeederChild(arguments, ring, Path("logs") / "feeder.log")


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let signals wait until what is being started has a name by which it can be ended."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: received.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for signalled in received[:1]:
        signal.raise_signal(signalled)


def _end_at_once(number: int, frame: object) -> None:
    """End before the engine has begun: nothing of ours works yet, but the feeder must not outlive us."""
    sys.exit(128 + number)


def _handle_signals(shell: Shell) -> None:
    def stop(number: int, frame: object) -> None:
        shell.request_stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _show(result: SessionResult, seconds: float, as_json: bool) -> None:
    records = list(result.tally.rounds.values())
    summary = summarise(records)
    report: dict[str, Any] = {
        "rounds": len(records),
        "entered": summary.entered,
        "records": result.records,
        "records_lost": result.lost,
        "decisions": result.tally.decisions,
        "fills": summary.fills,
        "fees_usd": format_scaled(summary.fees_u6, 6),
        "pnl_usd": format_scaled(summary.pnl_u6, 6),
        "unsettled": list(summary.unsettled),
        "states_reached": dict(sorted(result.tally.stages.items())),
        "journal": str(result.journal),
        "seconds": round(seconds, 3),
    }
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
        return
    for record in records:
        stages = " > ".join(record.stages)
        settled = "" if record.settled else " (not settled)"
        click.echo(
            f"{record.slug}  {record.leg or 'no entry'}  {stages}  P&L {format_cash(record.pnl_u6)} USD{settled}"
        )
    click.echo(f"{report['records']:,} records, {report['decisions']:,} decisions, journal {result.journal}")
