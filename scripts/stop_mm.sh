#!/usr/bin/env bash
# Stop bucketmm in order: the engine first (orders cancelled, journal closed), then the feeder and its shared memory,
# then the local exchange.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

ENGINE_WITHIN_S=25 # the engine itself waits 15 s for its cancels
FEEDER_WITHIN_S=10
EXCHANGE_WITHIN_S=10
status=0

# stop_one NAME VERB SECONDS: TERM, then KILL; each only to a process that is still ours.
stop_one() {
    local name=$1 verb=$2 pid deadline=$((SECONDS + $3))
    pid=$(running_pid "$name" "$verb")
    if [[ -z $pid ]]; then
        say "$name: not running"
        rm -f "$run_dir/$name.pid"
        return
    fi
    kill -TERM "$pid" 2>/dev/null || true
    while ((SECONDS < deadline)) && [[ -n $(running_pid "$name" "$verb") ]]; do sleep 0.1; done
    if [[ -n $(running_pid "$name" "$verb") ]]; then
        kill -KILL "$pid" 2>/dev/null || true
        say "$name: did not stop within $3 s, killed (pid $pid)" >&2
        status=1
    else
        say "$name: stopped (pid $pid)"
    fi
    rm -f "$run_dir/$name.pid"
}

config=config.json
case ${1:-} in
    '') ;;
    --config) config=${2:?expected a file after --config} ;;
    *) say "Usage: scripts/stop_mm.sh [--config FILE]"; [[ $1 == -h || $1 == --help ]] && exit 0 || exit 2 ;;
esac

stop_one engine run "$ENGINE_WITHIN_S"
stop_one feeder feed "$FEEDER_WITHIN_S"
[[ ! -f $run_dir/exchange.pid ]] || stop_one exchange exchange "$EXCHANGE_WITHIN_S"
if [[ -x $venv/bin/python ]]; then
    ring=$(ring_of "$config") # an assignment, so that a config that cannot be read ends the script here
    remove_orphans "$ring"
fi
exit "$status"
