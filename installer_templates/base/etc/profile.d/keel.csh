# The alias `keel` for tcsh, which most systems call csh, too. Source this file, then: keel activate NAME
#
# Activating and deactivating are done in the shell itself, without a process, by keel-meta/shell/command.csh; all else goes
# to cmd/keel. The state is in exported variables, which keel.sh describes, so that a child shell of any kind can deactivate
# what this one activated. KEEL_ROOT, the base, is this shell's own.
#
# What csh cannot do: aliases do not work in `if (...) keel ...` on one line, and an error in a script of an environment
# ends whatever the shell was doing, `keel` included.

# Where does this file lie? The shell has it open while it reads it. That the base in KEEL_ROOT is the right one can be seen
# without a process; else it takes `readlink`. Without /proc, what was typed tells it; in a script, only KEEL_ROOT does.
set _keel_root = ''
set _keel_open = ( )
if ( -d /proc/$$/fd ) set _keel_open = ( /proc/$$/fd/* )
if ( $?KEEL_ROOT ) then
    foreach _keel_fd ( $_keel_open )
        if ( -F "$_keel_fd" == -F "$KEEL_ROOT:q/etc/profile.d/keel.csh" ) set _keel_root = "$KEEL_ROOT:q"
    end
endif
if ( "x$_keel_root:q" == x ) then
    set _keel_typed = ( $_:q )
    set _keel_file = ''
    foreach _keel_fd ( $_keel_open )
        if ( -f "$_keel_fd" ) then
            set _keel_target = "`readlink $_keel_fd`"
            if ( "x$_keel_target:t" == xkeel.csh ) set _keel_file = "$_keel_target:q"
        endif
    end
    if ( "x$_keel_file:q" == x && $#_keel_typed > 1 ) then
        eval set _keel_file = $_keel_typed[2]
    endif
    # It may be reached by links.
    while ( -l "$_keel_file:q" && ! -f "$_keel_file:h:h:h:q/keel-meta/keel/__main__.py" )
        set _keel_target = "`readlink $_keel_file:q`"
        if ( "$_keel_target:q" !~ /* ) set _keel_target = "$_keel_file:h:q/$_keel_target:q"
        set _keel_file = "$_keel_target:q"
    end
    if ( "$_keel_file:q" =~ */etc/profile.d/* ) then
        if ( "$_keel_file:q" !~ /* ) set _keel_file = "$cwd:q/$_keel_file:q"
        set _keel_root = "$_keel_file:h:h:h:q"
    else if ( $?KEEL_ROOT ) then
        set _keel_root = "$KEEL_ROOT:q"
    endif
endif

if ( -f "$_keel_root:q/keel-meta/shell/command.csh" ) then
    set KEEL_ROOT = "$_keel_root:q"
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" load
else
    echo 'keel: this shell cannot tell where keel.csh lies; set KEEL_ROOT to the folder of the base first'
    ( exit 1 )
endif
unset _keel_*
