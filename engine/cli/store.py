"""`bucketmm store`: the journals as tables, in SQLite or PostgreSQL; a projection that can be made anew at any time."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import orjson
from rich.console import Console
from rich.table import Table

from engine.cli.endpoints import live_folder
from engine.cli.extras import needs
from engine.cli.failing import clean_exit
from engine.config.load import Config, load_config
from engine.config.secrets import resolve_secret
from engine.model.errors import BucketmmError, InputError, ResourceError
from engine.runtime.control import write_atomically
from engine.runtime.session import StateLock

if TYPE_CHECKING:
    from engine.store.database import Store

URL_NAME: Final = "BUCKETMM_STORE_URL"
POLL_S: Final = 0.5
RETRY_S_MAX: Final = 60.0
SUBJECTS: Final = ("rounds", "orders", "fills", "sessions", "decisions", "alerts", "balances", "incidents")

_state = click.option(
    "--state", "root", type=click.Path(path_type=Path), help="An engine's state folder; the config's without it."
)
_url = click.option("--url", help="PostgreSQL by URL; the config's store.url, else a SQLite file in the state folder.")
_config = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="Config file; the defaults without it."
)


@click.group()
def store() -> None:
    """Keep what the journals say in tables: sessions, rounds, orders, fills, decisions, alerts, balances.

    The journals are the truth; the tables are made from them and may be thrown away.
    """


@contextmanager
def _opened(root: Path | None, url: str | None, config_path: Path | None) -> Iterator[tuple["Store", Path]]:
    """Yield the migrated store of a state folder, with the folder."""
    config = load_config(config_path)
    root = root or _default_root(config)
    with needs("store"):
        from engine.store.database import open_store
        from engine.store.follow import mode_of
    opened = open_store(
        root, _mode(mode_of(root, config["runtime"]["mode"])), _without_password(url) if url else _url_of(config)
    )
    try:
        opened.migrate()
        yield opened, root
    finally:
        opened.close()


def _without_password(url: str) -> str:
    """Return the URL of an argument. Raises InputError when a password is in it: process lists show arguments."""
    if ":" in url.partition("://")[2].partition("@")[0] and "@" in url:
        raise InputError(f"--url: expected no password in it; put the whole URL into store.url or {URL_NAME}")
    return url


def _url_of(config: Config) -> str | None:
    return resolve_secret("store.url", config["store"]["url"], URL_NAME, os.environ)


@store.command()
@_state
@_url
@_config
def migrate(root: Path | None, url: str | None, config_path: Path | None) -> None:
    """Make the tables, or bring them to this version's form.

    Example: bucketmm store migrate --url postgresql://bucketmm@127.0.0.1/bucketmm
    """
    with clean_exit(), _opened(root, url, config_path) as (opened, _):
        click.echo(f"{opened.where}: ready")


@store.command()
@_state
@_url
@_config
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rebuild(root: Path | None, url: str | None, config_path: Path | None, as_json: bool) -> None:
    """Empty the tables and fill them from the journals.

    Example: bucketmm store rebuild --state state/dry
    """
    with clean_exit(), _opened(root, url, config_path) as (opened, folder), _only_writer(folder):
        from engine.store.follow import rebuild as rebuild_store
        from engine.store.report import counts

        begun = time.monotonic()
        progress = rebuild_store(opened, folder)
        rows = counts(opened)
        seconds = round(time.monotonic() - begun, 3)
        if as_json:
            report = {"where": opened.where, "frames": progress.frames, "rows": rows, "seconds": seconds}
            click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
            return
        said = ", ".join(f"{count:,} {name}" for name, count in rows.items())
        click.echo(f"{opened.where}: {progress.frames:,} frames in {seconds} s: {said}")


@contextmanager
def _only_writer(root: Path) -> Iterator[None]:
    """Let one process alone write the store of a state folder. Raises ResourceError when another one does."""
    lock = StateLock(root, "store.lock", "store")
    try:
        yield
    finally:
        lock.release()


@store.command()
@_state
@_url
@_config
@click.option("--run-dir", default="run", type=click.Path(path_type=Path), show_default=True, help="Status file.")
@click.option("--once", is_flag=True, help="Take what is there and end.")
def follow(root: Path | None, url: str | None, config_path: Path | None, run_dir: Path, once: bool) -> None:
    """Take the journals into the tables as they are written, until Ctrl-C or SIGTERM.

    A process of its own: when the database fails it says so on stderr and in run/store.json, tries again, and nothing
    else notices.

    Example: bucketmm store follow --state state/dry
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    failures = 0
    with clean_exit():
        folder = root or _default_root(load_config(config_path))
        folder.mkdir(parents=True, exist_ok=True)
        with _only_writer(folder):
            status = _Status(run_dir / "store.json")
            while not stop.is_set():
                try:
                    _follow(folder, url, config_path, status, stop, once=once)
                    return
                except BucketmmError as error:
                    if once:
                        raise
                    failures += 1
                    click.echo(f"alert store: {error}", err=True)
                    status.write("failing", error=str(error), failures=failures)
                    stop.wait(min(2.0 ** min(failures, 10), RETRY_S_MAX))


def _default_root(config: Config) -> Path:
    """Return the state folder of the config's mode: those of real and of play money are apart."""
    state_dir = Path(config["runtime"]["state_dir"])
    if config["runtime"]["mode"] == "dry":
        return state_dir / "dry"
    return live_folder(state_dir, is_local=config["feed"]["source"] == "local")


def _mode(mode: str) -> str:
    """Return what the database's name says: a shadow session is a live one."""
    return mode.replace("shadow", "live", 1)


def _follow(
    root: Path, url: str | None, config_path: Path | None, status: "_Status", stop: threading.Event, *, once: bool
) -> None:
    """Follow until told to stop. Raises BucketmmError when the database or a journal fails."""
    from engine.journal.reader import session_folders

    while not once and not session_folders(root):  # its mode is not known before it begins
        status.write("waiting")
        if stop.wait(POLL_S):
            return
    with _opened(root, url, config_path) as (opened, _):
        from engine.store.follow import catch_up

        frames = 0
        while not stop.is_set():
            frames += catch_up(opened, root).frames
            status.write("following", where=opened.where, frames=frames)
            if once:
                return
            stop.wait(POLL_S)
    status.write("stopped")


class _Status:
    """run/store.json, for whoever looks; a full disk only means that nothing is seen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._complained = False

    def write(self, state: str, **facts: Any) -> None:
        try:
            write_atomically(self.path, orjson.dumps({"pid": os.getpid(), "state": state, **facts}))
        except OSError as error:
            if not self._complained:
                click.echo(f"alert store: {self.path} was not written: {error}", err=True)
            self._complained = True


@store.command()
@click.argument("subject", type=click.Choice(SUBJECTS), default="rounds")
@_state
@_url
@_config
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The newest so many rows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def show(subject: str, root: Path | None, url: str | None, config_path: Path | None, limit: int, as_json: bool) -> None:
    """Show the newest rows: rounds, orders, fills, sessions, decisions, alerts, balances or incidents.

    Example: bucketmm store show orders --state state/dry --limit 5 --json
    """
    with clean_exit(), _opened(root, url, config_path) as (opened, _):
        from engine.store.report import newest

        rows = newest(opened, subject, limit)
        if as_json:
            click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
            return
        if not rows:
            raise ResourceError(f"expected {subject} in {opened.where}, there are none: run bucketmm store rebuild")
        table = Table(title=f"{subject} of {opened.where}", title_justify="left")
        for name in rows[0]:
            table.add_column(name)
        for row in rows:
            table.add_row(*(str(value) for value in row.values()))
        Console().print(table)
