# shellcheck shell=sh
# The shell function `keel` for bash, zsh, ksh, dash and busybox ash. Source this file, then: keel activate NAME
#
# Activating and deactivating are done here, in the shell itself, without a process; all else goes to cmd/keel. The state
# is in exported variables, the same in every kind of shell, so that a child shell can deactivate what its parent activated:
#   KEEL_SHLVL                       how many environments were activated on top of each other; unset where none is
#   KEEL_PREFIX, KEEL_DEFAULT_ENV    the active one: its folder, and its name (its folder again if it has no name)
#   KEEL_PREFIX_1, _2, ...           those below it
#   KEEL_STACKED_2, _3, ...          'true' where that one was activated with --stack: it keeps the one below it
#   _KEEL_PROMPT                     what was put before the prompt
#   _KEEL_VARS_1, _2, ...            names of the variables that the one at this level has set, with spaces between them
#   _KEEL_OLD_1_*, _KEEL_OLD_2_*     what these variables were before; not set where they were not
# Whatever is activated gets a level of its own. Without --stack the active one is left first, as if it were deactivated:
# its deactivate.d run and its variables are restored, so that its level has none; going back enters it again. With
# --stack the one below is not touched: it has its entry in PATH, its variables and what its scripts did. Going back then
# only restores what the upper one has changed. A third one in the place of a stacked second leaves just the second.
# KEEL_ROOT, the base, is this shell's own.

keel() {
    case ${1-} in
        activate)
            if [ -n "${ZSH_VERSION-}" ]; then emulate -L sh; fi
            shift
            _keel_activate "$@"
            ;;
        deactivate)
            if [ -n "${ZSH_VERSION-}" ]; then emulate -L sh; fi
            shift
            _keel_deactivate "$@"
            ;;
        *) "$KEEL_ROOT/cmd/keel" "$@" ;;
    esac
}

_keel_activate() {
    _keel_stack=
    case $#:${1-}:${2-} in
        1:--stack: | 2:--stack:*)
            _keel_stack=true
            shift
            ;;
        2:*:--stack)
            _keel_stack=true
            set -- "$1"
            ;;
    esac
    case $#:${1-} in
        0: | 1:[!-]* | 1:) ;;
        *) # --help, or wrong usage
            unset _keel_stack
            "$KEEL_ROOT/cmd/keel" activate "$@"
            return
            ;;
    esac
    # keel itself names the nearest ones. It finds more where the settings were edited by hand, and then lays them out.
    if ! _keel_find "${1-base}" && ! { _KEEL_FUNCTION=1 "$KEEL_ROOT/cmd/keel" activate "$1" && _keel_find "$1"; }; then
        unset _keel_env _keel_name _keel_stack
        return 1
    fi
    case ${KEEL_SHLVL-} in
        '' | *[!0-9]* | 0)
            export KEEL_SHLVL=1
            _keel_save VIRTUAL_ENV
            _keel_save VIRTUAL_ENV_PROMPT
            _keel_save PYTHONHOME
            unset PYTHONHOME
            _keel_stack=
            ;;
        *)
            if [ "$_keel_env" = "${KEEL_PREFIX-}" ]; then _keel_stack=; fi
            if [ -z "$_keel_stack" ]; then _keel_leave; fi
            if [ "$_keel_env" != "${KEEL_PREFIX-}" ]; then
                export "KEEL_PREFIX_$KEEL_SHLVL=${KEEL_PREFIX-}"
                export KEEL_SHLVL=$((KEEL_SHLVL + 1))
                if [ -n "$_keel_stack" ]; then export "KEEL_STACKED_$KEEL_SHLVL=true"; fi
            fi
            ;;
    esac
    if [ -n "$_keel_stack" ]; then
        _keel_replace '' "$_keel_env/bin"
    else
        _keel_replace "${KEEL_PREFIX:+$KEEL_PREFIX/bin}" "$_keel_env/bin"
    fi
    unset _keel_stack
    _keel_enter
    _keel_set_up
}

_keel_deactivate() {
    if [ "$#" -gt 0 ]; then # --help, or wrong usage
        "$KEEL_ROOT/cmd/keel" deactivate "$@"
        return
    fi
    case ${KEEL_SHLVL-} in
        '' | *[!0-9]* | 0)
            echo 'keel: no environment is active' >&2
            ;;
        1)
            _keel_leave
            _keel_replace "${KEEL_PREFIX:+$KEEL_PREFIX/bin}" ''
            _keel_prompt ''
            _keel_restore VIRTUAL_ENV
            _keel_restore VIRTUAL_ENV_PROMPT
            _keel_restore PYTHONHOME
            unset KEEL_PREFIX KEEL_DEFAULT_ENV KEEL_SHLVL
            hash -r 2>/dev/null || :
            ;;
        *)
            _keel_leave
            eval "_keel_stack=\${KEEL_STACKED_$KEEL_SHLVL-}"
            unset "KEEL_STACKED_$KEEL_SHLVL"
            export KEEL_SHLVL=$((KEEL_SHLVL - 1))
            eval "_keel_describe \"\${KEEL_PREFIX_$KEEL_SHLVL:-\$KEEL_ROOT}\""
            unset "KEEL_PREFIX_$KEEL_SHLVL"
            if [ -n "$_keel_stack" ]; then set -- ''; else set -- "$_keel_env/bin"; fi
            unset _keel_stack
            _keel_replace "${KEEL_PREFIX:+$KEEL_PREFIX/bin}" "$1"
            _keel_enter
            if [ -n "$1" ]; then _keel_set_up; fi
            ;;
    esac
}

# Set _keel_env and _keel_name for the environment called $1, or at the path $1; fail if there is none.
_keel_find() {
    case $1 in
        '' | base) _keel_describe "$KEEL_ROOT" ;;
        */* | . | ..)
            _keel_absolute "$1"
            _keel_describe "$_keel_result"
            unset _keel_result
            ;;
        .*) return 1 ;; # work in progress
        *) _keel_with_folders _keel_find_in "$1" || return 1 ;;
    esac
    case $_keel_env in
        *:*) return 1 ;; # PATH cannot hold it
        "$KEEL_ROOT") ;;
        *) [ -f "$_keel_env/pyvenv.cfg" ] ;;
    esac
}

# Set _keel_env to the folder $1, and _keel_name to what people call it.
_keel_describe() {
    if [ "$1" = "$KEEL_ROOT" ]; then
        _keel_env=$1
        _keel_name=base
    else
        _keel_with_folders _keel_name_in "$1"
    fi
}

# Call "$@" with the folders of environments as further arguments, in the order in which names are looked up.
_keel_with_folders() {
    case ${HOME-} in /*) _keel_own=$HOME/.keel ;; *) _keel_own= ;; esac
    for _keel_file in "${_keel_own:-/nowhere}/envs_dirs" "$KEEL_ROOT/keel-meta/envs_dirs"; do
        if [ -r "$_keel_file" ]; then
            while IFS= read -r _keel_folder; do set -- "$@" "$_keel_folder"; done <"$_keel_file"
        fi
    done
    if [ -z "$_keel_own" ]; then
        set -- "$@" "$KEEL_ROOT/envs"
    elif [ -w "$KEEL_ROOT/envs" ]; then
        set -- "$@" "$KEEL_ROOT/envs" "$_keel_own/envs"
    else
        set -- "$@" "$_keel_own/envs" "$KEEL_ROOT/envs"
    fi
    unset _keel_own _keel_file _keel_folder
    "$@"
}

# _keel_find_in NAME FOLDER...
_keel_find_in() {
    _keel_name=$1
    shift
    for _keel_env in "$@"; do
        _keel_env=$_keel_env/$_keel_name
        if [ -f "$_keel_env/pyvenv.cfg" ]; then return 0; fi
    done
    return 1
}

# _keel_name_in PREFIX FOLDER...
_keel_name_in() {
    _keel_env=$1
    _keel_name=$1
    shift
    while [ "$#" -gt 0 ]; do
        if [ "$1/${_keel_env##*/}" = "$_keel_env" ]; then _keel_name=${_keel_env##*/}; fi
        shift
    done
}

# Make _keel_env the active environment, but for its entry in PATH and what it wants set and run.
_keel_enter() {
    export KEEL_PREFIX="$_keel_env" KEEL_DEFAULT_ENV="$_keel_name"
    if [ "$_keel_env" = "$KEEL_ROOT" ]; then
        unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT # a base is no venv
    else
        export VIRTUAL_ENV="$_keel_env" VIRTUAL_ENV_PROMPT="${_keel_name##*/}"
    fi
    # Shells expand prompts, so a folder's name must not reach them as code.
    case ${_keel_name##*/} in
        *[\$\`\\%!]*) _keel_prompt '(env) ' ;;
        *) _keel_prompt "(${_keel_name##*/}) " ;;
    esac
    hash -r 2>/dev/null || :
    unset _keel_env _keel_name
}

# Set the variables of the active environment, and run what it wants run on its activation.
_keel_set_up() {
    # shellcheck disable=SC2329 # vars.sh calls it; <env>/bin/activate has one of its own
    _keel_set() {
        _keel_save "$1"
        export "$1=$2"
        eval "export _KEEL_VARS_$KEEL_SHLVL=\"\${_KEEL_VARS_$KEEL_SHLVL:+\$_KEEL_VARS_$KEEL_SHLVL }\$1\""
    }
    for _keel_script in "$KEEL_PREFIX/etc/keel/vars.sh" "$KEEL_PREFIX/etc/keel/activate.d/"*.sh; do
        _keel_run
    done
    unset _keel_script
}

# Run what the active environment wants run on its deactivation, last first, and take back the variables that it set.
_keel_leave() {
    if [ -d "${KEEL_PREFIX-}/etc/keel/deactivate.d" ]; then
        set --
        for _keel_script in "$KEEL_PREFIX/etc/keel/deactivate.d/"*.sh; do
            set -- "$_keel_script" "$@"
        done
        for _keel_script in "$@"; do
            _keel_run
        done
        unset _keel_script
    fi
    eval "_keel_names=\${_KEEL_VARS_$KEEL_SHLVL:+\$_KEEL_VARS_$KEEL_SHLVL }" # a space behind each
    unset "_KEEL_VARS_$KEEL_SHLVL"
    while [ -n "$_keel_names" ]; do
        _keel_restore "${_keel_names%% *}"
        _keel_names=${_keel_names#* }
    done
    unset _keel_names
}

# Source _keel_script. Its failures must not end a shell that runs with `set -e` ('. script || :' does, in dash).
_keel_run() {
    if [ ! -f "$_keel_script" ]; then return; fi
    case $- in
        *e*)
            set +e
            # shellcheck source=/dev/null
            . "$_keel_script"
            set -e
            ;;
        *)
            # shellcheck source=/dev/null
            . "$_keel_script" || :
            ;;
    esac
}

# Put the entry $2 of PATH in the place of the first $1, or to the front if that is not there. An empty $2 takes $1 out,
# an empty $1 is nowhere.
_keel_replace() {
    _keel_path=:${PATH-}:
    case ${1:+x}$_keel_path in
        x*":$1:"*) PATH=${_keel_path%%":$1:"*}:${2:+"$2:"}${_keel_path#*":$1:"} ;;
        :: | x::) PATH=:$2: ;;
        *) PATH=${2:+":$2"}$_keel_path ;;
    esac
    PATH=${PATH#:}
    PATH=${PATH%:}
    export PATH
    unset _keel_path
}

# Show $1 before the prompt, in the place of what was shown there before.
_keel_prompt() {
    if [ -n "${PS1+set}" ]; then
        PS1=${PS1#"${_KEEL_PROMPT-}"}
        if [ -n "${VIRTUAL_ENV_DISABLE_PROMPT-}" ]; then set -- ''; fi
        PS1=$1$PS1
        if [ -n "$1" ]; then export _KEEL_PROMPT="$1"; else unset _KEEL_PROMPT; fi
    else
        unset _KEEL_PROMPT
    fi
}

# Keep what the variable $1 is, for the active level.
_keel_save() {
    set -- "$1" "_KEEL_OLD_${KEEL_SHLVL}_$1"
    eval "if [ -n \"\${$1+set}\" ]; then export $2=\"\$$1\"; else unset $2; fi"
}

_keel_restore() {
    set -- "$1" "_KEEL_OLD_${KEEL_SHLVL}_$1"
    eval "if [ -n \"\${$2+set}\" ]; then export $1=\"\$$2\"; else unset $1; fi; unset $2"
}

# Set _keel_result to the path $1 made absolute, without '.', '..' and empty parts.
_keel_absolute() {
    case $1 in /*) _keel_rest=$1 ;; *) _keel_rest=$PWD/$1 ;; esac
    _keel_result=
    while [ -n "$_keel_rest" ]; do
        _keel_part=${_keel_rest%%/*}
        case $_keel_rest in */*) _keel_rest=${_keel_rest#*/} ;; *) _keel_rest= ;; esac
        case $_keel_part in
            '' | .) ;;
            ..) _keel_result=${_keel_result%/*} ;;
            *) _keel_result=$_keel_result/$_keel_part ;;
        esac
    done
    _keel_result=${_keel_result:-/}
    unset _keel_rest _keel_part
}

# Set _keel_result to the path of this file, or to nothing if this shell cannot tell (dash without /proc).
_keel_this_file() {
    _keel_result=
    if [ -n "${BASH_VERSION-}" ]; then
        # shellcheck disable=SC2128,SC3028,SC3054
        _keel_result=$BASH_SOURCE
    elif [ -n "${ZSH_VERSION-}" ]; then
        eval '_keel_result=${(%):-%x}'
    else
        case ${KSH_VERSION-} in
            *93*) eval '_keel_result=${.sh.file}' ;;
            *) _keel_open_file ;;
        esac
    fi
    if [ -n "$_keel_result" ]; then _keel_absolute "$_keel_result"; fi
}

# The shell has this file open while it reads it.
_keel_open_file() {
    if [ ! -r /proc/self/stat ]; then return; fi
    read -r _keel_pid _keel_rest </proc/self/stat # opened by this very shell, also by a subshell
    for _keel_fd in "/proc/$_keel_pid/fd/"*; do
        _keel_target=$(readlink "$_keel_fd" 2>/dev/null) || continue
        case $_keel_target in */etc/profile.d/keel.sh) _keel_result=$_keel_target ;; esac
    done
    unset _keel_pid _keel_rest _keel_fd _keel_target
}

# Set KEEL_ROOT to the base that this file belongs to; it may be reached by a link. Where the shell cannot tell, KEEL_ROOT
# has to be set already.
_keel_find_root() {
    _keel_this_file
    while [ -L "$_keel_result" ] && [ ! -f "${_keel_result%/etc/profile.d/*}/keel-meta/keel/__main__.py" ]; do
        _keel_target=$(readlink "$_keel_result")
        case $_keel_target in
            /*) _keel_absolute "$_keel_target" ;;
            *) _keel_absolute "${_keel_result%/*}/$_keel_target" ;;
        esac
        unset _keel_target
    done
    case $_keel_result in */etc/profile.d/*) KEEL_ROOT=${_keel_result%/etc/profile.d/*} ;; esac
    unset _keel_result
    [ -f "${KEEL_ROOT-}/keel-meta/keel/__main__.py" ]
}

if ! _keel_find_root; then
    echo 'keel: this shell cannot tell where keel.sh lies; set KEEL_ROOT to the folder of the base first' >&2
    return 1
fi
# Has the base been moved, any command mends what still names its old place, so that what is activated next works.
if [ -r "$KEEL_ROOT/keel-meta/prefix" ]; then
    IFS= read -r _keel_was <"$KEEL_ROOT/keel-meta/prefix" || _keel_was=$KEEL_ROOT
    # shellcheck disable=SC3013 # all shells that are named above know -ef
    if [ "$_keel_was" != "$KEEL_ROOT" ] && [ ! "$_keel_was" -ef "$KEEL_ROOT" ]; then
        "$KEEL_ROOT/cmd/keel" info >/dev/null || :
    fi
    unset _keel_was
fi
case :${PATH-}: in
    *":$KEEL_ROOT/cmd:"*) ;;
    *)
        case $KEEL_ROOT in
            *:*) ;; # PATH cannot hold it
            *) export PATH="$KEEL_ROOT/cmd${PATH:+":$PATH"}" ;;
        esac
        ;;
esac
case $- in
    *i*) # tab completion, where this shell has it
        if [ -n "${BASH_VERSION-}" ]; then
            # shellcheck source=/dev/null
            . "$KEEL_ROOT/keel-meta/shell/completion/keel.bash"
        elif [ -n "${ZSH_VERSION-}" ]; then
            # shellcheck source=/dev/null
            . "$KEEL_ROOT/keel-meta/shell/completion/keel.zsh"
        fi
        ;;
esac
