
# --- The engine: the program that verifies and unpacks the payload ------------------------------------------------------

work='' engine='' engine_started='' installed=''

install_traps() {
    trap 'clean_up $?' EXIT
    trap 'on_signal HUP 1' HUP
    trap 'on_signal INT 2' INT
    trap 'on_signal PIPE 13' PIPE
    trap 'on_signal TERM 15' TERM
}

# shellcheck disable=SC2329  # called by a trap
clean_up() {
    [ -z "$work" ] || rm -rf "$work"
    if [ "$1" -ne 0 ] && [ -n "$log" ]; then
        printf '%s\n' "log: $log" >&2 || :
    fi
}

# on_signal NAME NUMBER: the engine is told to stop, and waited for until it has put everything back; then the signal ends
# this shell too.
# shellcheck disable=SC2329  # called by a trap
on_signal() {
    trap '' HUP INT PIPE TERM
    [ -z "$engine_started" ] || stop_engine
    printf '\n' >&2 || :
    if [ -n "$installed" ]; then
        complain "stopped by SIG$1 after the installation in $prefix was complete"
    else
        complain "stopped by SIG$1; nothing was installed"
    fi
    clean_up 1
    trap - EXIT "$1"
    # zsh takes a hangup for a wish to exit, with a code of its own.
    [ "$1" = HUP ] || kill -s "$1" $$
    exit $((128 + $2))
}

# The signal may come before the engine does, or before its process id has been noted: $! is empty or 0 then, or fresher.
# shellcheck disable=SC2329  # called by a trap
stop_engine() {
    set +u
    case $! in '' | 0) return 0 ;; esac
    kill -s TERM "$!" 2>/dev/null || :
    wait "$!" || :
    # The file that comes last tells more than an exit code that a shell may have forgotten.
    [ ! -f "$prefix/keel-meta/manifest.json" ] || installed=yes
}

# start_engine FOLDER...: puts the engine into a private folder in the first FOLDER where it can be executed.
start_engine() {
    for work_parent in "$@"; do
        case $work_parent in /*) ;; *) continue ;; esac
        make_private_folder "$work_parent" || continue
        engine=$work/keel-engine
        if unpack_engine 2>/dev/null && "$engine" version </dev/null >/dev/null 2>&1; then
            record "engine: $engine"
            return 0
        fi
        rm -rf "$work"
        work=''
    done
    die 6 "no folder was found in which the installer's program can be written and executed (tried: $*)" \
        "name one: TMPDIR=FOLDER sh FILE ..."
}

# make_private_folder PARENT: sets `work`; names tell user, host and process, so that the folders of dead runs can be removed.
make_private_folder() {
    [ -d "$1" ] && [ -w "$1" ] || return 1
    work_stem=${1%/}/.keel-installer-$(id -u)-$(uname -n | tr -cd 'A-Za-z0-9.')-
    remove_dead_folders "$work_stem"
    work=$work_stem$$
    if ! (umask 077 && mkdir "$work") 2>/dev/null; then
        work=''
        return 1
    fi
}

remove_dead_folders() {
    for dead_folder in "$1"*; do
        dead_pid=${dead_folder#"$1"}
        case $dead_pid in '' | *[!0-9]*) continue ;; esac
        if [ -d "$dead_folder" ] && [ ! -L "$dead_folder" ] && owned_by_us "$dead_folder" && ! kill -0 "$dead_pid" 2>/dev/null; then
            rm -rf "$dead_folder"
        fi
    done
}

owned_by_us() {
    # shellcheck disable=SC2012  # one folder of a known name; `ls -n` is the only way that POSIX has
    case $(ls -ldn "$1" 2>/dev/null | sed -n '1s/^[^ ]* *[0-9]* *\([0-9]*\) .*/\1/p') in
        "$(id -u)") return 0 ;;
        *) return 1 ;;
    esac
}

# Whole blocks first; single bytes for the rest, so that the program ends where its maker ended it (macOS checks signatures).
unpack_engine() {
    whole=$((engine_size / 4096))
    dd if="$self" of="$engine" bs=4096 skip="$script_blocks" count="$whole" || return 1
    dd if="$self" bs=1 skip=$(((script_blocks + whole) * 4096)) count=$((engine_size - whole * 4096)) >>"$engine" || return 1
    chmod 700 "$engine"
}

# run_engine MESSAGES ARGUMENT...: sets `engine_code`; what the engine says goes to the file MESSAGES, if one is named.
# It runs in the background, because only `wait` can be interrupted by a trap.
run_engine() {
    messages=$1
    shift
    engine_started=yes
    if [ -n "$messages" ]; then
        "$engine" "$@" </dev/null >"$messages" 2>&1 &
    else
        "$engine" "$@" </dev/null &
    fi
    engine_code=0
    wait "$!" || engine_code=$?
    engine_started=''
}

# Runs the engine on this file without installing anything.
inspect() {
    check_cpu
    start_engine "${TMPDIR:-/tmp}" /tmp "${HOME:-/tmp}"
    run_engine '' "$1" "$self" --offset "$payload_offset"
    exit "$engine_code"
}

install_payload() {
    nearest_folder "${prefix%/*}/"
    start_engine "${TMPDIR:-/tmp}" /tmp "${result%/}" "$prefix" "${HOME:-/tmp}"
    set -- install "$self" --offset "$payload_offset" --prefix "$prefix"
    if [ -n "$force" ]; then
        set -- "$@" --force --foreign keel-meta/foreign.txt
    elif [ "$work_parent" = "$prefix" ]; then
        # Our own folder must not count as somebody's file.
        set -- "$@" --force
    fi
    if [ -t 2 ]; then
        # Its progress bar is drawn there.
        run_engine '' "$@"
    else
        run_engine "$work/messages" "$@"
        pass_on "$work/messages"
    fi
    record "the engine ended with code $engine_code"
    [ "$engine_code" -eq 0 ] || exit "$engine_code"
    installed=yes
}
