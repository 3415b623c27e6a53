# Source this file in fish to activate the environment; it is what any venv has. keel fills in the words in capitals.

function deactivate -d "Leave the environment and return to the shell's own state"
    if set -q _OLD_VIRTUAL_PATH
        set -gx PATH $_OLD_VIRTUAL_PATH
        set -e _OLD_VIRTUAL_PATH
    end
    if set -q _OLD_VIRTUAL_PYTHONHOME
        set -gx PYTHONHOME $_OLD_VIRTUAL_PYTHONHOME
        set -e _OLD_VIRTUAL_PYTHONHOME
    end
    if functions -q _old_fish_prompt
        functions -e fish_prompt
        functions -c _old_fish_prompt fish_prompt
        functions -e _old_fish_prompt
    end
    for variable in $_OLD_VIRTUAL_VARS
        set -l old _OLD_VIRTUAL_VAR_$variable
        set -e $variable
        set -q $old; and set -gx $variable $$old
        set -e $old
    end
    set -e _OLD_VIRTUAL_VARS
    set -e VIRTUAL_ENV
    set -e VIRTUAL_ENV_PROMPT
    if test "$argv[1]" != nondestructive
        functions -e deactivate
    end
end

deactivate nondestructive

set -gx VIRTUAL_ENV @PREFIX@
set -gx VIRTUAL_ENV_PROMPT @NAME@

set -gx _OLD_VIRTUAL_PATH $PATH
set -gx PATH $VIRTUAL_ENV/bin $PATH

if set -q PYTHONHOME
    set -gx _OLD_VIRTUAL_PYTHONHOME $PYTHONHOME
    set -e PYTHONHOME
end

if test -f $VIRTUAL_ENV/etc/keel/vars.fish
    function _keel_set
        set -q $argv[1]; and set -g _OLD_VIRTUAL_VAR_$argv[1] $$argv[1]
        set -gx $argv[1] $argv[2]
        set -g _OLD_VIRTUAL_VARS $_OLD_VIRTUAL_VARS $argv[1]
    end
    source $VIRTUAL_ENV/etc/keel/vars.fish
    functions -e _keel_set
end

if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"; and functions -q fish_prompt
    functions -c fish_prompt _old_fish_prompt
    function fish_prompt
        set -l old_status $status
        printf '(%s) ' $VIRTUAL_ENV_PROMPT
        echo "exit $old_status" | .
        _old_fish_prompt
    end
end
