
# --- Can it run here? ---------------------------------------------------------------------------------------------------

check_system() {
    actual_kernel=$(uname -s 2>/dev/null) || actual_kernel=unknown
    case $actual_kernel in
        "$kernel") ;;
        CYGWIN* | MINGW* | MSYS* | Windows*)
            die 3 "this installer is for $kernel_name, and this is Windows" "get the installer for Windows, or run this one in WSL"
            ;;
        *) die 3 "this installer is for $kernel_name, and this system is $actual_kernel" "get the installer for your system" ;;
    esac
    check_cpu
    [ -z "$minimum_glibc" ] || check_glibc
}

check_cpu() {
    actual_machine=$(uname -m 2>/dev/null) || actual_machine=unknown
    for machine in $machines; do
        [ "$machine" = "$actual_machine" ] || continue
        if [ "$(getconf LONG_BIT 2>/dev/null)" = 32 ]; then
            die 3 "this installer needs a 64-bit system: the kernel here is one, but the programs are 32-bit"
        fi
        return 0
    done
    if [ "$kernel" = Darwin ]; then
        # A translated process sees the other CPU: Rosetta runs x86_64 programs, and is left for arm64 ones.
        case "$machines $(sysctl -n hw.optional.arm64 2>/dev/null)" in *arm64*' 1' | x86_64*' 1') return 0 ;; esac
    fi
    die 3 "this installer is for ${machines%% *} CPUs, and this machine is $actual_machine" "get the installer for your CPU"
}

# Sets `glibc` to the version of the C library, to "musl", or to nothing where it cannot be found out.
find_glibc() {
    glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || glibc=''
    case $glibc in glibc\ [0-9]*) glibc=${glibc#glibc } && return 0 ;; esac
    for libc_program in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 /lib/*-linux-gnu/libc.so.6 /lib64/libc.so.6; do
        [ -e "$libc_program" ] || continue
        glibc=$("$libc_program" --version 2>/dev/null | sed -n '1s/.*version \([0-9][0-9.]*[0-9]\).*/\1/p')
        [ -z "$glibc" ] || return 0
    done
    glibc=$(ldd --version 2>&1 | sed -n '/musl/{s/.*/musl/p;q;}
1s/.*[Ll][Ii][Bb][Cc].* \([0-9][0-9]*\.[0-9][0-9.]*\)$/\1/p')
    [ -z "$glibc" ] || return 0
    for libc_program in /lib/ld-musl-*; do
        [ ! -e "$libc_program" ] || glibc=musl
    done
}

check_glibc() {
    find_glibc
    case $glibc in
        musl)
            die 3 "this installer needs glibc $minimum_glibc or newer, and this system has musl instead of glibc" \
                "use a distribution with glibc, such as Debian, Ubuntu, Fedora or openSUSE"
            ;;
        [0-9]*.[0-9]*) ;;
        *)
            warn "cannot find out which C library this system has; glibc $minimum_glibc or newer is needed"
            return 0
            ;;
    esac
    record "glibc: $glibc"
    if older "$glibc" "$minimum_glibc"; then
        die 3 "this installer needs glibc $minimum_glibc or newer, and this system has glibc $glibc" \
            "use a newer system, or an installer that was built for older ones"
    fi
}

# older A B: is version A (major.minor) older than B?
older() {
    minor_a=${1#*.} minor_b=${2#*.}
    [ "${1%%.*}" -lt "${2%%.*}" ] && return 0
    [ "${1%%.*}" -eq "${2%%.*}" ] && [ "${minor_a%%[!0-9]*}" -lt "${minor_b%%[!0-9]*}" ]
}

# Python's own variables would reach the programs of the new base.
forget_python_variables() {
    for variable in $(env | sed -n 's/^\(PYTHON[A-Z0-9_]*\)=.*/\1/p; s/^\(__PYVENV_LAUNCHER__\)=.*/\1/p'); do
        unset "$variable"
    done
}
