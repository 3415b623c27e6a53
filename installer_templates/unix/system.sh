
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
    [ -z "$minimum_macos" ] || check_macos
}

check_cpu() {
    actual_machine=$(uname -m 2>/dev/null) || actual_machine=unknown
    if [ "$kernel" = Darwin ]; then
        check_mac
        return 0
    fi
    for machine in $machines; do
        [ "$machine" = "$actual_machine" ] || continue
        if [ "$(getconf LONG_BIT 2>/dev/null)" = 32 ]; then
            die 3 "this installer needs a 64-bit system: the kernel here is one, but the programs are 32-bit"
        fi
        return 0
    done
    die 3 "this installer is for ${machines%% *} CPUs, and this machine is $actual_machine" "get the installer for your CPU"
}

# Rosetta shows an Intel CPU to the programs that it translates, this shell maybe among them; `sysctl.proc_translated` is 1
# for those. Programs for Apple silicon are started untranslated from there, too.
check_mac() {
    translated=$(sysctl -n sysctl.proc_translated 2>/dev/null) || translated=0
    silicon=$(sysctl -n hw.optional.arm64 2>/dev/null) || silicon=0
    case $actual_machine in arm64 | aarch64) silicon=1 ;; esac
    [ "$translated" != 1 ] || silicon=1
    record "CPU: $actual_machine, Apple silicon: $silicon, translated: $translated"
    case ${machines%% *}:$silicon in
        arm64:1) return 0 ;;
        arm64:*) die 3 "this installer is for Macs with Apple silicon (arm64), and this one has an Intel CPU" "get the installer for x86_64" ;;
        *:1) ;;
        *) return 0 ;;
    esac
    if [ "$translated" != 1 ] && ! arch -x86_64 /usr/bin/true 2>/dev/null; then
        die 3 "this installer is for Intel CPUs (x86_64), and this Mac has Apple silicon without Rosetta" \
            "get the installer for arm64, or install Rosetta: softwareupdate --install-rosetta"
    fi
    warn "this installer is for Intel CPUs; Rosetta will translate its programs. The installer for arm64 is faster here."
}

# Old programs are told that every macOS since 11 is 10.16, unless they ask like this.
check_macos() {
    macos=$(SYSTEM_VERSION_COMPAT=0 sw_vers -productVersion 2>/dev/null) || macos=''
    case $macos in
        [0-9]*) ;;
        *)
            warn "cannot find out which macOS this is; $minimum_macos or newer is needed"
            return 0
            ;;
    esac
    record "macOS: $macos"
    if older "$macos" "$minimum_macos"; then
        die 3 "this installer needs macOS $minimum_macos or newer, and this Mac has $macos" \
            "update macOS, or use an installer that was built for older ones"
    fi
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

# older A B: is version A (major.minor, or major alone) older than B?
older() {
    set -- "$1.0" "$2.0"
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
