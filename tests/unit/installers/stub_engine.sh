#!/bin/sh
# Stands in for the engine: notes how it was called, and lays down the least that the header looks at.
# STUB_LOG: file for the calls.  STUB_CODE: exit code of install.  STUB_WAIT: install waits for a signal, having made this file.
# STUB_CALLS: file for the calls of the keel that it lays down.  STUB_KEEL, STUB_PYTHON: exit codes of keel and python.
set -eu
[ -z "${STUB_LOG-}" ] || [ "$1" = version ] || printf '%s\n' "$@" >>"$STUB_LOG"
case $1 in
    version) echo "stub" && exit ;;
    verify | list) echo "$1: fine" && exit "${STUB_CODE:-0}" ;;
esac
while [ $# -gt 0 ]; do
    case $1 in --prefix) prefix=$2 ;; esac
    shift
done
if [ -n "${STUB_WAIT-}" ]; then
    trap 'echo cleaned >"$STUB_WAIT.cleaned"; exit 143' TERM
    : >"$STUB_WAIT"
    for _ in $(seq 500); do sleep 0.02; done
fi
echo "unpacking 3 files"
if [ "${STUB_CODE:-0}" -ne 0 ]; then
    echo "error: the stub was told to fail" >&2
    exit "$STUB_CODE"
fi
mkdir -p "$prefix/bin" "$prefix/cmd" "$prefix/keel-meta" "$prefix/etc/profile.d"
printf '#!/bin/sh\necho "keel $*"\n[ -z "${STUB_CALLS-}" ] || echo "$*" >>"$STUB_CALLS"\nexit ${STUB_KEEL:-0}\n' >"$prefix/cmd/keel"
printf '#!/bin/sh\necho "python $1 $2"\nexit ${STUB_PYTHON:-0}\n' >"$prefix/bin/python"
chmod 755 "$prefix/cmd/keel" "$prefix/bin/python"
env >"$prefix/environment"
: >"$prefix/keel-meta/manifest.json"
