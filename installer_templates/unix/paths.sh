
# --- Paths: functions that compute one leave it in `result`; those that can refuse say why in `reason` -------------------

newline='
'
dollar="\$" brace='}' tilde="~"

# absolute PATH: without empty, `.` and `..` parts, read as `cd` would.
absolute() {
    case $1 in
        /*) path_rest=$1 ;;
        *) path_rest=$(pwd)/$1 ;;
    esac
    result=''
    while [ -n "$path_rest" ]; do
        path_part=${path_rest%%/*}
        case $path_rest in
            */*) path_rest=${path_rest#*/} ;;
            *) path_rest='' ;;
        esac
        case $path_part in
            '' | .) ;;
            ..) result=${result%/*} ;;
            *) result=$result/$path_part ;;
        esac
    done
    result=${result:-/}
}

# expand TEXT: replaces a leading ~ or ~user, every $NAME and every ${NAME}. Nothing is ever run.
expand() {
    case $1 in
        *"${dollar}("* | *\`*)
            reason="commands are not run here"
            return 1
            ;;
    esac
    text_rest=$1
    expanded=''
    case $text_rest in "$tilde"*) expand_home || return 1 ;; esac
    while :; do
        case $text_rest in
            *"$dollar"*) ;;
            *) break ;;
        esac
        expanded=$expanded${text_rest%%"$dollar"*}
        text_rest=${text_rest#*"$dollar"}
        expand_variable || return 1
    done
    result=$expanded$text_rest
}

expand_home() {
    user=${text_rest%%/*}
    text_rest=${text_rest#"$user"}
    user=${user#"$tilde"}
    case $user in
        '')
            expanded=${HOME-}
            [ -n "$expanded" ] || reason="HOME is not set, so ~ means nothing"
            ;;
        *[!A-Za-z0-9._-]*) reason="'$tilde$user' is not a user's home folder" ;;
        *)
            # Only letters, digits, dots, underscores and hyphens come to `eval`.
            expanded=$(eval "printf '%s' ~$user" 2>/dev/null) || expanded=''
            case $expanded in /*) ;; *) expanded='' reason="there is no user '$user'" ;; esac
            ;;
    esac
    [ -n "$expanded" ]
}

# Takes a variable's name off `text_rest`, which follows a dollar sign, and appends its value to `expanded`.
expand_variable() {
    case $text_rest in
        '{'*"$brace"*)
            variable=${text_rest%%"$brace"*}
            variable=${variable#?}
            text_rest=${text_rest#*"$brace"}
            ;;
        [A-Za-z_]*)
            variable=${text_rest%%[!A-Za-z0-9_]*}
            text_rest=${text_rest#"$variable"}
            ;;
        *)
            expanded=$expanded$dollar
            return 0
            ;;
    esac
    case $variable in
        '' | [0-9]* | *[!A-Za-z0-9_]*)
            reason="'$dollar{$variable}' is not a variable"
            return 1
            ;;
    esac
    # Only letters, digits and underscores come to `eval`.
    eval "value=\${$variable-}"
    if [ -z "$value" ]; then
        reason="the variable $variable is not set"
        return 1
    fi
    expanded=$expanded$value
}

# nearest_folder PATH: PATH itself, or the first of its parents that exists.
nearest_folder() {
    result=$1
    while [ ! -e "$result" ] && [ ! -L "$result" ]; do
        result=${result%/*}
        result=${result:-/}
    done
}

# choose_prefix PATH: sets `prefix` if the base can be installed there.
choose_prefix() {
    absolute "$1"
    candidate=$result
    refuse_special "$candidate" && refuse_unwritable "$candidate" || return 1
    if [ -L "$candidate" ]; then
        candidate=$(cd -P "$candidate" && pwd)
        refuse_special "$candidate" || return 1
    fi
    refuse_filled "$candidate" || return 1
    prefix=$candidate
}

refuse_special() {
    absolute "${HOME:-/}"
    case $1 in
        /)
            reason="the root folder cannot be the prefix, with -f neither: a base brings bin, lib and the like"
            return 1
            ;;
        *:*)
            reason="$1 has a colon, and PATH cannot hold such a folder"
            return 1
            ;;
        *"$newline"*)
            reason="the prefix must not have a line break"
            return 1
            ;;
        "$result")
            [ -z "$force" ] || return 0
            reason="$1 is your home folder, and a base brings bin, lib and the like; name a folder in it${force_advice:+ (or pass -f)}"
            return 1
            ;;
    esac
}

refuse_unwritable() {
    nearest_folder "$1"
    if [ ! -d "$result" ]; then
        reason="$result is not a folder"
    elif [ ! -w "$result" ] || [ ! -x "$result" ]; then
        reason="$result cannot be written to"
    else
        return 0
    fi
    return 1
}

refuse_filled() {
    if [ -f "$1/keel-meta/manifest.json" ]; then
        quote "$1/cmd/keel"
        reason="$1 holds an installed base already; updates are not supported yet (to remove it: $result uninstall)"
        return 1
    fi
    # What a killed run left behind is for the engine to judge.
    [ -d "$1" ] && [ -z "$force" ] && [ ! -e "$1/.keel-staging" ] || return 0
    [ -n "$(ls -A "$1" 2>/dev/null)" ] || return 0
    reason="$1 is not empty$force_advice"
    return 1
}
