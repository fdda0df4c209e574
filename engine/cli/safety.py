"""`bucketmm status --safety`: every guard with its threshold, armed or not, and when it last acted."""

import time
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console, Group
from rich.table import Table

from engine.config.load import load_config
from engine.journal.writer import NullRecorder
from engine.model.errors import ResourceError
from engine.model.units import NS_PER_S
from engine.runtime.compose import build_kernel, fresh_state
from engine.runtime.safety import manifest

_ENDED = ("stopped", "ended")


def show_safety(run_dir: Path, config_path: Path | None, old_after_s: float, *, as_json: bool) -> None:
    """Print the manifest of the engine that runs here, or, with none, of the one that the config describes.

    Raises InputError for a config that cannot be used and ResourceError for a status file that cannot be read.
    """
    source, mode, rows = _running(run_dir, old_after_s) or _configured(config_path)
    if as_json:
        print(orjson.dumps({"source": source, "mode": mode, "guards": rows}, option=orjson.OPT_INDENT_2).decode())
        return
    tables = [_table(group, [row for row in rows if row["group"] == group]) for group in _groups(rows)]
    Console().print(Group(f"safety of {source}, mode {mode}", *tables))


def _running(run_dir: Path, old_after_s: float) -> tuple[str, str, list[dict[str, Any]]] | None:
    path = run_dir / "engine.json"
    try:
        told = orjson.loads(path.read_bytes())
        age_s = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return None
    except orjson.JSONDecodeError as error:
        raise ResourceError(f"expected JSON in {path}: {error}") from error
    if told.get("state") in _ENDED or age_s > old_after_s or "safety" not in told:
        return None
    return f"the engine with pid {told['pid']}", told["mode"], told["safety"]


def _configured(config_path: Path | None) -> tuple[str, str, list[dict[str, Any]]]:
    config = load_config(config_path)
    mode = config["runtime"]["mode"]
    kernel = build_kernel(config, fresh_state(config), NullRecorder())
    source = f"{config_path or 'the default config'} (no engine runs here)"
    return source, mode, [row.as_json() for row in manifest(kernel, mode)]


def _groups(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["group"] for row in rows))


def _table(group: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=group, title_justify="left")
    for name in ("guard", "threshold", "armed", "now", "last fired"):
        table.add_column(name, overflow="fold")
    for row in rows:
        armed = "yes" if row["armed"] else f"[yellow]no: {row['off']}[/yellow]"
        now = f"[red]{row['now']}[/red]" if row["now"] else ""
        table.add_row(row["name"], row["threshold"], armed, now, _last(row))
    return table


def _last(row: dict[str, Any]) -> str:
    if row["last_fired_ns"] is None:
        return "never"
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(row["last_fired_ns"] // NS_PER_S))
    return f"{when} UTC: {row['detail']}" if row["detail"] else f"{when} UTC"
