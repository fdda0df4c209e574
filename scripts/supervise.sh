#!/usr/bin/env bash
# supervise.sh NAME VERB ARGUMENTS...: run one bucketmm process in the foreground and start it again when it crashes, each
# time after a longer pause; a clean end or a stop ends it. tmux_mm.sh runs one in each pane.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

PAUSE_S_MAX=60
STEADY_AFTER_S=60 # who ran for this long begins with a short pause again

(($# >= 2)) || fail 2 "expected a name and a verb"
name=$1
shift
pause_s=1
while true; do
    begun=$SECONDS
    setsid "$venv/bin/bucketmm" "$@" & # a session of its own: Ctrl-C reaches it once, through the trap
    pid=$!
    write_pid_file "$name" "$pid"
    trap 'kill -INT "$pid" 2>/dev/null || true' INT
    trap 'kill -TERM "$pid" 2>/dev/null || true' TERM
    status=0
    # a signal for this script interrupts `wait`; the process is waited for until it has really ended
    while [[ -n $(start_ticks "$pid") ]]; do wait "$pid" && status=0 || status=$?; done
    trap - INT TERM
    if ((status == 0 || status == 2 || status == 130 || status == 143)); then
        say "$name ended with status $status"
        rm -f "$run_dir/$name.pid"
        exit "$status"
    fi
    ((SECONDS - begun < STEADY_AFTER_S)) || pause_s=1
    say "$name crashed with status $status; starting it again in $pause_s s"
    sleep "$pause_s"
    pause_s=$((pause_s * 2 < PAUSE_S_MAX ? pause_s * 2 : PAUSE_S_MAX))
done
