"""The verb table: every verb loads, shows an example or its commands, and refuses what it does not know."""

import click
import pytest
from click.testing import CliRunner

from engine.cli.main import VERBS, main


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_a_help_text(verb: str) -> None:
    result = CliRunner().invoke(main, [verb, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    assert len(result.output.splitlines()) > 5


def test_the_verbs_are_listed_in_alphabetical_order() -> None:
    assert main.list_commands(click.Context(main)) == sorted(VERBS)


def test_an_unknown_verb_is_exit_status_2() -> None:
    result = CliRunner().invoke(main, ["sell"])
    assert result.exit_code == 2
    assert "No such command 'sell'" in result.output
