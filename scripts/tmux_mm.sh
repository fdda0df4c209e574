#!/usr/bin/env bash
# Run bucketmm in one tmux session: panes for the local exchange, feeder, engine and status; a process that crashes is started again.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=scripts/session.sh
source scripts/session.sh

SESSION=bucketmm

usage() {
    cat <<'TEXT'
Usage: scripts/tmux_mm.sh [--source local|recording|polymarket] [--seconds N] [--path PATH] [--pace PACE]
       [--mode dry|shadow|live] [--config FILE] [--no-follow]

The options are those of start_mm.sh; --no-follow leaves the session detached (attach: tmux attach -t bucketmm).
End it with scripts/stop_mm.sh and `tmux kill-session -t bucketmm`.
TEXT
}

quoted() { printf '%q ' "$@"; }

parse_options "$@"
command -v tmux >/dev/null || fail 3 "missing: tmux; install it (sudo apt-get install -y tmux) or use scripts/start_mm.sh"
if tmux has-session -t "=$SESSION" 2>/dev/null; then
    fail 3 "the tmux session $SESSION exists already; attach with: tmux attach -t $SESSION"
fi
refuse_a_second_start
prepare

first=(feeder "${feed_arguments[@]}")
[[ $source != local ]] || first=(exchange "${exchange_arguments[@]}")
tmux new-session -d -s "$SESSION" -c "$root" "$(quoted scripts/supervise.sh "${first[@]}"); exec bash" {start_lock}>&-
if [[ $source == local ]]; then
    wait_healthy exchange exchange
    tmux split-window -v -t "=$SESSION:" -c "$root" \
        "$(quoted scripts/supervise.sh feeder "${feed_arguments[@]}"); exec bash"
fi
wait_healthy feeder feed
tmux split-window -v -t "=$SESSION:" -c "$root" "$(quoted scripts/supervise.sh engine "${run_arguments[@]}"); exec bash"
tmux split-window -h -t "=$SESSION:" -c "$root" "until $(quoted "$venv/bin/bucketmm" status --watch); do sleep 1; done"
say "tmux session $SESSION: exchange (local), feeder, engine, status; stop with scripts/stop_mm.sh"
exec {start_lock}>&-
((follow)) || exit 0
exec tmux attach -t "=$SESSION"
