"""`bucketmm preflight`: everything that has to be well before a start, one line each, and what to do."""

import sys
import time
from pathlib import Path
from typing import Final

import click
import msgspec
import orjson

from engine.cli.endpoints import confirm, endpoints_of, live_folder, proxied, source_option
from engine.cli.failing import clean_exit
from engine.cli.preflight_facts import Question, collect, look_again
from engine.config.load import load_config
from engine.ops.preflight.checks import Result, Status, moved, run_checks, unmoved
from engine.ops.preflight.facts import Facts

COLOURS: Final = {Status.PASS: "green", Status.FAIL: "red", Status.SKIP: "yellow"}
WATCH_EVERY_S: Final = 5.0


@click.command()
@source_option
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Config file; the defaults without it.")
@click.option("--run-dir", default="run", type=click.Path(path_type=Path), show_default=True, help="exchange.json.")
@click.option("--state", "root", type=click.Path(path_type=Path), help="The live engine's state folder.")
@click.option("--with-order", is_flag=True, help="Place a post-only order that cannot trade, and cancel it at once.")
@click.option("--watch", "watch_s", type=click.FloatRange(0), default=0, help="Watch the wallet so many seconds more.")
@click.option("--show-config", is_flag=True, help="Print every value in force, secrets masked.")
@click.option("--yes", is_flag=True, help="Do not ask for a typed word before --with-order.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def preflight(
    source: str | None,
    config_path: Path | None,
    run_dir: Path,
    root: Path | None,
    with_order: bool,
    watch_s: float,
    show_config: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Check credentials, network, venue, wallet, state and machine before a live start; exit status 1 on a FAIL.

    Nothing is placed without --with-order. --watch 600 after funding finds another program that spends the money.

    Example: bucketmm preflight --source polymarket --config config.json --with-order
    """
    with clean_exit():
        config = load_config(config_path)
        endpoints = endpoints_of(config, source, run_dir)
        if with_order:
            confirm(endpoints, "place an order that cannot trade and cancel it", yes=yes)
        root = root or live_folder(Path(config["runtime"]["state_dir"]), is_local=endpoints.is_local)
        question = Question(config, config_path, endpoints, run_dir, root, with_order)
        with proxied(config, endpoints):
            facts = collect(question)
            results = run_checks(facts)
            if watch_s:
                results.append(_watch(question._replace(with_order=False), facts, watch_s))
    if as_json:
        shown = orjson.loads(config.to_json()) if show_config else None
        click.echo(orjson.dumps(_report(results, shown), option=orjson.OPT_INDENT_2))
    else:
        if show_config:
            click.echo(config.to_json())
        _show(results)
    if any(result.status is Status.FAIL for result in results):
        sys.exit(1)


def _watch(question: Question, first: Facts, watch_s: float) -> Result:
    """Look again and again: money that leaves, or an order that comes, while nothing of ours runs is not ours."""
    until_s = time.monotonic() + watch_s
    while time.monotonic() < until_s:
        time.sleep(min(WATCH_EVERY_S, max(until_s - time.monotonic(), 0)))
        seen = moved(first.venue, look_again(question))
        if seen is not None:
            return seen
    return unmoved(watch_s)


def _report(results: list[Result], config: object) -> dict[str, object]:
    report: dict[str, object] = {
        "passed": not any(result.status is Status.FAIL for result in results),
        "checks": [result._asdict() for result in results],
    }
    return report if config is None else {**report, "config": msgspec.to_builtins(config)}


def _show(results: list[Result]) -> None:
    for result in results:
        mark = click.style(result.status.value, fg=COLOURS[result.status], bold=True)
        click.echo(f"{mark}  {result.name:<18} {result.found}")
        if result.todo:
            click.echo(f"      {'':<18} -> {result.todo}")
