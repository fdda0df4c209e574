"""`bucketmm status`: what local exchange, feeder and engine say of themselves, once or as a live view."""

import time
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from engine.cli.failing import clean_exit
from engine.cli.follow import follow
from engine.cli.safety import show_safety
from engine.model.errors import ResourceError

OLD_AFTER_S = 5.0
PARTS = ("engine", "feeder", "exchange", "store")


@click.command()
@click.option("--run-dir", default="run", type=click.Path(path_type=Path), show_default=True, help="Status files.")
@click.option("--watch", is_flag=True, help="Keep showing it until Ctrl-C.")
@click.option("--follow", "follow_lines", is_flag=True, help="Print a line for each change until the engine ends.")
@click.option("--rounds", type=click.IntRange(1), help="With --follow: return when this many more rounds are over.")
@click.option("--safety", is_flag=True, help="List every guard: threshold, armed or not, when it last acted.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="With --safety and no engine running.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(
    run_dir: Path,
    watch: bool,
    follow_lines: bool,
    rounds: int | None,
    safety: bool,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Show mode, round, stage, position, orders, P&L, feed, kill switch, local exchange.

    Exit status 3 when nothing runs here.

    Example: bucketmm status --watch
    """
    with clean_exit():
        if safety:
            show_safety(run_dir, config_path, OLD_AFTER_S, as_json=as_json)
        elif follow_lines:
            follow(run_dir / "engine.json", rounds)
        elif as_json:
            click.echo(orjson.dumps(_read(run_dir), option=orjson.OPT_INDENT_2))
        elif watch:
            _watch(run_dir)
        else:
            Console().print(_view(_read(run_dir)))


def _read(run_dir: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in PARTS:
        path = run_dir / f"{name}.json"
        try:
            found[name] = orjson.loads(path.read_bytes())
            found[name]["age_seconds"] = round(time.time() - path.stat().st_mtime, 1)
        except FileNotFoundError:
            found[name] = None
        except orjson.JSONDecodeError as error:
            raise ResourceError(f"expected JSON in {path}: {error}") from error
    if not any(found.values()):
        raise ResourceError(f"expected status files in {run_dir}, found none: is anything running?")
    return found


def _watch(run_dir: Path) -> None:
    with Live(_view(_read(run_dir)), refresh_per_second=4, screen=True) as live:
        while True:
            time.sleep(0.25)
            live.update(_view(_read(run_dir)))


def _view(found: dict[str, Any]) -> Group:
    parts: list[Table] = []
    engine, feeder = found["engine"], found["feeder"]
    if engine is not None:
        parts += [_engine_table(engine), *(_round_table(one) for one in engine["rounds"]), _last_table(engine)]
    if feeder is not None:
        parts.append(_plain_table("feeder", feeder))
    if found["exchange"] is not None:
        parts.append(_plain_table("local exchange", found["exchange"]))
    if found["store"] is not None:
        parts.append(_plain_table("store", found["store"]))
    return Group(*parts)


def _state(part: dict[str, Any]) -> str:
    """Return the part's state; a running one that has not written for a while is not believed."""
    old = part.get("state") not in ("stopped", "ended") and part["age_seconds"] > OLD_AFTER_S
    return f"[red]silent for {part['age_seconds']} s[/red]" if old else str(part.get("state", "?"))


def _engine_table(engine: dict[str, Any]) -> Table:
    table = Table(title=f"engine: {engine['mode'].replace('live', 'LIVE', 1)}", show_header=False, title_justify="left")
    kill = f"[red]KILLED: {engine['killed']}[/red]" if engine["killed"] is not None else "off"
    rows = [
        ("state", _state(engine)),
        ("pid, ring", f"{engine['pid']}, {engine['ring']}"),
        ("journal", engine["journal"]),
        ("P&L, bankroll, cash", f"{engine['pnl_usd']}, {engine['bankroll_usd']}, {engine['cash_usd']} USD"),
        ("feeder", "[red]silent[/red]" if engine["feeder_silent"] else "alive"),
        (
            "records, lost, books skipped",
            f"{engine['records']:,}, {engine['records_lost']:,}, {engine['books_skipped']:,}",
        ),
        ("events, decisions", f"{engine['events']:,}, {engine['decisions']:,}"),
        ("refusals", ", ".join(f"{count} {code}" for code, count in engine["refusals"].items()) or "none"),
        ("trading, kill switch", f"{engine.get('trading', '?')}, {kill}"),
        ("orders and cancels of the last minute", _budget(engine.get("budgets", {}))),
        ("last comparisons with the wallet", _checks(engine.get("reconciliations", []))),
        *_gateway_rows(engine.get("gateway") or {}),
        ("alerts", "\n".join(engine["alerts"][-3:]) or "none"),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _budget(budgets: dict[str, Any]) -> str:
    return f"{budgets.get('mutations_in_a_minute', '?')} of {budgets.get('mutations_max', '?')}"


def _checks(checks: list[dict[str, Any]]) -> str:
    """Return the drift of the last comparisons, a breach marked."""
    return (
        ", ".join(f"{check['drift_percent']} %{' BREACH' if check['breach'] else ''}" for check in checks) or "none yet"
    )


def _gateway_rows(gateway: dict[str, Any]) -> list[tuple[str, str]]:
    if not gateway:
        return []
    trip = gateway["round_trip_ms"]
    return [
        ("venue, its mode", f"{gateway['venue']}, {gateway['mode'].lower()}"),
        (
            "lines ready, lost; user channel",
            f"{gateway['lines_ready']}, {gateway['lines_lost']}; {gateway['user_stream_connections']} connection(s)",
        ),
        ("order round trip p50, p99", f"{trip['p50']}, {trip['p99']} ms" if trip else "no order yet"),
    ]


def _round_table(one: dict[str, Any]) -> Table:
    table = Table(title=f"round {one['slug']}", show_header=False, title_justify="left")
    books = "   ".join(
        f"{leg} {book['bid'] or '-'} / {book['ask'] or '-'}{'' if book['fresh'] else ' (not fresh)'}"
        for leg, book in one["books"].items()
    )
    table.add_row("stage", f"[bold]{one['stage']}[/bold], {one['seconds_left']} s left")
    table.add_row("books (bid / ask)", books)
    table.add_row("position", f"{one['held']} {one['leg'] or ''} at {one['entry'] or '-'}, sellable {one['sellable']}")
    for order in one["orders"]:
        table.add_row(
            order["order"].rpartition("/")[2], f"{order['side']} {order['size']} @ {order['price']}, {order['status']}"
        )
    table.add_row("P&L so far", f"{one['pnl_usd']} USD")
    return table


def _last_table(engine: dict[str, Any]) -> Table:
    table = Table(title="last rounds", title_justify="left")
    for name in ("round", "leg", "stages", "P&L USD"):
        table.add_column(name)
    for one in reversed(engine["last_rounds"]):
        stages = " ".join(stage.lower() for stage in one["stages"][1:-1])
        table.add_row(one["slug"], one["leg"], stages, one["pnl_usd"] + ("" if one["settled"] else " open"))
    return table


def _plain_table(title: str, part: dict[str, Any]) -> Table:
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_row("state", _state({"state": "running", **part}))
    for name, value in part.items():
        if name not in ("state", "age_seconds"):
            table.add_row(name, _lines(value))
    return table


def _lines(value: object) -> str:
    """Return a value for a cell: what has names gets a line for each."""
    if not isinstance(value, dict):
        return str(value)
    return "\n".join(f"{name}: {inner}" for name, inner in value.items()) or "none"
