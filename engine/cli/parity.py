"""`bucketmm compare`: a live and a dry run of the same windows, side by side."""

import sys
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table

from engine.analytics.parity import Agreement, Comparison, Run, WindowRow, compare
from engine.analytics.parity_report import as_page, as_values, cash, number, percent
from engine.analytics.window_history import Histories, WindowHistory
from engine.cli.extras import needs
from engine.cli.failing import clean_exit
from engine.config.load import parse_config
from engine.journal.format import Header
from engine.journal.reader import JournalReader, UnbegunError, journal_folders, session_folders
from engine.model.errors import InputError


@click.command("compare")
@click.argument("live", type=click.Path(path_type=Path))
@click.argument("dry", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page that needs nothing else.")
@click.option("--windows", is_flag=True, help="List every window.")
@click.option("--trading", is_flag=True, help="Require it of decisions that trade: reads and alerts left out.")
@click.option(
    "--require-agreement", type=click.FloatRange(0, 100), help="Exit status 1 below this percentage of equal decisions."
)
@click.option(
    "--least-decisions",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="With --require-agreement: exit status 1 too when fewer decisions were compared.",
)
def compare_command(
    live: Path,
    dry: Path,
    as_json: bool,
    html: Path | None,
    windows: bool,
    trading: bool,
    require_agreement: float | None,
    least_decisions: int,
) -> None:
    """Compare a LIVE with a DRY run, window by window; each is a journal or an engine's state folder.

    What differs between the configurations comes first, then how rounds ended, which decisions agree, money, latency
    and slippage, and where the decisions parted first and why. A decision is a step that asked for something or
    changed a stage; ids and times are left out.

    Example: bucketmm compare state/live state/dry --html parity.html
    """
    with clean_exit():
        found = compare(load_run(live), load_run(dry))
        if html is not None:
            with needs("report"):
                html.write_text(as_page(found, (str(live), str(dry))), encoding="utf-8")
        if as_json:
            click.echo(orjson.dumps(as_values(found), option=orjson.OPT_INDENT_2))
        else:
            _show(found, windows=windows)
        if require_agreement is not None:
            _require(found.trading if trading else found.decisions, require_agreement, least_decisions)


def load_run(path: Path) -> Run:
    """Return what the journals at a path tell. Raises InputError where there is none, or two tell of one window."""
    windows: dict[str, WindowHistory] = {}
    header: Header | None = None
    for group in _groups(path):
        histories = Histories()
        for folder in group:
            try:
                reader = JournalReader(folder)
            except UnbegunError:
                continue
            header = reader.header
            histories.take_all(frame.entry for frame in reader)
        told = histories.finish()
        if twice := {slug for slug in windows.keys() & told if windows[slug].record and told[slug].record}:
            raise InputError(f"{path}: expected each window once, {min(twice)} was played by two engines")
        windows |= {slug: window for slug, window in told.items() if window.record or slug not in windows}
    if header is None:
        raise InputError(f"{path}: expected a journal that was begun, found none")
    minimum_u6 = parse_config(header.config_json, f"{path}: journal header")["position_control"]["MIN_TRADE_SIZE"]
    return Run(header.mode, header.config_json, minimum_u6, windows)


def _groups(path: Path) -> list[list[Path]]:
    """Return the journals that belong together: the sessions of one engine, else each by itself."""
    sessions = [folder for folder in session_folders(path) if any(folder.glob("journal-*.bmj"))]
    return [sessions] if sessions else [[folder] for folder in journal_folders(path)]


def _require(found: Agreement, percentage: float, least: int) -> None:
    compared, rate = found.compared, found.rate
    if compared < least:
        click.echo(f"expected at least {least} compared decisions, were {compared}", err=True)
        sys.exit(1)
    if rate is None or 100 * rate < percentage:
        click.echo(f"expected {percentage:g} % of the decisions to agree, were {percent(rate)}", err=True)
        sys.exit(1)


def _show(found: Comparison, *, windows: bool) -> None:
    console = Console()
    if found.config:
        table = Table(title="the configurations differ", title_justify="left")
        for name in ("kind", "key", "live", "dry"):
            table.add_column(name)
        for one in found.config:
            table.add_row(*one)
        console.print(table)
    else:
        console.print("the configurations are the same")
    console.print(_summary(found))
    parting = found.first_parting
    if parting is not None:
        console.print(f"parted first in {parting.slug}, decision {parting.position}: {parting.reason}", markup=False)
    for row in found.rows if windows else ():
        click.echo(_line(row))


def _line(row: WindowRow) -> str:
    """Return one window in a line: how it ended, what it made, how many decisions agree, why they parted."""
    ends = row.live_type.value if row.live_type == row.dry_type else f"{row.live_type.value} / {row.dry_type.value}"
    money = f"P&L {cash(row.live_pnl_u6)} / {cash(row.dry_pnl_u6)}"
    why = f"; {row.parting.reason}" if row.parting else ""
    return f"{row.slug}  {ends}  {money}  decisions {row.decisions.matched} of {row.decisions.compared}{why}"


def _summary(found: Comparison) -> Table:
    live, dry = found.quality
    types = found.fill_types
    table = Table(title=f"{len(found.rows)} windows on both sides", title_justify="left")
    for name in ("", found.modes[0], found.modes[1], "both"):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("windows on one side alone", str(len(found.only_live)), str(len(found.only_dry)), "")
    table.add_row("rounds that ended alike", "", "", percent(found.fill_type_rate))
    for kind in dict.fromkeys([*types[0], *types[1]]):
        table.add_row(f"  {kind}", str(types[0][kind]), str(types[1][kind]), "")
    for label, agreement in (("decisions that agree", found.decisions), ("of those that trade", found.trading)):
        table.add_row(label, "", "", f"{percent(agreement.rate)} of {agreement.compared:,}")
    table.add_row("P&L, live less dry, USD", "", "", cash(found.pnl_delta_u6))
    orders = found.orders
    table.add_row("orders on one side alone", str(orders.only_live), str(orders.only_dry), "")
    alike = f"{percent(orders.alike_rate)} of {len(orders.pairs):,}"
    table.add_row("orders on both sides that were filled alike", "", "", alike)
    for label, field in (
        ("orders", "orders"),
        ("acknowledged after, ms, p50", "acknowledged_ms_p50"),
        ("acknowledged after, ms, p99", "acknowledged_ms_p99"),
        ("immediate orders filled after, ms", "filled_ms_p50"),
        ("slippage of immediate orders, 1e-4 USD", "slippage_e4_mean"),
    ):
        table.add_row(label, number(getattr(live, field)), number(getattr(dry, field)), "")
    return table
