# What start_mm.sh and tmux_mm.sh share: their options, the demonstration market, and the command lines.
# Sourced, not run; after scripts/lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154

DEMO_SEED=13 # its first round ends with the take-profit, its second with the stop-loss
DEMO_ROUNDS=10
DEMO_SECONDS=60
HEALTHY_WITHIN_S=30

source='' path='' pace=1 config=config.json follow=1 seconds=$DEMO_SECONDS mode=live
start_lock=''
exchange_arguments=() feed_arguments=() run_arguments=()

parse_options() { # ARGUMENTS...; `usage` is the script's own
    while (($#)); do
        case $1 in
            --source | --path | --pace | --config | --seconds | --mode)
                (($# > 1)) || fail 2 "expected a value after $1"
                printf -v "${1#--}" '%s' "$2"
                shift
                ;;
            --no-follow) follow=0 ;;
            -h | --help) usage; exit 0 ;;
            *) usage >&2; fail 2 "expected one of the options above, was $1" ;;
        esac
        shift
    done
    [[ -n $source ]] || { [[ -n $path ]] && source=recording || source=local; }
    [[ $source == local || $source == recording || $source == polymarket ]] ||
        fail 2 "--source: expected local, recording or polymarket, was $source"
    [[ -z $path || $source == recording ]] || fail 2 "--path goes with --source recording only"
    [[ $mode == dry || $mode == shadow || $mode == live ]] || fail 2 "--mode: expected dry, shadow or live, was $mode"
    [[ $seconds =~ ^[0-9]+$ ]] || fail 2 "--seconds: expected a whole number, was $seconds"
    [[ -z $path || -e $path ]] || fail 2 "--path: $path does not exist"
    [[ -f $config ]] || fail 2 "--config: $config does not exist"
}

# Two starts at once would each take the other's processes for its own: the first holds a lock while it starts.
refuse_a_second_start() {
    local exchange feeder engine
    mkdir -p "$run_dir"
    exec {start_lock}>"$run_dir/start.lock"
    flock --nonblock "$start_lock" || fail 3 "another start is under way here; wait for it, then stop with scripts/stop_mm.sh"
    exchange=$(running_pid exchange exchange) feeder=$(running_pid feeder feed) engine=$(running_pid engine run)
    [[ -z $exchange && -z $feeder && -z $engine ]] && return
    fail 3 "already running: exchange ${exchange:-no}, feeder ${feeder:-no}, engine ${engine:-no} (pids);" \
        "stop with scripts/stop_mm.sh"
}

# A world that begins at the next full minute: every start has windows, and so order ids, of its own.
generate_demo() {
    local start=$((($(date +%s) / DEMO_SECONDS + 1) * DEMO_SECONDS))
    path=state/recordings/demo-$start
    rm -rf state/recordings/demo-*
    mkdir -p state/recordings
    "$venv/bin/bucketmm" worlds generate --seed "$DEMO_SEED" --rounds "$DEMO_ROUNDS" --seconds "$DEMO_SECONDS" \
        --style lively --start "$start" --out "$path" >/dev/null
    say "generated $path: $DEMO_ROUNDS rounds of $DEMO_SECONDS s, seed $DEMO_SEED"
}

# Install what is missing, clear what a crash has left, and set the arguments of each process.
prepare() {
    install ''
    mkdir -p "$run_dir" "$log_dir" state
    local ring
    ring=$(ring_of "$config")
    remove_orphans "$ring"
    [[ $source != recording || -n $path ]] || generate_demo

    feed_arguments=(feed --source "$source" --ring "$ring" --config "$config" --unlink)
    run_arguments=(run --ring "$ring" --config "$config")
    if [[ $source == local ]]; then
        exchange_arguments=(exchange --bucket-seconds "$seconds" --accounts 3 --state state/local-exchange.json)
        run_arguments+=(--window-seconds "$seconds" --mode "$mode")
    elif [[ $source == recording ]]; then
        feed_arguments+=(--path "$path" --pace "$pace" --wait-for-reader)
        run_arguments+=(--path "$path")
    fi
}

# Wait until a launched process is ours by name and writes its status file; stop everything when it does not come up.
wait_healthy() { # NAME VERB
    local pid deadline=$((SECONDS + HEALTHY_WITHIN_S))
    while ((SECONDS < deadline)); do
        pid=$(running_pid "$1" "$2")
        if [[ -n $pid ]] && is_healthy "$run_dir/$1.json" "$pid"; then
            say "$1 is healthy: pid $pid"
            return
        fi
        sleep 0.2
        [[ ! -f $run_dir/$1.pid || -n $(own_pid "$1") ]] || break
    done
    if [[ -f $log_dir/$1.log ]]; then
        say "the end of logs/$1.log:" >&2
        tail -n 15 "$log_dir/$1.log" >&2
    fi
    scripts/stop_mm.sh --config "$config" >&2 || true
    fail 3 "$1 did not come up"
}

own_pid() { # NAME: the process we have just launched, whose command line may not be its final one yet
    local pid ticks
    read -r pid ticks <"$run_dir/$1.pid" || return 0
    [[ -n $ticks && $(start_ticks "$pid") == "$ticks" ]] && say "$pid"
    return 0
}
