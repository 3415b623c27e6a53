# shellcheck shell=bash
# Tab completion of `keel` for bash (3.2, which macOS has, or later); keel.sh loads it where somebody types. Nothing is
# started: commands and options are in words.txt, whose lines are COMMAND|WORD|KIND|SUMMARY, names are those of folders.

_keel_complete() {
    local IFS=$' \t\n' current=${COMP_WORDS[COMP_CWORD]} table command='' option='' kind='' word failglob=''
    local index=1
    COMPREPLY=()
    [[ -r $KEEL_ROOT/keel-meta/shell/completion/words.txt ]] || return 0
    IFS='' read -r -d '' table <"$KEEL_ROOT/keel-meta/shell/completion/words.txt"
    table=$'\n'$table
    # readline splits at '=', too: --name=work
    if [[ $current == = ]]; then current=''; fi
    while ((index < COMP_CWORD)); do
        word=${COMP_WORDS[index]}
        index=$((index + 1))
        if [[ $word == = ]]; then
            continue
        elif [[ -n $option ]]; then
            option=''
        elif [[ $word == -* ]]; then
            _keel_complete_kind "$word"
            if [[ -n $kind ]]; then option=$word; fi
        else
            _keel_complete_kind "$word"
            if [[ $kind == command ]]; then command=${command:+"$command "}$word; fi
        fi
    done
    if [[ -n $option ]]; then
        _keel_complete_kind "$option"
    elif [[ $current == -* ]]; then
        kind=options
    else
        _keel_complete_kind '*'
        if [[ -z $kind ]]; then kind=commands; fi
    fi
    if shopt -q failglob; then # a pattern without a match would be an error
        failglob=true
        shopt -u failglob
    fi
    case $kind in
        options | commands) _keel_complete_words ;;
        env)
            if [[ $current != */* ]]; then
                _keel_offer base
                _keel_with_folders _keel_complete_environments
                _keel_complete_no_files
            fi
            ;;
        package)
            if [[ $current != */* ]]; then _keel_complete_packages; fi
            ;;
        words:*)
            for word in ${kind#words:}; do _keel_offer "$word"; done
            _keel_complete_no_files
            ;;
        text) _keel_complete_no_files ;;
    esac
    if [[ -n $failglob ]]; then shopt -s failglob; fi
    return 0
}

# What is not offered here, readline completes as the name of a file, unless there is none to be had.
_keel_complete_no_files() {
    if [[ $(type -t compopt) == builtin ]]; then compopt +o default +o bashdefault 2>/dev/null; fi
}

# Set kind to that of $1 below the command.
_keel_complete_kind() {
    kind=''
    case $table in
        *$'\n'"$command|$1|"*)
            kind=${table#*$'\n'"$command|$1|"}
            kind=${kind%%|*}
            ;;
    esac
}

# Offer the options of the command, or its commands.
_keel_complete_words() {
    local rest=$table line
    while [[ $rest == *$'\n'"$command|"* ]]; do
        rest=${rest#*$'\n'"$command|"}
        line=${rest%%$'\n'*}
        case $kind:$line in
            options:-*) _keel_offer "${line%%|*}" ;;
            commands:*'|command|'*) _keel_offer "${line%%|*}" ;;
        esac
    done
    _keel_complete_no_files
}

# _keel_complete_environments FOLDER...
_keel_complete_environments() {
    local folder config
    for folder in "$@"; do
        for config in "$folder"/*/pyvenv.cfg; do
            config=${config%/pyvenv.cfg}
            config=${config##*/}
            if [[ $config != [.*]* ]]; then _keel_offer "$config"; fi
        done
    done
}

_keel_complete_packages() {
    local name last=''
    for name in "$KEEL_ROOT"/pkgs/*-*-*; do
        name=${name##*/}
        name=${name%%-*}
        name=${name//_/-}
        if ((BASH_VERSINFO[0] > 3)); then eval 'name=${name,,}'; fi
        if [[ $name != "$last" && $name != '*' ]]; then _keel_offer "$name"; fi
        last=$name
    done
}

# Offer $1 if it begins with what has been typed.
_keel_offer() {
    case $1 in "$current"*) COMPREPLY[${#COMPREPLY[@]}]=$1 ;; esac
}

complete -o bashdefault -o default -F _keel_complete keel
