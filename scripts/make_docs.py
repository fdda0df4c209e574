"""Write the pages of docs/ that are built from the code; `--check` fails when one of them is not current."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click

from engine.cli.main import main as bucketmm
from engine.config.schema import SCHEMA, Key
from engine.exchange.scenario import MEANINGS, REQUEST_FAULTS, STREAM_FAULTS
from engine.model import codes
from engine.strategy.bucket import stages
from engine.strategy.bucket.stages import DECLARED_HOLDS, TRANSITIONS, Stage

ROOT: Final = Path(__file__).resolve().parent.parent
NOTICE: Final = "<!-- Written by scripts/make_docs.py from {source}; do not edit. -->\n\n"


def config_page() -> str:
    """Return docs/config.md: every key with its kind, default and meaning."""
    lines = [
        "# Configuration",
        "",
        "`config.json` holds every number that the strategy is played with, and no secrets. Each section and key may",
        "be left out; an unknown key, a wrong type, a duplicate or an impossible combination is refused at load, all",
        "problems together. `bucketmm config check` shows what the values mean in money, `bucketmm config show` every",
        "value in force.",
    ]
    for section, keys in SCHEMA.items():
        lines += ["", f"## {section}", "", "| key | default | allowed | meaning |", "|---|---|---|---|"]
        lines += [_config_row(name, key) for name, key in keys.items()]
    return "\n".join(lines) + "\n"


def _config_row(name: str, key: Key) -> str:
    shown = "null" if key.default is None else _json(key.kind.show(key.default))
    return f"| `{name}` | {shown} | {_cell(key.kind.allowed)} | {_cell(key.doc)} |"


def _json(value: object) -> str:
    if value == []:
        return "`[]`"
    if isinstance(value, list):
        return "<br>".join(f"{row['from']}-{row['to']} s: {row['cap_usd']} USD" for row in value)
    return {True: "`true`", False: "`false`"}[value] if isinstance(value, bool) else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def cli_page() -> str:
    """Return docs/cli.md: the help of every command."""
    lines = ["# Command line", "", "What `bucketmm ... --help` prints, for each command."]
    for context in _contexts(bucketmm, None, "bucketmm"):
        text = context.command.get_help(context).rstrip()
        lines += ["", f"## {context.command_path}", "", "```text", text, "```"]
    return "\n".join(lines) + "\n"


def _contexts(command: click.Command, parent: click.Context | None, name: str) -> Iterator[click.Context]:
    context = click.Context(
        command, parent, info_name=name, terminal_width=100, max_content_width=100, help_option_names=["-h", "--help"]
    )
    yield context
    if isinstance(command, click.Group):
        for verb in command.list_commands(context):
            inner = command.get_command(context, verb)
            assert inner is not None, f"{name} lists {verb} and does not have it"
            yield from _contexts(inner, context, verb)


def state_page() -> str:
    """Return docs/state-machine.md: the table of moves as a diagram, with the reasons that stand beside it."""
    lines = [
        "# The round's stages",
        "",
        "Every move that a round may make; a round that makes another is a bug, and is stopped safely. A take-profit",
        "fill is a move to DONE. `NO_BID` is a flag and not a stage. Every stage before DONE may also be left for",
        "SAFE, which the diagram leaves out.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> WAIT_ENTRY",
    ]
    lines += [f"    {before.name} --> {after.name}" for before, after in _moves() if not _is_plain_safe(before, after)]
    lines += ["    SAFE --> DONE", "    SETTLING --> [*]", "```", "", "| from | to |", "|---|---|"]
    lines += [f"| {stage.name} | {', '.join(_names(stage)) or '(the end)'} |" for stage in Stage]
    lines += ["", "## Reasons for the rows that may surprise", ""]
    lines += [
        f"- **{stage}** {reason}" for stage, reason in _reasons(Path(stages.__file__).read_text(encoding="utf-8"))
    ]
    holds = ", ".join(stage.name for stage in sorted(DECLARED_HOLDS))
    lines += ["", f"A position may stand without a resting exit in: {holds}."]
    return "\n".join(lines) + "\n"


def _moves() -> Iterator[tuple[Stage, Stage]]:
    for before in Stage:
        yield from ((before, after) for after in sorted(TRANSITIONS[before]) if before != Stage.SAFE)


def _is_plain_safe(before: Stage, after: Stage) -> bool:
    return after == Stage.SAFE and before != Stage.DONE


def _names(stage: Stage) -> list[str]:
    return [after.name for after in sorted(TRANSITIONS[stage])]


def _reasons(source: str) -> Iterator[tuple[str, str]]:
    """Yield (stage, comment) for each comment above a row of TRANSITIONS."""
    comment: list[str] = []
    table = source[source.index("TRANSITIONS") : source.index("DECLARED_HOLDS")]
    for line in table.splitlines():
        text = line.strip()
        if text.startswith("#"):
            comment.append(text.lstrip("# "))
        elif text.startswith("Stage.") and comment:
            yield text.partition(":")[0].removeprefix("Stage."), " ".join(comment)
            comment = []


def codes_page() -> str:
    """Return docs/codes.md: every refusal and alert by name."""
    venue = [code for code in codes.Code if not code.value.startswith(("fw_", "risk_"))]
    firewall = [code for code in codes.Code if code.value.startswith("fw_")]
    risk = [code for code in codes.Code if code.value.startswith("risk_")]
    lines = ["# Codes", "", "A refusal is a value with one of these names; journals, status and reports show them."]
    for title, group in (
        ("The venue refused", venue),
        ("The firewall refused: this exact order may not leave", firewall),
        ("Risk refused: no money may be put at risk now", risk),
        ("Alerts: what a person is told", list(codes.AlertCode)),
    ):
        lines += ["", f"## {title}", "", *(f"- `{code.value}`: {codes.MEANING[code]}" for code in group)]
    return "\n".join(lines) + "\n"


def faults_page() -> str:
    """Return docs/faults.md: what can go wrong at the local exchange, by name."""
    lines = [
        "# Faults",
        "",
        "What the local exchange can let go wrong, by the name that scenarios and the control API know it by",
        "([exchange.md](exchange.md)). Each takes `name`, `what`, `at_ms` (from now, or from the scenario's start),",
        "`for_ms` and `count` (to the end without them); `permille` is how likely it is each time. Those of requests",
        "and streams also take `routes` (such as `POST /order`, `GET *`, `WS /ws/market`), `api_key` and `connection`;",
        "without `routes` they mean orders, or both channels of the order book service.",
        "",
        "| what | happens to | meaning |",
        "|---|---|---|",
    ]
    for what, meaning in MEANINGS.items():
        where = "streams" if what in STREAM_FAULTS else "requests" if what in REQUEST_FAULTS else "the venue"
        lines.append(f"| `{what}` | {where} | {_cell(meaning)} |")
    return "\n".join(lines) + "\n"


PAGES: Final[dict[str, tuple[str, Callable[[], str]]]] = {
    "docs/config.md": ("engine/config/schema.py", config_page),
    "docs/cli.md": ("the click commands", cli_page),
    "docs/state-machine.md": ("engine/strategy/bucket/stages.py", state_page),
    "docs/codes.md": ("engine/model/codes.py", codes_page),
    "docs/faults.md": ("engine/exchange/scenario.py", faults_page),
}


def page(name: str) -> str:
    """Return a page as it must be."""
    source, build = PAGES[name]
    return NOTICE.format(source=source) + build()


def main() -> int:
    """Write the pages, or with --check say which are not current (status 1)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is not current")
    options = parser.parse_args()
    stale = [name for name in PAGES if not (ROOT / name).exists() or (ROOT / name).read_text("utf-8") != page(name)]
    for name in stale:
        if options.check:
            print(f"{name} is not current: run scripts/make_docs.py", file=sys.stderr)
        else:
            (ROOT / name).write_text(page(name), encoding="utf-8")
            print(f"wrote {name}")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
