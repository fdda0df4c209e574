"""Build the extension modules in ext/; everything else about the package is in pyproject.toml."""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("BUCKETMM_DEBUG_BUILD") == "1"
HEADERS = sorted(str(path) for pattern in ("*.h", "*.pxd") for path in Path("ext").glob(pattern))

EXTENSIONS = [
    Extension(
        f"ext.{source.stem}",
        [str(source)],
        depends=HEADERS,
        include_dirs=["ext"],
        extra_compile_args=["-O3", "-std=c11", "-Wall", "-Wextra"],
        libraries=["rt", "pthread"],
    )
    for source in sorted(Path("ext").glob("*.pyx"))
]

setup(
    ext_modules=cythonize(
        EXTENSIONS,
        build_dir="build/cython",
        annotate=DEBUG,
        compiler_directives={
            "language_level": 3,
            "boundscheck": DEBUG,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "embedsignature": True,
        },
    )
    if EXTENSIONS
    else []
)
