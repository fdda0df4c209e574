#!/usr/bin/env bash
# Run the tests: installs what they need into .venv, builds the extensions, prints how long each suite took.
# Usage: scripts/test.sh [--fast] [PYTEST ARGUMENTS...]    --fast: unit and tidy tests only
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

suites=()
if [[ ${1:-} == --fast ]]; then
    suites=(tests/unit tests/tidy)
    shift
fi

install dev,peers,clients,report,store,wallet
results=${TEST_RESULTS:-build/tests.xml}
mkdir -p "$(dirname "$results")"
rm -f "$results"
status=0
"$venv/bin/python" -m pytest -q -n "${TEST_PROCESSES:-2}" --junit-xml "$results" "${suites[@]}" "$@" || status=$?
[[ ! -f $results ]] || "$venv/bin/python" scripts/suite_times.py "$results"
exit "$status"
