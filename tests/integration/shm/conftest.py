"""What the ring's integration tests share: names, compiled C programs, and how a missing tool is treated."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shm import objects

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def ring_name() -> Iterator[str]:
    name = f"bucketmm_test_{uuid.uuid4().hex[:12]}"
    yield name
    objects.unlink(name)


@pytest.fixture
def require_tool() -> Callable[[str], str]:
    """Return a tool's path; skip without it, and fail where skipping is not allowed (CI=true)."""

    def require(tool: str) -> str:
        path = shutil.which(tool)
        if path is None and os.environ.get("CI") == "true":
            pytest.fail(f"{tool} is needed under CI=true and was not found")
        if path is None:
            pytest.skip(f"{tool} is not installed")
        return path

    return require


@pytest.fixture
def compile_c(require_tool, tmp_path) -> Callable[..., Path]:
    """Build a program of tests/c with extra flags and return its path."""

    def build(source: str, *flags: str) -> Path:
        program = tmp_path / "_".join([source, *flags]).replace("/", "_")
        command = [
            require_tool("gcc"),
            "-O2",
            "-std=gnu11",
            "-Wall",
            "-Wextra",
            "-Werror",
            f"-I{REPOSITORY / 'ext'}",
        ]
        sources = [str(REPOSITORY / "tests/c" / f"{source}.c"), "-o", str(program), "-lpthread"]
        subprocess.run([*command, *flags, *sources], check=True, capture_output=True, text=True, timeout=120)
        return program

    return build
