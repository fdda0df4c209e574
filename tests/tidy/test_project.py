"""The project's files agree with each other: versions, pinned dependencies, what is imported from where."""

import re
import tomllib

import engine
import ext
import feeder
import shm
from tests.tidy.sources import ROOT, text, tracked


def project() -> dict[str, object]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = content["project"]
    assert isinstance(found, dict)
    return found | {"build": content["build-system"]["requires"]}


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, f"expected a requirement, was {requirement!r}"
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def test_the_packages_are_those_of_this_repository() -> None:
    assert {package.__file__ for package in (engine, ext, feeder, shm)} == {
        str(ROOT / name / "__init__.py") for name in ("engine", "ext", "feeder", "shm")
    }


def test_every_dependency_is_pinned() -> None:
    found = project()
    wanted: set[str] = set()
    for group in (found["dependencies"], found["build"], *found["optional-dependencies"].values()):  # type: ignore[attr-defined]
        wanted |= {_name(requirement) for requirement in group}  # type: ignore[attr-defined]
    lines = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {_name(line): line for line in lines if line and not line.startswith("#")}
    assert sorted(wanted - set(pinned)) == []
    assert [line for line in pinned.values() if not re.fullmatch(r"[\w.\[\]-]+==[\w.]+", line)] == []


def test_the_changelog_begins_with_the_version_of_the_project() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == project()["version"]


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = []
    for path in tracked():
        if path.suffix == ".md":
            for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text(path)):
                if "://" not in target and not (ROOT / path.parent / target).exists():
                    broken.append(f"{path}: {target}")
    assert broken == []


def test_the_scripts_that_are_called_can_be_executed() -> None:
    called = [path for path in tracked() if path.suffix == ".sh" and text(path).startswith("#!")]
    assert called
    assert [path for path in called if not (ROOT / path).stat().st_mode & 0o100] == []
