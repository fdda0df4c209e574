# What the scripts share: prerequisites, the virtual environment, and processes known by pid and start time.
# Sourced, not run; the caller has set `root` and is in it.
# shellcheck shell=bash disable=SC2034

: "${root:?set by the script that sources this}"
venv=$root/.venv
run_dir=$root/run
log_dir=$root/logs

say() { printf '%s\n' "$*"; }

fail() { # STATUS TEXT...
    local status=$1
    shift
    printf 'error: %s\n' "$*" >&2
    exit "$status"
}

# Say everything that is missing at once, with the one command that installs it.
require_system() {
    local python=${PYTHON:-python3} missing=() packages=()
    if ! command -v "$python" >/dev/null; then
        missing+=("$python") packages+=(python3)
    else
        if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            missing+=("python >= 3.11 ($python is $("$python" -V 2>&1); set PYTHON to a newer one)") packages+=(python3)
        fi
        if ! "$python" -c 'import sysconfig, pathlib, sys
sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists())'; then
            missing+=("Python.h, the headers of $python") packages+=(python3-dev)
        fi
        if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
            missing+=("the modules venv and ensurepip of $python") packages+=(python3-venv)
        fi
    fi
    command -v "${CC:-gcc}" >/dev/null || { missing+=("${CC:-gcc}, a C compiler"); packages+=(gcc libc6-dev); }
    if [[ ! -d /dev/shm || ! -w /dev/shm ]]; then
        missing+=("/dev/shm, writable (shared memory; as root: mount -t tmpfs -o size=256m tmpfs /dev/shm)")
    fi
    ((${#missing[@]} == 0)) && return
    printf 'missing: %s\n' "${missing[@]}" >&2
    ((${#packages[@]} == 0)) || printf 'install:  sudo apt-get install -y %s\n' "${packages[*]}" >&2
    exit 3
}

# Everything that the installation depends on; another content means that it has to be repeated.
_installation() {
    { printf '%s\n' "$1" "$root"; cat pyproject.toml setup.py .ci/constraints.txt ext/*.pyx ext/*.pxd ext/*.h; } | sha256sum
}

# install EXTRAS: make .venv and put the package with its extras ('' = core) and pinned versions into it, unless it is there.
install() {
    local stamp=$venv/.bucketmm-${1:-core} requirement=.
    [[ -n $1 ]] && requirement=".[$1]"
    [[ -f $stamp && $(<"$stamp") == "$(_installation "$1")" ]] && return
    require_system
    if [[ ! -x $venv/bin/python ]]; then
        say "making .venv"
        "${PYTHON:-python3}" -m venv "$venv"
    fi
    say "installing bucketmm and building its extensions (about a minute, once)"
    _pip setuptools Cython
    _pip --no-build-isolation --editable "$requirement"
    _installation "$1" >"$stamp"
    _installation '' >"$venv/.bucketmm-core" # whatever the extras, the core is among it
}

_pip() {
    local log=$venv/pip.log
    if ! "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --constraint .ci/constraints.txt "$@" \
        >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        fail 3 "pip could not install $*; its whole output is in $log"
    fi
}

# start_ticks PID: its start time in clock ticks since boot, nothing when it is gone or a zombie (proc(5), field 22).
start_ticks() {
    local stat fields
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} == Z ]] || say "${fields[19]}"
}

write_pid_file() { # NAME PID
    mkdir -p "$run_dir"
    printf '%s %s\n' "$2" "$(start_ticks "$2")" >"$run_dir/$1.pid"
}

# running_pid NAME VERB: the pid in the PID file if that is still our process: same start time, same command.
running_pid() {
    local pid ticks words
    [[ -f $run_dir/$1.pid ]] || return 0
    read -r pid ticks <"$run_dir/$1.pid" || true
    [[ $pid =~ ^[0-9]+$ && -n $ticks && $(start_ticks "$pid") == "$ticks" ]] || return 0
    words=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || return 0
    [[ $words == *"bucketmm $2 "* ]] && say "$pid"
    return 0
}

# is_healthy FILE PID: whether the status file was written by this process within the last five seconds.
is_healthy() {
    "$venv/bin/python" - "$1" "$2" <<'PYTHON'
import json, pathlib, sys, time
path, pid = pathlib.Path(sys.argv[1]), int(sys.argv[2])
try:
    ok = json.loads(path.read_text())["pid"] == pid and time.time() - path.stat().st_mtime < 5
except (OSError, ValueError, KeyError):
    ok = False
sys.exit(not ok)
PYTHON
}

ring_of() { # CONFIG [RING]
    [[ -n ${2:-} ]] && { say "$2"; return; }
    "$venv/bin/python" -c 'import pathlib, sys
from engine.cli.failing import clean_exit
from engine.config.load import load_config
with clean_exit():
    print(load_config(pathlib.Path(sys.argv[1]))["feed"]["ring"])' "$1"
}

remove_orphans() { # RING; without its name nothing is removed, an empty prefix would mean every ring of this user
    local ring=${1#/}
    [[ -n $ring ]] || fail 3 "expected the ring's name, was empty"
    "$venv/bin/python" -c 'import sys
from shm.registry import remove_orphans
for name in remove_orphans(sys.argv[1]): print(f"removed shared memory {name}")' "$ring"
}
