"""`bucketmm kill` and `bucketmm resume`: the operator's files, whether or not an engine runs."""

import getpass
from pathlib import Path

import click

from engine.cli.failing import clean_exit
from engine.config.load import load_config
from engine.runtime.control import ControlFiles


def _files(config_path: Path | None) -> ControlFiles:
    return ControlFiles(Path(load_config(config_path)["risk"]["kill_file"]))


@click.command()
@click.argument("reason")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Config file; the defaults without it.")
def kill(reason: str, config_path: Path | None) -> None:
    """Risk nothing more: every order is cancelled, nothing new is placed, across restarts, until `resume`.

    Example: bucketmm kill "the spread looks wrong"
    """
    with clean_exit():
        files = _files(config_path)
        files.kill(reason)
        click.echo(f"killed: {files.kill_file} written; `bucketmm resume REASON` ends it")


@click.command()
@click.argument("reason")
@click.option("--who", default=getpass.getuser, help="Who resumes; the user's name without it.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), help="Config file; the defaults without it.")
def resume(reason: str, who: str, config_path: Path | None) -> None:
    """End a kill, and say who does it and why; rounds that were made safe stay safe to their end.

    Example: bucketmm resume "checked, it was the recording"
    """
    with clean_exit():
        files = _files(config_path)
        files.resume(who, reason)
        click.echo(f"resumed by {who}: {files.kill_file} removed")
