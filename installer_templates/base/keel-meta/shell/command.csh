# What the alias `keel` does, see PREFIX/etc/profile.d/keel.csh. csh has no functions: what would be one is a label here, to
# be called by: source $KEEL_ROOT/keel-meta/shell/command.csh LABEL ARGUMENT...
# `exit` ends the reading of this file, not the shell. What has no magic for csh is quoted nevertheless: names may have some.
goto $argv[1]

load: # once in a shell
    alias keel 'source "$KEEL_ROOT:q/keel-meta/shell/command.csh" keel'
    if ( "$KEEL_ROOT:q" =~ *:* ) exit 0 # PATH cannot hold it
    set _keel_there = 0
    foreach _keel_entry ( $path:q )
        if ( "x$_keel_entry:q" == "x$KEEL_ROOT:q/cmd" ) set _keel_there = 1
    end
    if ( ! $_keel_there ) source "$KEEL_ROOT:q/keel-meta/shell/command.csh" replace '' "$KEEL_ROOT:q/cmd"
    exit 0

keel: # WORD...
    if ( $#argv > 1 ) then
        if ( "x$argv[2]:q" == xactivate || "x$argv[2]:q" == xdeactivate ) then
            source "$KEEL_ROOT:q/keel-meta/shell/command.csh" $argv[2-]:q
            set argv = ( $status )
            unset _keel_*
            exit $argv[1]
        endif
    endif
    # A list in one piece would lose its empty words.
    set _keel_words = ''
    @ _keel_index = 2
    while ( $_keel_index <= $#argv )
        set _keel_words = "$_keel_words:q "'"$argv['$_keel_index']:q"'
        @ _keel_index++
    end
    eval '"$KEEL_ROOT:q/cmd/keel"' "$_keel_words:q"
    set argv = ( $status )
    unset _keel_*
    exit $argv[1]

activate: # [--stack] [NAME]
    set _keel_wanted = ( )
    set _keel_stack = 0
    foreach _keel_word ( $argv[2-]:q )
        if ( "x$_keel_word:q" == x--stack && ! $_keel_stack ) then
            set _keel_stack = 1
        else
            set _keel_wanted = ( $_keel_wanted:q "$_keel_word:q" )
        endif
    end
    if ( $#_keel_wanted == 0 ) set _keel_wanted = base
    if ( "x$_keel_wanted[1]:q" == x ) set _keel_wanted[1] = base
    if ( $#_keel_wanted > 1 || "x$_keel_wanted[1]:q" =~ x-* ) then
        "$KEEL_ROOT:q/cmd/keel" activate $argv[2-]:q # --help, or wrong usage
        exit $status
    endif
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" find "$_keel_wanted[1]:q"
    if ( "x$_keel_env:q" == x ) then
        # keel itself names the nearest ones. It finds more where the settings were edited by hand, and lays them out.
        ( setenv _KEEL_FUNCTION 1 ; "$KEEL_ROOT:q/cmd/keel" activate "$_keel_wanted[1]:q" )
        if ( $status ) exit 1
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" find "$_keel_wanted[1]:q"
        if ( "x$_keel_env:q" == x ) exit 1
    endif
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" level
    set _keel_below = ''
    if ( $?KEEL_PREFIX ) then
        set _keel_below = "$KEEL_PREFIX:q"
    endif
    if ( $_keel_level == 0 ) then
        setenv KEEL_SHLVL 1
        foreach _keel_variable ( VIRTUAL_ENV VIRTUAL_ENV_PROMPT PYTHONHOME )
            source "$KEEL_ROOT:q/keel-meta/shell/command.csh" save $_keel_variable
        end
        unsetenv PYTHONHOME
        set _keel_stack = 0
    else
        if ( "x$_keel_env:q" == "x$_keel_below:q" ) set _keel_stack = 0
        if ( ! $_keel_stack ) source "$KEEL_ROOT:q/keel-meta/shell/command.csh" leave
        if ( "x$_keel_env:q" != "x$_keel_below:q" ) then
            setenv KEEL_PREFIX_$_keel_level "$_keel_below:q"
            @ _keel_level++
            setenv KEEL_SHLVL $_keel_level
            if ( $_keel_stack ) setenv KEEL_STACKED_$_keel_level true
        endif
    endif
    if ( $_keel_stack || "x$_keel_below:q" == x ) then
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" replace '' "$_keel_env:q/bin"
    else
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" replace "$_keel_below:q/bin" "$_keel_env:q/bin"
    endif
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" enter
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" set_up
    exit 0

deactivate:
    if ( $#argv > 1 ) then
        "$KEEL_ROOT:q/cmd/keel" $argv:q # --help, or wrong usage
        exit $status
    endif
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" level
    if ( $_keel_level == 0 ) then
        echo 'keel: no environment is active'
        exit 0
    endif
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" leave
    set _keel_active = ''
    if ( $?KEEL_PREFIX ) then
        set _keel_active = "$KEEL_PREFIX:q"
    endif
    if ( $_keel_level == 1 ) then
        if ( "x$_keel_active:q" != x ) source "$KEEL_ROOT:q/keel-meta/shell/command.csh" replace "$_keel_active:q/bin" ''
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" show ''
        foreach _keel_variable ( VIRTUAL_ENV VIRTUAL_ENV_PROMPT PYTHONHOME )
            source "$KEEL_ROOT:q/keel-meta/shell/command.csh" restore $_keel_variable
        end
        unsetenv KEEL_PREFIX
        unsetenv KEEL_DEFAULT_ENV
        unsetenv KEEL_SHLVL
        exit 0
    endif
    eval 'set _keel_stack = $?KEEL_STACKED_'$_keel_level
    unsetenv KEEL_STACKED_$_keel_level
    @ _keel_level--
    setenv KEEL_SHLVL $_keel_level
    set _keel_env = "$KEEL_ROOT:q"
    eval 'set _keel_is = $?KEEL_PREFIX_'$_keel_level
    if ( $_keel_is ) eval 'set _keel_env = "$KEEL_PREFIX_'$_keel_level':q"'
    unsetenv KEEL_PREFIX_$_keel_level
    if ( $_keel_stack ) then
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" replace "$_keel_active:q/bin" ''
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" enter
    else
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" replace "$_keel_active:q/bin" "$_keel_env:q/bin"
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" enter
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" set_up
    endif
    exit 0

level: # set _keel_level to KEEL_SHLVL, or to 0
    set _keel_level = 0
    if ( $?KEEL_SHLVL ) then
        if ( "$KEEL_SHLVL:q" =~ [1-9]* && "$KEEL_SHLVL:q" !~ *[^0-9]* ) set _keel_level = "$KEEL_SHLVL:q"
    endif
    exit 0

find: # set _keel_env to the folder of the environment called $argv[2], or at that path; to nothing if there is none
    set _keel_env = ''
    if ( "x$argv[2]:q" == xbase ) then
        set _keel_env = "$KEEL_ROOT:q"
    else if ( "$argv[2]:q" =~ */* || "x$argv[2]:q" == x. || "x$argv[2]:q" == x.. ) then
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" absolute "$argv[2]:q"
    else if ( "$argv[2]:q" !~ .* ) then # that would be work in progress
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" folders
        foreach _keel_folder ( $_keel_folders:q )
            if ( "x$_keel_env:q" == x && -f "$_keel_folder:q/$argv[2]:q/pyvenv.cfg" ) set _keel_env = "$_keel_folder:q/$argv[2]:q"
        end
    endif
    if ( "$_keel_env:q" =~ *:* ) set _keel_env = '' # PATH cannot hold it
    if ( "x$_keel_env:q" != "x$KEEL_ROOT:q" && ! -f "$_keel_env:q/pyvenv.cfg" ) set _keel_env = ''
    exit 0

absolute: # set _keel_env to the path $argv[2] made absolute, without '.', '..' and empty parts
    set _keel_rest = "$argv[2]:q"
    if ( "$_keel_rest:q" !~ /* ) set _keel_rest = "$cwd:q/$_keel_rest:q"
    set _keel_env = ''
    @ _keel_up = 0
    while ( "x$_keel_rest:q" != x )
        set _keel_part = "$_keel_rest:t:q"
        if ( "x$_keel_part:q" == x || "x$_keel_part:q" == x. ) then
        else if ( "x$_keel_part:q" == x.. ) then
            @ _keel_up++
        else if ( $_keel_up > 0 ) then
            @ _keel_up--
        else
            set _keel_env = "/$_keel_part:q$_keel_env:q"
        endif
        set _keel_rest = "$_keel_rest:h:q"
    end
    if ( "x$_keel_env:q" == x ) set _keel_env = /
    exit 0

folders: # set _keel_folders to the folders of environments, in the order in which names are looked up
    set _keel_folders = ( )
    set _keel_own = ''
    if ( $?HOME ) then
        if ( "$HOME:q" =~ /* ) set _keel_own = "$HOME:q/.keel"
    endif
    foreach _keel_file ( "$_keel_own:q/envs_dirs.csh" "$KEEL_ROOT:q/keel-meta/envs_dirs.csh" )
        if ( -r "$_keel_file:q" && "x$_keel_file:q" != x/envs_dirs.csh ) then
            source "$_keel_file:q"
            set _keel_folders = ( $_keel_folders:q $_keel_dirs:q )
        endif
    end
    if ( "x$_keel_own:q" == x ) then
        set _keel_folders = ( $_keel_folders:q "$KEEL_ROOT:q/envs" )
    else if ( -w "$KEEL_ROOT:q/envs" ) then
        set _keel_folders = ( $_keel_folders:q "$KEEL_ROOT:q/envs" "$_keel_own:q/envs" )
    else
        set _keel_folders = ( $_keel_folders:q "$_keel_own:q/envs" "$KEEL_ROOT:q/envs" )
    endif
    exit 0

enter: # make _keel_env the active environment, but for its entry in PATH and what it wants set and run
    setenv KEEL_PREFIX "$_keel_env:q"
    set _keel_short = "$_keel_env:t:q"
    if ( "x$_keel_env:q" == "x$KEEL_ROOT:q" ) then
        setenv KEEL_DEFAULT_ENV base
        set _keel_short = base
        unsetenv VIRTUAL_ENV # a base is no venv
        unsetenv VIRTUAL_ENV_PROMPT
    else
        setenv KEEL_DEFAULT_ENV "$_keel_env:q"
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" folders
        foreach _keel_folder ( $_keel_folders:q )
            if ( "x$_keel_folder:q/$_keel_short:q" == "x$_keel_env:q" ) setenv KEEL_DEFAULT_ENV "$_keel_short:q"
        end
        setenv VIRTUAL_ENV "$_keel_env:q"
        setenv VIRTUAL_ENV_PROMPT "$_keel_short:q"
    endif
    # Shells expand prompts, so a folder's name must not reach them as code.
    if ( "$_keel_short:q" =~ *[\$\`\\%\!]* ) set _keel_short = env
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" show "($_keel_short:q) "
    exit 0

set_up: # set the variables of the active environment, and run what it wants run on its activation
    # <env>/bin/activate.csh has one of its own
    alias _keel_set 'source "$KEEL_ROOT:q/keel-meta/shell/command.csh" set \!:1 \!:2'
    if ( -f "$KEEL_PREFIX:q/etc/keel/vars.csh" ) source "$KEEL_PREFIX:q/etc/keel/vars.csh"
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" scripts "$KEEL_PREFIX:q/etc/keel/activate.d"
    foreach _keel_script ( $_keel_scripts:q )
        source "$_keel_script:q"
    end
    exit 0

leave: # run what the active environment wants run on its deactivation, and take back the variables that it set
    if ( $?KEEL_PREFIX ) then
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" scripts "$KEEL_PREFIX:q/etc/keel/deactivate.d"
        @ _keel_left = $#_keel_scripts
        while ( $_keel_left > 0 )
            source "$_keel_scripts[$_keel_left]:q"
            @ _keel_left--
        end
    endif
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" names
    foreach _keel_variable ( $_keel_names )
        source "$KEEL_ROOT:q/keel-meta/shell/command.csh" restore $_keel_variable
    end
    unsetenv _KEEL_VARS_$KEEL_SHLVL
    exit 0

names: # set _keel_names to those of the variables that the active environment has set
    set _keel_names = ( )
    eval 'set _keel_is = $?_KEEL_VARS_'$KEEL_SHLVL
    if ( $_keel_is ) eval 'set _keel_names = ( $_KEEL_VARS_'$KEEL_SHLVL' )'
    exit 0

scripts: # set _keel_scripts to the scripts in the folder $argv[2], sorted
    set _keel_scripts = ( )
    if ( ! -d "$argv[2]:q" || ! -d "$cwd:q" ) exit 0
    # A pattern with a path that holds magic characters of csh finds nothing, so that one has to go there.
    set _keel_nonomatch = $?nonomatch
    set _keel_here = "$cwd:q"
    set _keel_owd = ''
    if ( $?owd ) then
        set _keel_owd = "$owd:q"
    endif
    set nonomatch
    chdir "$argv[2]:q"
    foreach _keel_script ( *.csh )
        if ( -f "$_keel_script:q" ) set _keel_scripts = ( $_keel_scripts:q "$argv[2]:q/$_keel_script:q" )
    end
    chdir "$_keel_here:q"
    set owd = "$_keel_owd:q"
    if ( ! $_keel_nonomatch ) unset nonomatch
    exit 0

replace: # put the entry $argv[3] of PATH in the place of the first $argv[2], or to the front; '' as in keel.sh
    set _keel_before = ''
    if ( $?PATH ) then
        set _keel_before = "$PATH:q"
    endif
    # The shell splits PATH, but takes empty entries for '.', so these are marked first.
    set _keel_marked = ":${_keel_before:q}:"
    set _keel_marked = "$_keel_marked:as,::,:/./.:,:q"
    set _keel_marked = "$_keel_marked:as,::,:/./.:,:q"
    setenv PATH "$_keel_marked:q"
    set _keel_entries = ( $path:q )
    set _keel_result = ''
    set _keel_joint = ''
    set _keel_done = 0
    @ _keel_index = 2
    while ( $_keel_index < $#_keel_entries )
        set _keel_entry = "$_keel_entries[$_keel_index]:q"
        @ _keel_index++
        if ( "x$_keel_entry:q" == x/./. ) set _keel_entry = ''
        if ( ! $_keel_done && "x$argv[2]:q" != x && "x$_keel_entry:q" == "x$argv[2]:q" ) then
            set _keel_done = 1
            if ( "x$argv[3]:q" == x ) continue
            set _keel_entry = "$argv[3]:q"
        endif
        set _keel_result = "$_keel_result:q$_keel_joint$_keel_entry:q"
        set _keel_joint = :
    end
    if ( $_keel_done || "x$argv[3]:q" == x ) then
        setenv PATH "$_keel_result:q"
    else if ( "x$_keel_before:q" == x ) then
        setenv PATH "$argv[3]:q"
    else
        setenv PATH "${argv[3]:q}:$_keel_before:q"
    endif
    exit 0

show: # show $argv[2] before the prompt, in the place of what was shown there before
    unsetenv _KEEL_PROMPT
    if ( ! $?prompt ) exit 0
    if ( $?keel_prompt_shown ) then
        if ( "x$prompt:q" == "x$keel_prompt_shown:q" ) set prompt = "$keel_prompt_before:q" # else it is a new one of the user's
        unset keel_prompt_shown keel_prompt_before
    endif
    if ( $?VIRTUAL_ENV_DISABLE_PROMPT ) then
        if ( "x$VIRTUAL_ENV_DISABLE_PROMPT:q" != x ) exit 0
    endif
    if ( "x$argv[2]:q" == x ) exit 0
    setenv _KEEL_PROMPT "$argv[2]:q"
    set keel_prompt_before = "$prompt:q"
    set prompt = "$argv[2]:q$prompt:q"
    set keel_prompt_shown = "$prompt:q"
    exit 0

set: # NAME VALUE, of a variable of the environment
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" save $argv[2]
    setenv $argv[2] "$argv[3]:q"
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" names
    set _keel_names = ( $_keel_names $argv[2] )
    setenv _KEEL_VARS_$KEEL_SHLVL "$_keel_names"
    exit 0

save: # keep what the variable $argv[2] is, for the active level
    set _keel_old = _KEEL_OLD_$KEEL_SHLVL"_$argv[2]"
    unsetenv $_keel_old
    eval 'set _keel_is = $?'$argv[2]
    if ( $_keel_is ) eval 'setenv '$_keel_old' "$'$argv[2]':q"'
    exit 0

restore:
    set _keel_old = _KEEL_OLD_$KEEL_SHLVL"_$argv[2]"
    eval 'set _keel_is = $?'$_keel_old
    if ( $_keel_is ) then
        eval 'setenv '$argv[2]' "$'$_keel_old':q"'
    else
        unsetenv $argv[2]
    endif
    unsetenv $_keel_old
    exit 0
