#!/usr/bin/env bash
# Start bucketmm: the local exchange, feeder and engine in the background. On a fresh machine it first builds what it
# needs; without arguments it trades on the local exchange, signed orders and play money, in rounds of 60 seconds.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/lib.sh
source scripts/lib.sh
# shellcheck source=scripts/session.sh
source scripts/session.sh

usage() {
    cat <<'TEXT'
Usage: scripts/start_mm.sh [--source local|recording|polymarket] [--seconds N] [--path PATH] [--pace PACE]
       [--mode dry|shadow|live] [--config FILE] [--no-follow]

  --source     local (default): the local exchange, started with it; recording; or polymarket: the venue's public
               market data. Orders stay on paper, but for the local exchange's and where the config says otherwise
  --mode       local: live (default) sends real orders to the local exchange, shadow puts a paper twin beside them,
               dry keeps them on paper
  --seconds    local: the length of its rounds, 60 without it
  --path       the recording to play, a file or a folder (then it is the source); with --source recording and without
               it a small market is generated
  --pace       how fast it is played: 1 (default), 20, ...
  --config     the config; config.json without it
  --no-follow  return at once instead of showing the first round

Exit statuses: 0 started; 2 bad arguments; 3 something is missing, already runs, or did not come up; 130 Ctrl-C.
TEXT
}

launch() { # NAME ARGUMENTS...: a process in a session of its own, so that a closed terminal does not end it
    local name=$1
    shift
    setsid "$venv/bin/bucketmm" "$@" </dev/null >>"$log_dir/$name.log" 2>&1 {start_lock}>&- &
    write_pid_file "$name" $!
}

parse_options "$@"
refuse_a_second_start
prepare
if [[ $source == local ]]; then
    launch exchange "${exchange_arguments[@]}"
    wait_healthy exchange exchange
fi
launch feeder "${feed_arguments[@]}"
wait_healthy feeder feed
launch engine "${run_arguments[@]}"
wait_healthy engine run
exec {start_lock}>&-

say ""
say "watch:  ./.venv/bin/bucketmm status --watch"
say "logs:   logs/ (exchange.log, feeder.log, engine.log)"
say "stop:   ./scripts/stop_mm.sh"
say ""
((follow)) || exit 0
trap 'say ""; say "all goes on in the background; stop it with ./scripts/stop_mm.sh"; exit 130' INT
"$venv/bin/bucketmm" status --follow --rounds 1 || say "the log is logs/engine.log"
say "all goes on in the background."
