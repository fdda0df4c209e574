#!/usr/bin/env bash
# Check everything that can be checked without running the product: style, types, stubs, layers, tidiness, generated docs.
# Every check runs; a missing tool is a failure.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

failed=()
check() { # NAME COMMAND...
    local name=$1
    shift
    say "== $name"
    "$@" || failed+=("$name")
}

compiled_modules() {
    local source
    for source in ext/*.pyx; do
        source=${source#ext/}
        say "ext.${source%.pyx}"
    done
}

install dev,peers,clients,report,store,wallet
mapfile -t compiled < <(compiled_modules)
check "ruff check" "$venv/bin/ruff" check
check "ruff format" "$venv/bin/ruff" format --check
check "mypy" "$venv/bin/mypy"
check "mypy scripts" "$venv/bin/mypy" scripts/*.py
check "stubtest" "$venv/bin/python" -m mypy.stubtest --allowlist .ci/stubtest_allowlist.txt \
    --ignore-unused-allowlist "${compiled[@]}"
check "imports" "$venv/bin/python" scripts/lint_imports.py
check "generated docs" "$venv/bin/python" scripts/make_docs.py --check
check "shellcheck" shellcheck --external-sources scripts/*.sh .ci/run
check "tidy tests" "$venv/bin/python" -m pytest -q tests/tidy tests/unit/docs

if ((${#failed[@]})); then
    fail 1 "failed: ${failed[*]}"
fi
say "all checks passed"
