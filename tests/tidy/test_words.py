"""Every module says what it is for; nothing is left over; nothing belongs to one machine."""

import ast
import re

from tests.tidy.sources import PACKAGES, having, text, tracked, tree

LEFT_OVER = re.compile(r"\b(?:TO" "DO|FIX" "ME|X" "XX|HA" "CK)\\b")  # in two parts, so as not to find itself
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home|root|Users)/[\w.-]+")
TEXTS = (".py", ".pyx", ".pxd", ".pyi", ".h", ".c", ".sh", ".md", ".toml", ".txt", ".ini", ".json", ".pml")


def test_every_module_begins_with_a_docstring() -> None:
    missing = [
        path
        for path in having(".py", ".pyx", under=(*PACKAGES, "scripts"))
        if path.name != "__init__.py" and not _docstring(path.suffix, text(path))
    ]
    assert missing == []


def _docstring(suffix: str, source: str) -> str | None:
    if suffix == ".py":
        return ast.get_docstring(ast.parse(source))
    found = re.match(r'(?:\s*#[^\n]*\n)*\s*"""(.+?)"""', source, re.DOTALL)
    return found[1] if found else None


def test_the_first_paragraph_of_a_docstring_is_a_sentence() -> None:
    odd = []
    for path in having(".py", under=(*PACKAGES, "scripts")):
        docstring = ast.get_docstring(tree(path))
        if docstring and not docstring.partition("\n\n")[0].rstrip().endswith((".", ":", "?", "!")):
            odd.append(path)
    assert odd == []


def test_nothing_is_left_to_be_done_in_a_comment() -> None:
    assert _lines_with(LEFT_OVER) == []


def test_no_file_names_a_place_on_one_machine() -> None:
    assert _lines_with(MACHINE_PATH) == []


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in tracked():
        if path.suffix in TEXTS or path.name in ("run", "LICENSE"):
            for number, line in enumerate(text(path).splitlines(), 1):
                if pattern.search(line):
                    found.append(f"{path}:{number} {line.strip()}")
    return found
