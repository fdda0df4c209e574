"""`bucketmm config check|show`: whether a config can be played, what it would mean, and every value in force."""

from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table

from engine.analytics.odds import odds
from engine.cli.failing import clean_exit
from engine.config.build import bucket_params
from engine.config.load import Config, load_config
from engine.config.secrets import check_literal_key
from engine.model.fees import FeeSchedule
from engine.model.units import format_cash, format_price, format_scaled

DEFAULT_PATH = Path("config.json")


@click.group()
def config() -> None:
    """Check and show the configuration."""


def _load(path: Path | None) -> Config:
    return load_config(path if path is not None else DEFAULT_PATH if DEFAULT_PATH.exists() else None)


@config.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
def show(path: Path | None) -> None:
    """Print every value in force, secrets masked.

    Example: bucketmm config show config.json
    """
    with clean_exit():
        click.echo(_load(path).to_json())


@config.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(path: Path | None, as_json: bool) -> None:
    """Refuse what cannot be played, and show per entry price what is won, what is lost and how often it must be won.

    Example: bucketmm config check config.json
    """
    with clean_exit():
        loaded = _load(path)
        warning = None if path is None else check_literal_key(path, loaded["api"]["PRIVATE_KEY"], live=False)
        if warning:
            click.echo(f"warning: {warning}", err=True)
        rows = odds(bucket_params(loaded), FeeSchedule(loaded["paper"]["fee_rate"]))
        if as_json:
            click.echo(orjson.dumps({"hash": loaded.hash, "odds": [row._asdict() for row in rows]}))
            return
        table = Table(title=f"config {loaded.hash}: what one entry wins and loses, USD after fees")
        for name in ("entry", "shares", "take-profit", "gain", "stop trigger", "loss", "break-even win rate"):
            table.add_column(name, justify="right")
        for row in rows:
            table.add_row(
                format_price(row.entry_e4),
                format_scaled(row.size_u6, 6),
                format_price(row.take_profit_e4),
                format_cash(row.gain_u6),
                format_price(row.stop_trigger_e4),
                format_cash(row.loss_u6),
                f"{100 * row.break_even_rate:.1f} %",
            )
        Console().print(table)
