"""`bucketmm feed`: process 1, market data into a ring; `bucketmm feed bench` measures it."""

import logging
import os
import sys
from pathlib import Path
from typing import Final

import click
import uvloop

from engine.cli.failing import clean_exit
from engine.cli.feed_bench import bench_command
from engine.config.load import load_config
from engine.model.errors import InputError, ResourceError
from engine.model.rounds import parse_slug
from feeder.recording.reader import choose, open_recordings
from feeder.rest import RestClient
from feeder.service import FeederService, ServiceOptions, run_until_signal
from feeder.sources import Source, SourceError
from feeder.sources.local import LocalExchange, LocalSource, find_exchange
from feeder.sources.pacing import parse_pace
from feeder.sources.polymarket import PolymarketOptions, PolymarketSource
from feeder.sources.recording import RecordingSource
from feeder.transports import TRANSPORTS
from shm.errors import RingError
from shm.ring import RingWriter

PRODUCTION_LENGTH_S: Final = 900
SOURCES: Final = ("local", "polymarket", "recording")
CREDENTIALS: Final = {
    "apiKey": "POLY_API_KEY",
    "secret": "POLY_API_SECRET",
    "passphrase": "POLY_API_PASSPHRASE",
}


@click.group(invoke_without_command=True)
@click.option(
    "--source",
    type=click.Choice(SOURCES),
    help="A recording where --path is given, else the config's.",
)
@click.option("--ring", help="Name of the ring; the config's feed.ring without it.")
@click.option("--capacity", type=int, help="Records in the ring, a power of two; the config's without it.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Config file; the defaults without it.")
@click.option("--run-dir", default="run", type=click.Path(path_type=Path), show_default=True, help="For feeder.json.")
@click.option("--path", type=click.Path(exists=True, path_type=Path), help="recording: a recording, or a folder.")
@click.option("--pace", default="1", show_default=True, help="recording: 1, 20, ... or max.")
@click.option("--wait-for-reader", is_flag=True, help="recording: begin when a gating reader has attached (20 s).")
@click.option(
    "--asset",
    "assets",
    multiple=True,
    default=("btc",),
    show_default=True,
    help="Whose windows to follow; repeatable, reference prices are the first one's.",
)
@click.option("--window-seconds", type=int, help="How long the windows are; 900, or what the local exchange has.")
@click.option("--ahead", default=2, show_default=True, help="How many windows beyond the current one.")
@click.option(
    "--slug",
    "slugs",
    multiple=True,
    help="A further window to follow; recording: the only ones to play; repeatable.",
)
@click.option(
    "--lines", default=2, show_default=True, type=click.IntRange(1, 8), help="Connections to the market channel."
)
@click.option("--transport", type=click.Choice(sorted(TRANSPORTS)), default="picows", show_default=True)
@click.option("--polybolt-url", help="polymarket: reference prices; needs the POLY_API_* credentials.")
@click.option("--rtds-url", help="polymarket: the fallback of the reference prices.")
@click.option("--seed", default=0, show_default=True, help="Of the reconnects' jitter.")
@click.option("--unlink", is_flag=True, help="Remove the ring at the end.")
@click.pass_context
def feed(ctx: click.Context, /, **options: object) -> None:
    """Publish market data into a shared-memory ring until it ends, or until SIGTERM or Ctrl-C.

    Prints one line when the ring is ready, and keeps RUN_DIR/feeder.json up to date. Exit statuses: 0 ended or
    stopped; 2 bad arguments or data; 3 the ring belongs to another feeder, or there is no shared memory; 130 Ctrl-C.
    """
    if ctx.invoked_subcommand is not None:
        return
    with clean_exit():
        sys.exit(_serve(**options))  # type: ignore[arg-type]  # click has converted each to what _serve declares


def _serve(
    source: str | None,
    ring: str | None,
    capacity: int | None,
    config_path: Path | None,
    run_dir: Path,
    path: Path | None,
    pace: str,
    wait_for_reader: bool,
    unlink: bool,
    slugs: tuple[str, ...],
    **venue: object,
) -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    for chatty in ("httpx", "picows", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    config = load_config(config_path)
    chosen = source or ("recording" if path is not None else config["feed"]["source"])
    if (chosen == "recording") != (path is not None):
        raise InputError("expected --path with --source recording, and only with it")
    opened: Source
    if path is not None:
        opened = _open_recording(path, pace, slugs)
    else:
        local = (run_dir, find_exchange(run_dir)) if chosen == "local" else None
        opened = _open_venue(local, config["venue"], slugs=slugs, **venue)  # type: ignore[arg-type]
    try:
        writer = RingWriter(ring or config["feed"]["ring"], capacity=capacity or config["feed"]["capacity"])
    except RingError as error:
        raise ResourceError(str(error)) from error
    except ValueError as error:
        raise InputError(str(error)) from error
    options = ServiceOptions(run_dir, wait_for_reader, unlink)
    service = FeederService(opened, writer, options, say=lambda text: click.echo(text))
    try:
        return uvloop.run(run_until_signal(service))
    except SourceError as error:
        raise InputError(str(error)) from error


def _open_recording(path: Path, pace: str, slugs: tuple[str, ...]) -> Source:
    try:
        rate_milli = parse_pace(pace)
    except ValueError as error:
        raise InputError(f"--pace: {error}") from error
    return RecordingSource(choose(open_recordings(path), slugs, path), rate_milli)


def _credentials() -> dict[str, str]:
    """Return the API credentials from the environment, where they are in no process list."""
    missing = [variable for variable in CREDENTIALS.values() if not os.environ.get(variable)]
    if missing:
        raise InputError(f"--polybolt-url: expected the environment to have {', '.join(missing)}")
    return {field: os.environ[variable] for field, variable in CREDENTIALS.items()}


def _open_venue(
    local: tuple[Path, LocalExchange] | None,
    hosts: dict[str, str],
    assets: tuple[str, ...],
    window_seconds: int | None,
    ahead: int,
    slugs: tuple[str, ...],
    lines: int,
    transport: str,
    polybolt_url: str | None,
    rtds_url: str | None,
    seed: int,
) -> Source:
    for slug in slugs:
        try:
            parse_slug(slug)
        except ValueError as error:
            raise InputError(f"--slug: {error}") from error
    length_s = window_seconds or (local[1].window_seconds[0] if local is not None else PRODUCTION_LENGTH_S)
    options = PolymarketOptions(
        hosts["market_ws_url"],
        assets,
        length_s,
        ahead,
        slugs,
        lines,
        seed,
        polybolt_url,
        _credentials() if polybolt_url is not None else None,
        rtds_url,
    )
    if local is not None:
        return LocalSource(*local, options, TRANSPORTS[transport])
    rest = RestClient(hosts["gamma_url"], hosts["clob_url"])
    return PolymarketSource(options, rest, TRANSPORTS[transport])


feed.add_command(bench_command)
