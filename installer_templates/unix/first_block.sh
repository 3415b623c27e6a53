#!/bin/sh
# A self-extracting installer made by Keel: a shell script, and binary data behind it.
# Its options: sh THIS-FILE --help
keel_line=whole
case $keel_line in whole) ;; *) echo "error: this installer was damaged by a conversion of its line ends; download or copy it again in binary mode" >&2; exit 5 ;; esac #

# Where things are in this file, in blocks of 4096 bytes or in bytes. This block is the first of `script_blocks`.
script_blocks=@@script_blocks@@
engine_blocks=@@engine_blocks@@
engine_size=@@engine_size@@
payload_offset=@@payload_offset@@
first_frame=@@first_frame@@
file_size=@@file_size@@
checksum=@@checksum@@ # what cksum says about everything between this block and the payload

# Run from a pipe or sourced, there is no file to unpack. A sourced script must not end the user's shell.
self=$0
case $self in -*) self=./$self ;; esac
case ${ZSH_EVAL_CONTEXT-} in *:file*) self='' ;; esac
# shellcheck disable=SC2030  # PATH is to change for this one program
if [ ! -f "$self" ] || [ -z "$(PATH=${PATH-}:/usr/bin:/bin && sed -n '2{/^# A self-extracting installer made by Keel/p;q;}' "$self" 2>/dev/null)" ]; then
    echo "error: this installer has to read its own file: run it as 'sh FILE', not through a pipe, '.' or 'source'" >&2
    # shellcheck disable=SC2317  # reached in shells that refuse `return` in a script
    return 2 2>/dev/null || exit 2
fi

# From here on nothing that the caller's environment holds may change what happens.
if [ -n "${ZSH_VERSION-}" ]; then emulate -R sh; fi
set -eu
unset IFS
unset CDPATH ENV BASH_ENV LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH
unset GREP_OPTIONS TAR_OPTIONS ZSTD_CLEVEL ZSTD_NBTHREADS POSIXLY_CORRECT
unalias -a 2>/dev/null || :
unset -f cat chmod cksum date dd getconf id ldd ls mkdir more mv rm sed tr uname wc 2>/dev/null || :
# shellcheck disable=SC2031  # and here for all of them
PATH=${PATH:+$PATH:}/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
user_lc_all=${LC_ALL-}
LC_ALL=C
export PATH LC_ALL

damaged() {
    echo "error: $self is damaged: $1" >&2
    echo "hint: download or copy it again" >&2
    exit 5
}

actual=$(wc -c <"$self")
actual=${actual##* }
[ "$actual" = "$file_size" ] || damaged "it has $actual bytes, and should have $file_size"
if command -v cksum >/dev/null 2>&1; then
    actual=$(dd if="$self" bs=4096 skip=1 count=$((script_blocks + engine_blocks - 1)) 2>/dev/null | cksum)
    [ "${actual%% *}" = "$checksum" ] || damaged "its program part does not have the right checksum"
fi
