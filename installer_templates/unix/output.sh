
# --- What the user reads ------------------------------------------------------------------------------------------------

# Everything that is said goes to the log too, without colours; `log` is empty as long as there is none.
log='' engine_code=0
bold='' red='' yellow='' plain=''

start_colours() {
    [ -t 1 ] && [ -t 2 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ] || return 0
    bold=$(printf '\033[1m')
    red=$(printf '\033[1;31m')
    yellow=$(printf '\033[1;33m')
    plain=$(printf '\033[0m')
}

record() {
    [ -z "$log" ] || printf '%s\n' "$1" >>"$log" 2>/dev/null || :
}

say() {
    printf '%s\n' "${1-}" || :
    record "${1-}"
}

say_bold() {
    printf '%s\n' "$bold$1$plain" || :
    record "$1"
}

# ask TEXT: prompts without ending the line.
ask() {
    printf '%s' "$1" || :
    record "$1"
}

warn() {
    printf '%s\n' "${yellow}warning:${plain} $1" >&2 || :
    record "warning: $1"
}

# complain MESSAGE [HINT]
complain() {
    printf '%s\n' "${red}error:${plain} $1" >&2 || :
    record "error: $1"
    [ -n "${2-}" ] || return 0
    printf '%s\n' "hint: $2" >&2 || :
    record "hint: $2"
}

# die CODE MESSAGE [HINT]: the codes are in docs/exit-codes.md.
die() {
    complain "$2" "${3-}"
    exit "$1"
}

# quote TEXT: sets `result` to one word of shell that means TEXT, for command lines that the user can copy.
quote() {
    result=$1
    case $1 in
        '' | *[!A-Za-z0-9_./@%+=:,-]*) ;;
        *) return 0 ;;
    esac
    result="'"
    quote_rest=$1
    while :; do
        case $quote_rest in
            *"'"*) ;;
            *) break ;;
        esac
        result=$result${quote_rest%%"'"*}"'\\''"
        quote_rest=${quote_rest#*"'"}
    done
    result=$result$quote_rest"'"
}

# open_log FOLDER...: in the first that can be written to; `noclobber` keeps it from following somebody else's link.
open_log() {
    for log_folder in "$@"; do
        log=$log_folder/keel-install-$(date -u +%Y%m%dT%H%M%SZ)-$$.log
        case $log in /*) ;; *) log=$PWD/$log ;; esac
        if (umask 077 && set -C && : >"$log") 2>/dev/null; then
            record "$app_title $app_version, Python $python_version, $platform_label"
            [ -z "${self-}" ] || record "file: $self"
            record "system: $(uname -a 2>/dev/null)"
            return 0
        fi
    done
    log=''
}

# pass_on FILE: shows what the engine has said; `engine_code` is its exit code.
pass_on() {
    [ -s "$1" ] || return 0
    [ -z "$log" ] || cat "$1" >>"$log" 2>/dev/null || :
    if [ "$engine_code" -eq 0 ]; then cat "$1" 2>/dev/null || :; else cat "$1" >&2 || :; fi
}

# keep_log FOLDER: moves the log to where it stays.
keep_log() {
    [ -n "$log" ] || return 0
    kept_log=$1/install-$(date -u +%Y%m%dT%H%M%SZ).log
    if { mkdir -p "$1" && cat "$log" >"$kept_log"; } 2>/dev/null; then
        rm -f "$log"
        log=$kept_log
    fi
}

drop_log() {
    [ -z "$log" ] || rm -f "$log"
    log=''
}
