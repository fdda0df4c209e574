"""Files and functions stay small enough to be read."""

from pathlib import Path

from tests.tidy.sources import functions, having, text

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70


def test_no_source_file_is_longer_than_the_limit() -> None:
    sizes = {path: len(text(path).splitlines()) for path in having(".py", ".pyx", ".pxd", ".h", ".c", ".sh")}
    assert {path: size for path, size in sizes.items() if size > FILE_LINES_MAX} == {}


def test_no_function_is_longer_than_the_limit() -> None:
    too_long = {
        f"{path}:{function.lineno} {function.name}": length
        for path in having(".py")
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert too_long == {}


def test_no_compiled_function_is_longer_than_the_limit() -> None:
    too_long = {}
    for path in having(".pyx"):
        for line, name, length in _compiled_functions(path):
            if length > FUNCTION_LINES_MAX:
                too_long[f"{path}:{line} {name}"] = length
    assert too_long == {}


def _compiled_functions(path: Path) -> list[tuple[int, str, int]]:
    """Return (line, first words, length) of each def, cdef and cpdef, measured by indentation."""
    lines = text(path).splitlines()
    found = []
    for number, line in enumerate(lines):
        words = line.strip()
        if not (words.startswith(("def ", "cdef ", "cpdef ")) and words.endswith(":") and "(" in words):
            continue
        indent = len(line) - len(words)
        body = 1
        while number + body < len(lines) and _is_inside(lines[number + body], indent):
            body += 1
        found.append((number + 1, words.partition("(")[0], body))
    return found


def _is_inside(line: str, indent: int) -> bool:
    return not line.strip() or len(line) - len(line.lstrip()) > indent
