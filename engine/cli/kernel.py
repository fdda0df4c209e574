"""`bucketmm kernel bench`: how many events a second the kernel decides, journal on."""

from pathlib import Path

import click
import orjson

from engine.cli.failing import clean_exit
from engine.config.load import load_config
from engine.runtime.kernel_bench import measure
from feeder.recording.reader import open_recordings


@click.group()
def kernel() -> None:
    """Look at the kernel alone."""


@kernel.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--repeats",
    default=5,
    show_default=True,
    type=click.IntRange(1),
    help="Passes over all recordings; medians are printed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bench(path: Path, repeats: int, as_json: bool) -> None:
    """Measure Kernel.receive on the events of recordings, decoded beforehand.

    Example: bucketmm kernel bench tests/fixtures/recordings --json
    """
    with clean_exit():
        result = measure(load_config(None), open_recordings(path), repeats)
        if as_json:
            click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2))
        else:
            for name, value in result.items():
                click.echo(f"{name:24} {value}")
