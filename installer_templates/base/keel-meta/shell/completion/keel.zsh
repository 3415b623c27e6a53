# Tab completion of `keel` for zsh; keel.sh loads it where somebody types. Nothing is started: commands and options are in
# words.txt, whose lines are COMMAND|WORD|KIND|SUMMARY, names are those of folders.

_keel() { # with the options that the completion system sets
    local current=${words[CURRENT]} command='' option='' kind='' word line
    local -a lines names fields
    lines=(${(f)"$(<$KEEL_ROOT/keel-meta/shell/completion/words.txt)"})
    for word in "${(@)words[2,CURRENT-1]}"; do
        if [[ -n $option ]]; then
            option=
        elif [[ $word == -* ]]; then
            _keel_kind $word
            if [[ -n $kind ]]; then option=$word; fi
        else
            _keel_kind $word
            if [[ $kind == command ]]; then command=${command:+$command }$word; fi
        fi
    done
    if [[ -n $option ]]; then
        _keel_kind $option
    elif [[ $current == --*=* ]]; then
        _keel_kind ${current%%=*}
        compset -P '*='
    elif [[ $current == -* ]]; then
        kind=options
    else
        _keel_kind '*'
        if [[ -z $kind ]]; then kind=commands; fi
    fi
    case $kind in
        options)
            for line in $lines; do
                fields=("${(@s:|:)line}")
                if [[ $fields[1] == $command && $fields[2] == -* ]]; then names+=("$fields[2]:$fields[4]"); fi
            done
            _describe -o option names
            ;;
        commands)
            for line in $lines; do
                fields=("${(@s:|:)line}")
                if [[ $fields[1] == $command && $fields[3] == command ]]; then names+=("$fields[2]:$fields[4]"); fi
            done
            _describe command names
            ;;
        env)
            names=(base)
            _keel_with_folders _keel_environments
            compadd -a names
            if [[ $current == */* ]]; then _files -/; fi
            ;;
        package)
            names=($KEEL_ROOT/pkgs/*-*-*(N:t))
            names=(${(L)${names%%-*}//_/-})
            compadd -a names
            if [[ $current == */* ]]; then _files; fi
            ;;
        words:*)
            names=(${=kind#words:})
            compadd -a names
            ;;
        dir) _files -/ ;;
        file) _files ;;
    esac
}

# Set kind to that of $1 below the command.
_keel_kind() {
    local -a fields
    kind=
    for line in $lines; do
        fields=("${(@s:|:)line}")
        if [[ $fields[1] == $command && $fields[2] == $1 ]]; then
            kind=$fields[3]
            return
        fi
    done
}

# _keel_environments FOLDER...
_keel_environments() {
    local folder
    for folder in "$@"; do
        names+=($folder/*/pyvenv.cfg(N:h:t))
    done
}

# The completion system may be set up later than this file is read, so wait for the first prompt.
_keel_register() {
    emulate -L zsh
    precmd_functions=(${precmd_functions:#_keel_register})
    if typeset -f compdef >/dev/null; then compdef _keel keel; fi
}

precmd_functions+=(_keel_register)
