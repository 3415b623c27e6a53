# Source this file in csh or tcsh to activate the environment; it is what any venv has. keel fills in the words in capitals.

alias deactivate 'test $?_OLD_VIRTUAL_PATH != 0 && setenv PATH "$_OLD_VIRTUAL_PATH:q" && unset _OLD_VIRTUAL_PATH; rehash; test $?_OLD_VIRTUAL_PROMPT != 0 && set prompt="$_OLD_VIRTUAL_PROMPT:q" && unset _OLD_VIRTUAL_PROMPT; test $?_OLD_VIRTUAL_UNDO != 0 && eval "$_OLD_VIRTUAL_UNDO:q"; unset _OLD_VIRTUAL_UNDO; unsetenv VIRTUAL_ENV; unsetenv VIRTUAL_ENV_PROMPT; test "\!:*" != "nondestructive" && unalias deactivate'

deactivate nondestructive

setenv VIRTUAL_ENV @PREFIX@
setenv VIRTUAL_ENV_PROMPT @NAME@

set _OLD_VIRTUAL_PATH="$PATH:q"
setenv PATH "$VIRTUAL_ENV:q/bin:$PATH:q"

if (! $?VIRTUAL_ENV_DISABLE_PROMPT && $?prompt) then
    set _OLD_VIRTUAL_PROMPT="$prompt:q"
    set prompt="($VIRTUAL_ENV_PROMPT:q) $prompt:q"
endif

if (-f "$VIRTUAL_ENV:q/etc/keel/vars.csh") then
    set _keel_names = ()
    alias _keel_set 'set _keel_names = ( $_keel_names \!:1 ); set _keel_value_\!:1 = \!:2'
    source "$VIRTUAL_ENV:q/etc/keel/vars.csh"
    unalias _keel_set
    set _OLD_VIRTUAL_UNDO = ""
    foreach _keel_name ($_keel_names)
        eval 'set _keel_is = $?'$_keel_name
        if ($_keel_is) then
            eval 'set _OLD_VIRTUAL_VAR_'$_keel_name' = "$'$_keel_name':q"'
            set _keel_undo = 'setenv '$_keel_name' "$_OLD_VIRTUAL_VAR_'$_keel_name':q"; unset _OLD_VIRTUAL_VAR_'$_keel_name
        else
            set _keel_undo = "unsetenv $_keel_name"
        endif
        set _OLD_VIRTUAL_UNDO = "$_OLD_VIRTUAL_UNDO:q$_keel_undo:q; "
        eval 'setenv '$_keel_name' "$_keel_value_'$_keel_name':q"'
    end
    unset _keel_*
endif

rehash
