"""Which venue a command means: the local exchange that runs here, or the config's hosts; and the word it asks for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from engine.config.load import Config
from engine.model.errors import InputError
from engine.ops.endpoints import Endpoints
from feeder.sources import SourceError
from feeder.sources.local import LocalExchange, find_exchange

TYPED_WORD: Final = "YES"
_PROXY_NAMES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

source_option = click.option(
    "--source",
    type=click.Choice(["local", "polymarket"]),
    help="local: the exchange of --run-dir; polymarket: the config's hosts. The config's feed.source without it.",
)


def endpoints_of(config: Config, source: str | None, run_dir: Path) -> Endpoints:
    """Return where things are. Raises InputError when a local exchange is meant and none runs."""
    source = source or config["feed"]["source"]
    if source == "local":
        found = local_exchange(run_dir)
        return Endpoints(*(getattr(found, name) for name in Endpoints.__struct_fields__))
    return Endpoints(*(config["venue"][name].rstrip("/") for name in Endpoints.__struct_fields__))


def local_exchange(run_dir: Path) -> LocalExchange:
    """Return where the exchange that runs here is. Raises InputError when none does."""
    try:
        return find_exchange(run_dir)
    except SourceError as error:
        raise InputError(str(error)) from None


def live_folder(state_dir: Path, *, is_local: bool) -> Path:
    """Return the state folder of live sessions: those of real and of play money are apart."""
    return state_dir / ("live-local" if is_local else "live")


def confirm(endpoints: Endpoints, what: str, *, yes: bool) -> None:
    """Ask for a typed word unless everything is on the loopback, or `yes`. Raises InputError for another word."""
    if endpoints.is_local or yes:
        return
    said = click.prompt(f"{what} at {endpoints.clob_url}: type {TYPED_WORD}", default="", show_default=False, err=True)
    if said != TYPED_WORD:
        raise InputError(f"expected {TYPED_WORD} to be typed, was {said!r}: nothing was done")


@contextmanager
def proxied(config: Config, endpoints: Endpoints) -> Iterator[None]:
    """Let HTTP clients that look for a proxy in the environment find the config's; for the loopback none."""
    before = {name: os.environ.get(name) for name in (*_PROXY_NAMES, "NO_PROXY")}
    proxy = config["venue"]["proxy"]
    if endpoints.is_local:
        os.environ["NO_PROXY"] = "*"
    elif proxy:
        os.environ.update(dict.fromkeys(_PROXY_NAMES, proxy))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
