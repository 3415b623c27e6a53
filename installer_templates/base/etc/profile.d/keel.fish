# The function `keel` for fish (3.1 or later). Source this file, then: keel activate NAME
#
# Activating and deactivating are done here, in the shell itself, without a process; all else goes to cmd/keel. The state
# is in exported variables, which keel.sh describes, so that a child shell of any kind can deactivate what this one
# activated. KEEL_ROOT, the base, is this shell's own.

function keel --description 'Environments of this base'
    set -l arguments $argv
    set -e arguments[1]
    switch "$argv[1]"
        case activate
            _keel_activate $arguments
        case deactivate
            _keel_deactivate $arguments
        case '*'
            $KEEL_ROOT/cmd/keel $argv
    end
end

function _keel_activate
    set -l stack
    set -l names
    for word in $argv
        if test "$word" = --stack; and test -z "$stack"
            set stack true
        else
            set names $names $word
        end
    end
    if test (count $names) -gt 1; or string match -q -- '-*' "$names[1]"
        $KEEL_ROOT/cmd/keel activate $argv # --help, or wrong usage
        return
    end
    set -l name $names[1]
    test -n "$name"; or set name base
    set -l prefix (_keel_find $name)
    if test -z "$prefix"
        # keel itself names the nearest ones. It finds more where the settings were edited by hand, and lays them out.
        _KEEL_FUNCTION=1 $KEEL_ROOT/cmd/keel activate $name; or return
        set prefix (_keel_find $name)
        test -n "$prefix"; or return 1
    end
    if not _keel_is_active
        set -gx KEEL_SHLVL 1
        for variable in VIRTUAL_ENV VIRTUAL_ENV_PROMPT PYTHONHOME
            _keel_save $variable
        end
        set -e PYTHONHOME
        set stack
    else
        test "$prefix" != "$KEEL_PREFIX"; or set stack
        test -n "$stack"; or _keel_leave
        if test "$prefix" != "$KEEL_PREFIX"
            set -gx KEEL_PREFIX_$KEEL_SHLVL $KEEL_PREFIX
            set -gx KEEL_SHLVL (math $KEEL_SHLVL + 1)
            test -z "$stack"; or set -gx KEEL_STACKED_$KEEL_SHLVL true
        end
    end
    if test -n "$stack"
        _keel_replace '' $prefix/bin
    else
        _keel_replace "$KEEL_PREFIX" $prefix/bin
    end
    _keel_enter $prefix
    _keel_set_up
end

function _keel_deactivate
    if set -q argv[1] # --help, or wrong usage
        $KEEL_ROOT/cmd/keel deactivate $argv
        return
    end
    if not _keel_is_active
        echo 'keel: no environment is active' >&2
        return
    end
    _keel_leave
    if test $KEEL_SHLVL -eq 1
        _keel_replace "$KEEL_PREFIX" ''
        set -e _KEEL_PROMPT
        _keel_restore_prompt
        for variable in VIRTUAL_ENV VIRTUAL_ENV_PROMPT PYTHONHOME
            _keel_restore $variable
        end
        set -e KEEL_PREFIX
        set -e KEEL_DEFAULT_ENV
        set -e KEEL_SHLVL
        return
    end
    set -l stacked KEEL_STACKED_$KEEL_SHLVL
    set -l is_stacked "$$stacked"
    set -e $stacked
    set -gx KEEL_SHLVL (math $KEEL_SHLVL - 1)
    set -l below KEEL_PREFIX_$KEEL_SHLVL
    set -l prefix "$$below"
    set -e $below
    test -n "$prefix"; or set prefix $KEEL_ROOT
    if test -n "$is_stacked"
        _keel_replace "$KEEL_PREFIX" ''
        _keel_enter $prefix
    else
        _keel_replace "$KEEL_PREFIX" $prefix/bin
        _keel_enter $prefix
        _keel_set_up
    end
end

function _keel_is_active
    string match -qr '^[0-9]*[1-9][0-9]*$' -- "$KEEL_SHLVL"
end

# Print the folder of the environment called $argv[1], or at that path; nothing if there is none.
function _keel_find
    set -l name $argv[1]
    set -l found
    if test "$name" = base
        set found $KEEL_ROOT
    else if string match -qr '/|^\.\.?$' -- $name
        set found (_keel_absolute $name)
    else if not string match -q '.*' -- $name # work in progress
        for folder in (_keel_folders)
            if test -f $folder/$name/pyvenv.cfg
                set found $folder/$name
                break
            end
        end
    end
    if test -z "$found"; or string match -q '*:*' -- $found # PATH cannot hold it
        return
    end
    if test "$found" = "$KEEL_ROOT"; or test -f $found/pyvenv.cfg
        printf '%s\n' $found
    end
end

# Print the folders of environments, in the order in which names are looked up.
function _keel_folders
    set -l own
    string match -q '/*' -- "$HOME"; and set own $HOME/.keel
    for file in $own/envs_dirs $KEEL_ROOT/keel-meta/envs_dirs
        if test -r $file
            while read -l folder
                printf '%s\n' $folder
            end <$file
        end
    end
    if test -w $KEEL_ROOT/envs
        printf '%s\n' $KEEL_ROOT/envs $own/envs
    else
        printf '%s\n' $own/envs $KEEL_ROOT/envs
    end
end

# Make $argv[1] the active environment, but for its entry in PATH and what it wants set and run.
function _keel_enter
    set -gx KEEL_PREFIX $argv[1]
    set -l short (string replace -r '.*/' '' -- $KEEL_PREFIX)
    if test "$KEEL_PREFIX" = "$KEEL_ROOT"
        set -gx KEEL_DEFAULT_ENV base
        set short base
        set -e VIRTUAL_ENV # a base is no venv
        set -e VIRTUAL_ENV_PROMPT
    else
        if contains -- (string replace -r '/[^/]*$' '' -- $KEEL_PREFIX) (_keel_folders)
            set -gx KEEL_DEFAULT_ENV $short
        else
            set -gx KEEL_DEFAULT_ENV $KEEL_PREFIX
        end
        set -gx VIRTUAL_ENV $KEEL_PREFIX
        set -gx VIRTUAL_ENV_PROMPT $short
    end
    # fish does not expand its prompt, but the child shells that get to see it do.
    if string match -qr '[$`\\\\%!]' -- $short
        set short env
    end
    _keel_show_prompt "($short) "
end

# Set the variables of the active environment, and run what it wants run on its activation.
function _keel_set_up
    function _keel_set # <env>/bin/activate.fish has one of its own
        _keel_save $argv[1]
        set -gx $argv[1] $argv[2]
        set -l names _KEEL_VARS_$KEEL_SHLVL
        set -gx $names (string trim -- "$$names $argv[1]")
    end
    for script in $KEEL_PREFIX/etc/keel/vars.fish $KEEL_PREFIX/etc/keel/activate.d/*.fish
        test -f $script; and source $script
    end
    return 0
end

# Run what the active environment wants run on its deactivation, last first, and take back the variables that it set.
function _keel_leave
    set -l scripts
    if test -n "$KEEL_PREFIX"
        for script in $KEEL_PREFIX/etc/keel/deactivate.d/*.fish
            set scripts $script $scripts
        end
    end
    for script in $scripts
        test -f $script; and source $script
    end
    set -l names _KEEL_VARS_$KEEL_SHLVL
    for variable in (string split -n ' ' -- "$$names")
        _keel_restore $variable
    end
    set -e $names
end

# Put the entry $argv[2] of PATH in the place of the first one that is the bin folder of $argv[1], or to the front if there
# is none. An empty $argv[2] takes that out, an empty $argv[1] is nowhere.
function _keel_replace
    set -l index
    if test -n "$argv[1]"
        set index (contains -i -- $argv[1]/bin $PATH)
    end
    if test -n "$argv[2]"
        if test -n "$index"
            set -gx PATH[$index] $argv[2]
        else
            set -gx PATH $argv[2] $PATH
        end
    else if test -n "$index"
        set -e PATH[$index]
    end
end

# What a variable was is kept for the active level, as it was: with all of its elements, and not exported if it was not.
function _keel_save
    set -l old _KEEL_OLD_{$KEEL_SHLVL}_$argv[1]
    set -e $old
    if set -qx $argv[1]
        set -gx $old $$argv[1]
    else if set -q $argv[1]
        set -g $old $$argv[1]
    end
end

function _keel_restore
    set -l old _KEEL_OLD_{$KEEL_SHLVL}_$argv[1]
    set -e $argv[1]
    if set -qx $old
        set -gx $argv[1] $$old
    else if set -q $old
        set -g $argv[1] $$old
    end
    set -e $old
end

# Show $argv[1] before the prompt, which stays what it is otherwise: fish_prompt is copied, and called by ours.
function _keel_show_prompt
    if not status is-interactive; or test -n "$VIRTUAL_ENV_DISABLE_PROMPT"
        set -e _KEEL_PROMPT
        _keel_restore_prompt
        return
    end
    set -gx _KEEL_PROMPT $argv[1]
    if not _keel_has_prompt; and functions -q fish_prompt
        functions -q _keel_fish_prompt; and functions -e _keel_fish_prompt
        functions -c fish_prompt _keel_fish_prompt
        function fish_prompt --description 'Shows the active environment of keel'
            set -l lines (_keel_fish_prompt) # comes first, since it may want to show the status
            printf %s $_KEEL_PROMPT
            string join \n -- $lines
        end
    end
end

function _keel_restore_prompt
    if _keel_has_prompt # unless somebody has set another one meanwhile
        functions -e fish_prompt
        functions -c _keel_fish_prompt fish_prompt
    end
    functions -q _keel_fish_prompt; and functions -e _keel_fish_prompt
    return 0
end

function _keel_has_prompt
    functions -q _keel_fish_prompt fish_prompt; and functions fish_prompt | string match -q '*_keel_fish_prompt*'
end

# Print the path $argv[1] made absolute, without '.', '..' and empty parts.
function _keel_absolute
    set -l path $argv[1]
    string match -q '/*' -- $path; or set path $PWD/$path
    set -l parts
    for part in (string split / -- $path)
        switch $part
            case '' .
            case ..
                set -e parts[-1]
            case '*'
                set parts $parts $part
        end
    end
    printf '/%s\n' (string join / -- $parts)
end

# Set KEEL_ROOT to the base that this file belongs to; it may be reached by a link. Where there is no file (`source -`),
# KEEL_ROOT has to be set already.
function _keel_find_root
    set -l file (_keel_absolute $argv[1])
    if not test -f (string replace -r '/etc/profile\.d/[^/]*$' '' -- $file)/keel-meta/keel/__main__.py
        set file (builtin realpath $file 2>/dev/null)
    end
    set -l root (string replace -r '/etc/profile\.d/[^/]*$' '' -- $file)
    if test -f "$root/keel-meta/keel/__main__.py"
        set -g KEEL_ROOT $root
    end
    test -f "$KEEL_ROOT/keel-meta/keel/__main__.py"
end

if not _keel_find_root (status filename)
    echo 'keel: fish cannot tell where keel.fish lies; set KEEL_ROOT to the folder of the base first' >&2
    return 1
end
# Has the base been moved, any command mends what still names its old place, so that what is activated next works.
if test -r "$KEEL_ROOT/keel-meta/prefix"
    set -l was
    read was <"$KEEL_ROOT/keel-meta/prefix"
    set -l led_to (builtin realpath -- "$was" 2>/dev/null)
    set -l leads_to (builtin realpath -- $KEEL_ROOT)
    if test "$was" != "$KEEL_ROOT"; and test "$led_to" != "$leads_to"
        $KEEL_ROOT/cmd/keel info >/dev/null
    end
end
if not contains -- $KEEL_ROOT/cmd $PATH; and not string match -q '*:*' -- $KEEL_ROOT # PATH cannot hold it
    set -gx PATH $KEEL_ROOT/cmd $PATH
end
if status is-interactive
    source $KEEL_ROOT/keel-meta/shell/completion/keel.fish
end
