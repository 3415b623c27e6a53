# Tab completion of `keel` for fish; keel.fish loads it where somebody types. Nothing is started: commands and options are in
# words.txt, whose lines are COMMAND|WORD|KIND|SUMMARY, names are those of folders.

function _keel_complete
    set -l lines
    while read -l line
        set lines $lines $line
    end <$KEEL_ROOT/keel-meta/shell/completion/words.txt
    set -l current (commandline -ct)
    set -l tokens (commandline -opc)
    set -e tokens[1]
    set -l command ''
    set -l option
    for word in $tokens
        if test -n "$option"
            set option
            continue
        end
        set -l kind (_keel_complete_kind "$command" $word $lines)
        if string match -q -- '-*' $word
            test -n "$kind"; and set option $word
        else if test "$kind" = command
            set command (string trim -- "$command $word")
        end
    end
    set -l words (_keel_complete_kind "$command" '*' $lines)
    set -l start (string match -r '^--[^=]+=' -- $current)
    if test -n "$option"
        _keel_complete_values (_keel_complete_kind "$command" $option $lines) $current
    else if test -n "$start"
        set -l kind (_keel_complete_kind "$command" (string replace = '' -- $start) $lines)
        string replace -r -- '^' $start (_keel_complete_values "$kind" (string replace -- $start '' $current))
    else if string match -q -- '-*' $current
        for line in $lines
            set -l fields (string split '|' -- $line)
            if test "$fields[1]" = "$command"; and string match -q -- '-*' $fields[2]
                printf '%s\t%s\n' $fields[2] $fields[4]
            end
        end
    else if test -n "$words"
        _keel_complete_values $words $current
    else
        for line in $lines
            set -l fields (string split '|' -- $line)
            if test "$fields[1]" = "$command"; and test "$fields[3]" = command
                printf '%s\t%s\n' $fields[2] $fields[4]
            end
        end
    end
    return 0
end

# Print what a value of the kind $argv[1] may be, where $argv[2] has been typed.
function _keel_complete_values
    switch $argv[1]
        case env
            printf 'base\tthe base\n'
            for folder in (_keel_folders)
                for config in $folder/*/pyvenv.cfg
                    printf '%s\t%s\n' (string split -r -m2 / -- $config)[2] $folder
                end
            end
            string match -q '*/*' -- $argv[2]; and __fish_complete_directories $argv[2]
        case package
            for unit in $KEEL_ROOT/pkgs/*-*-*
                set -l name (string replace -r '.*/' '' -- $unit | string replace -r -- '-.*' '' | string replace -a _ -)
                string lower -- $name
            end
            string match -q '*/*' -- $argv[2]; and __fish_complete_path $argv[2]
        case 'words:*'
            string split ' ' -- (string sub -s 7 -- $argv[1])
        case dir
            __fish_complete_directories $argv[2]
        case file
            __fish_complete_path $argv[2]
    end
end

# Print the kind of $argv[2] below the command $argv[1], given the lines.
function _keel_complete_kind
    set -l start "$argv[1]|$argv[2]|"
    set -l length (string length -- $start)
    for line in $argv[3..-1]
        if test (string sub -l $length -- $line) = $start
            set -l fields (string split '|' -- $line)
            printf '%s\n' $fields[3]
            return
        end
    end
end

complete -c keel -e
complete -c keel -f -a '(_keel_complete)'
