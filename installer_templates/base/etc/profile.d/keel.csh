# The alias `keel` for tcsh, which most systems call csh, too. Source this file, then: keel activate NAME
#
# Activating and deactivating are done in the shell itself, without a process, by keel-meta/shell/command.csh; all else goes
# to cmd/keel. The state is in exported variables, which keel.sh describes, so that a child shell of any kind can deactivate
# what this one activated. KEEL_ROOT, the base, is this shell's own.
#
# What csh cannot do: aliases do not work in `if (...) keel ...` on one line, and an error in a script of an environment
# ends whatever the shell was doing, `keel` included.

# Where does this file lie? The shell has it open while it reads it. That the base in KEEL_ROOT is the right one can be seen
# without a process; else it takes `readlink`. Without /proc, KEEL_ROOT has to be set.
set _keel_root = ''
set _keel_open = ( )
if ( -d /proc/$$/fd ) set _keel_open = ( /proc/$$/fd/* )
if ( $?KEEL_ROOT ) then
    foreach _keel_fd ( $_keel_open )
        if ( -f "$_keel_fd" && -f "$KEEL_ROOT:q/etc/profile.d/keel.csh" ) then
            if ( -F "$_keel_fd" == -F "$KEEL_ROOT:q/etc/profile.d/keel.csh" ) set _keel_root = "$KEEL_ROOT:q"
        endif
    end
endif
if ( "x$_keel_root:q" == x ) then
    if ( $?KEEL_ROOT ) then
        set _keel_root = "$KEEL_ROOT:q"
    endif
    foreach _keel_fd ( $_keel_open )
        if ( -f "$_keel_fd" ) then
            set _keel_file = "`readlink $_keel_fd`"
            if ( "$_keel_file:q" =~ */etc/profile.d/keel.csh ) set _keel_root = "$_keel_file:h:h:h:q"
        endif
    end
endif

if ( -f "$_keel_root:q/keel-meta/shell/command.csh" ) then
    set KEEL_ROOT = "$_keel_root:q"
    source "$KEEL_ROOT:q/keel-meta/shell/command.csh" load
else
    echo 'keel: this shell cannot tell where keel.csh lies; set KEEL_ROOT to the folder of the base first'
    ( exit 1 )
endif
unset _keel_*
