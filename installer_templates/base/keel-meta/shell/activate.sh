# shellcheck shell=sh
# Source this file in bash, zsh, ksh or sh to activate the environment; it is what any venv has. keel fills in the quoted
# words in capitals and writes it to bin/activate. `keel activate` does more, see PREFIX/etc/profile.d/keel.sh.

deactivate() {
    if [ -n "${_OLD_VIRTUAL_PATH+set}" ]; then
        PATH=$_OLD_VIRTUAL_PATH
        export PATH
        unset _OLD_VIRTUAL_PATH
    fi
    if [ -n "${_OLD_VIRTUAL_PYTHONHOME+set}" ]; then
        PYTHONHOME=$_OLD_VIRTUAL_PYTHONHOME
        export PYTHONHOME
        unset _OLD_VIRTUAL_PYTHONHOME
    fi
    if [ -n "${_OLD_VIRTUAL_PS1+set}" ]; then
        PS1=$_OLD_VIRTUAL_PS1
        unset _OLD_VIRTUAL_PS1
    fi
    while [ -n "${_OLD_VIRTUAL_VARS-}" ]; do # names, a space behind each
        set -- "${1-}" "${_OLD_VIRTUAL_VARS%% *}"
        eval "if [ -n \"\${_OLD_VIRTUAL_VAR_$2+set}\" ]; then $2=\$_OLD_VIRTUAL_VAR_$2; else unset $2; fi"
        unset "_OLD_VIRTUAL_VAR_$2"
        _OLD_VIRTUAL_VARS=${_OLD_VIRTUAL_VARS#* }
    done
    unset _OLD_VIRTUAL_VARS
    hash -r 2>/dev/null || :
    unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    if [ "${1-}" != nondestructive ]; then unset -f deactivate; fi
}

deactivate nondestructive

VIRTUAL_ENV=@PREFIX@
VIRTUAL_ENV_PROMPT=@NAME@
export VIRTUAL_ENV VIRTUAL_ENV_PROMPT

_OLD_VIRTUAL_PATH=${PATH-}
PATH=$VIRTUAL_ENV/bin${PATH:+":$PATH"}
export PATH

if [ -n "${PYTHONHOME+set}" ]; then
    _OLD_VIRTUAL_PYTHONHOME=$PYTHONHOME
    unset PYTHONHOME
fi

if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT-}" ] && [ -n "${PS1+set}" ]; then
    _OLD_VIRTUAL_PS1=$PS1
    PS1=@PROMPT@$PS1
fi

if [ -f "$VIRTUAL_ENV/etc/keel/vars.sh" ]; then
    # shellcheck disable=SC2329 # vars.sh calls it
    _keel_set() {
        eval "if [ -n \"\${$1+set}\" ]; then _OLD_VIRTUAL_VAR_$1=\$$1; fi"
        export "$1=$2"
        _OLD_VIRTUAL_VARS="${_OLD_VIRTUAL_VARS-}$1 "
    }
    # shellcheck source=/dev/null
    . "$VIRTUAL_ENV/etc/keel/vars.sh"
    unset -f _keel_set
fi

hash -r 2>/dev/null || :
