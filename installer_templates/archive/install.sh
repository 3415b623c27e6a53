#!/bin/sh
# Picks the installer for this machine out of an archive, checks it, and runs it. Shells from dash to zsh will do.
#
#   curl -fsSL https://ARCHIVE/install.sh | sh
#   curl -fsSL https://ARCHIVE/install.sh | sh -s -- -y --prefix "$HOME/python"
#
# Everything is in functions, and the last line calls them: a script that was cut off on its way does nothing.
# What is in an archive, and what its signature means: docs/archive-format.md.

# Filled in when the archive is published.
archive='@archive@'            # its address
pinned_key='@key@'             # minisign's public key, if it is signed
pinned_id='@id@'               # this archive among all others
least_version='@version@'      # it had this version then, so an older one is a rollback
default_name='@name@'          # what is installed where nothing else is asked for

name='' version='' python='' platform='' prefix='' asked='' key='' yes='' dry_run='' download='' work='' child='' code=0
colour='' plain=''

# --- What the user reads ------------------------------------------------------------------------------------------------

usage() {
    cat <<USAGE
usage: sh install.sh [options] [-- options of the installer]

  --name NAME          what to install${default_name:+ (default: $default_name)}
  --version VERSION    this one instead of the newest
  --python VERSION     for this Python: 3.12, or 3.12.9
  --platform NAME      for this system instead of the one found: linux-x86_64, linux-aarch64, macos-arm64, macos-x86_64
  --prefix FOLDER      install into this folder
  -y, --yes            ask nothing; this means that the license is accepted
  --download           only download and check; the file stays in the current folder (any platform, windows-x86_64 too)
  --dry-run            only show what would be done
  --archive ADDRESS    the archive: https://…, or a folder${archive:+ (default: $archive)}
  --key KEY            the archive's public key (RW…), from a source that you trust
  -h, --help           show this

Exit codes: 0 done, 2 wrong usage, 3 nothing for this system, 5 damaged file, 6 no space, 8 cancelled, 11 archive not reachable,
12 archive not to be trusted; once the installer runs, its own.
USAGE
}

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "${colour}warning:${plain} $*" >&2; }

# die CODE MESSAGE [HINT]
die() {
    printf '%s\n' "${colour}error:${plain} $2" >&2
    [ -z "${3-}" ] || printf '%s\n' "hint: $3" >&2
    exit "$1"
}

has() { command -v "$1" >/dev/null 2>&1; }

# Whether a Python 3 is there. macOS' own /usr/bin/python3 opens a window where the developer tools are missing.
has_python() {
    has python3 || return 1
    case $(command -v python3) in /usr/bin/*) [ "$(uname -s)" != Darwin ] || xcode-select -p >/dev/null 2>&1 ;; esac
}

# --- Options ------------------------------------------------------------------------------------------------------------

parse_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --name | --version | --python | --platform | --prefix | --archive | --key)
                [ $# -gt 1 ] || die 2 "$1 needs a value" "all options: sh install.sh --help"
                set_option "$1" "$2"
                shift 2
                ;;
            --*=*)
                set_option "${1%%=*}" "${1#*=}"
                shift
                ;;
            -y | --yes) yes=yes && shift ;;
            --dry-run) dry_run=yes && shift ;;
            --download) download=yes && shift ;;
            -h | --help) usage && exit 0 ;;
            --) return 0 ;;
            *) die 2 "unknown option: $1" "options of the installer follow '--'; all others: sh install.sh --help" ;;
        esac
    done
}

set_option() {
    [ -n "$2" ] || die 2 "$1 needs a value" "all options: sh install.sh --help"
    case $1 in
        --name) name=$2 ;;
        --version) version=$2 ;;
        --python) python=$2 ;;
        --platform) platform=$2 ;;
        --prefix) prefix=$2 ;;
        --archive) asked=$2 ;;
        --key) key=$2 ;;
        *) die 2 "unknown option: $1" "all options: sh install.sh --help" ;;
    esac
}

# Into the current shell's `$@` comes what follows `--`.
count_options() {
    own=0
    for word in "$@"; do
        own=$((own + 1))
        [ "$word" != -- ] || return 0
    done
}

check_options() {
    case $name$version$python$platform in
        *[!A-Za-z0-9._+!-]*) die 2 "a name or version has characters that none can have" ;;
    esac
    case $python in '' | 3.[0-9]*) ;; *) die 2 "--python $python is no version such as 3.12" ;; esac
    choose_archive
}

# The one that --archive names, the one that this script lies in (a disk with a copy of an archive), or its own.
choose_archive() {
    [ -n "$asked" ] || find_archive_beside
    if [ -n "$asked" ] && [ "${asked%/}" != "${archive%/}" ]; then
        archive=$asked
        # A mirror has the same key. Another archive has another one; without a key nothing tells the two apart.
        if [ -n "$key" ] || [ -z "$pinned_key" ]; then pinned_id='' least_version=0 default_name=''; fi
    fi
    archive=${archive%/}
    [ -n "$archive" ] || die 2 "which archive?" "give its address: sh install.sh --archive https://…, or curl … | sh -s -- --archive https://…"
}

find_archive_beside() {
    case $0 in
        install.sh) [ ! -f ./index.json ] || archive=$PWD ;;
        */install.sh) [ ! -f "${0%/*}/index.json" ] || archive=$(cd "${0%/*}" && pwd) ;;
    esac
}

# What was never filled in.
unset_marks() {
    case $archive in @*) archive='' ;; esac
    case $pinned_key in @*) pinned_key='' ;; esac
    case $pinned_id in @*) pinned_id='' ;; esac
    case $least_version in @*) least_version=0 ;; esac
    case $default_name in @*) default_name='' ;; esac
}

# --- This machine -------------------------------------------------------------------------------------------------------

find_platform() {
    kernel=$(uname -s) machine=$(uname -m)
    case $kernel in
        Linux) find_linux ;;
        Darwin) find_mac ;;
        CYGWIN* | MINGW* | MSYS* | Windows*)
            die 3 "this is Windows" "in PowerShell: irm ${archive:-ARCHIVE}/install.ps1 | iex"
            ;;
        *) die 3 "there are no installers for $kernel" ;;
    esac
}

find_linux() {
    case $machine in
        x86_64 | amd64) here=linux-x86_64 ;;
        aarch64 | arm64) here=linux-aarch64 ;;
        *) die 3 "there are no installers for Linux on $machine" ;;
    esac
    [ "$(getconf LONG_BIT 2>/dev/null)" != 32 ] || die 3 "the programs of this system are 32-bit ones"
    find_glibc
    [ "$libc" != musl ] || die 3 "this system has musl instead of glibc (Alpine?)" \
        "use a distribution with glibc, such as Debian, Ubuntu, Fedora or openSUSE"
}

# A shell that Rosetta translates sees an Intel chip.
find_mac() {
    case $machine-$(sysctl -n hw.optional.arm64 2>/dev/null) in
        arm64-* | *-1) here=macos-arm64 ;;
        *) here=macos-x86_64 ;;
    esac
    libc=$(sw_vers -productVersion 2>/dev/null)
}

# Sets `libc` to glibc's version, to "musl", or to nothing where it cannot be found out.
find_glibc() {
    libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=''
    case $libc in glibc\ [0-9]*) libc=${libc#glibc } && return 0 ;; esac
    libc=$(ldd --version 2>&1 | sed -n '/musl/{s/.*/musl/p;q;}
1s/.*[Ll][Ii][Bb][Cc].* \([0-9][0-9]*\.[0-9][0-9.]*\)$/\1/p')
    [ -z "$libc" ] || return 0
    for program in /lib/ld-musl-*; do
        [ ! -e "$program" ] || libc=musl
    done
}

# older A B: is version A (major.minor) older than B?
older() {
    minor_a=${1#*.} minor_b=${2#*.}
    [ "${1%%.*}" -lt "${2%%.*}" ] && return 0
    [ "${1%%.*}" -eq "${2%%.*}" ] && [ "${minor_a%%[!0-9]*}" -lt "${minor_b%%[!0-9]*}" ]
}

# --- Getting files ------------------------------------------------------------------------------------------------------

# In the background, so that a signal ends the download at once.
wait_for() {
    "$@" </dev/null &
    child=$!
    wait "$child"
    code=$?
    child=''
    return "$code"
}

# transfer NAME FILE [SIZE]: FILE becomes the archive's NAME; with SIZE it goes on where FILE ends. Sets `code`.
transfer() {
    : >"$work/why"
    case $archive in
        http://* | https://*) ;;
        *)
            copy_local "$1" "$2"
            return
            ;;
    esac
    if [ -n "${3-}" ] && [ -t 2 ]; then
        download_to "$archive/$1" "$2" '-#' "$3"
    else
        download_to "$archive/$1" "$2" -s "${3-}" 2>"$work/why"
    fi
}

# download_to ADDRESS FILE CURL_OPTION SIZE
download_to() {
    case $tool in
        curl)
            wait_for curl -fL "$3" -S --proto '=http,https' --connect-timeout 20 --speed-limit 1 --speed-time 60 \
                ${4:+-C -} -o "$2" "$1"
            ;;
        wget)
            # shellcheck disable=SC2086 # several words
            wait_for wget -q $patience ${4:+-c} -O "$2" "$1"
            ;;
        *) wait_for python3 -I -c "$python_transfer" "$1" "$2" "$4" ;;
    esac
}

find_tool() {
    tool='curl' patience=''
    # busybox' wget may know neither of these.
    case $(wget --version 2>/dev/null) in 'GNU Wget'*) patience='-T 60 -t 2' ;; esac
    has curl || tool='wget'
    if ! has curl && ! has wget; then
        tool='python3'
        has_python || die 11 "there is neither curl nor wget nor python3 here to download with" "install one of them"
    fi
}

copy_local() {
    code=1
    [ -f "${archive#file://}/$1" ] && wait_for cp "${archive#file://}/$1" "$2" 2>"$work/why"
}

python_transfer='
import os, shutil, sys, urllib.request
address, file, resume = sys.argv[1:]
start = os.path.getsize(file) if resume and os.path.exists(file) else 0
request = urllib.request.Request(address, headers={"Range": "bytes=%d-" % start} if start else {})
try:
    with urllib.request.urlopen(request, timeout=60) as answer:
        with open(file, "ab" if answer.status == 206 else "wb") as target:
            shutil.copyfileobj(answer, target)
        if answer.length:
            sys.exit("python3: the connection broke")
except OSError as error:
    sys.exit("python3: %s" % error)
'

# get NAME FILE: a small file, tried three times, unless it is clear that it is not there.
get() {
    for pause in 1 2 0; do
        transfer "$1" "$2" && return 0
        # wget -q says nothing but 8: the server answered with an error.
        if [ "$code" -eq 8 ] || grep -q ' 40[0-9]' "$work/why"; then return 1; fi
        case $archive in http*) sleep "$pause" ;; *) return 1 ;; esac
    done
    return 1
}

# The last words of the program that downloads.
reason() { sed -n '$s/^[a-z]*: \(([0-9]*) \)\{0,1\}//p' "$work/why"; }

size_of() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }

# get_large NAME FILE SIZE: goes on after breaks, and begins anew where the server cannot go on.
# Status 1: it cannot be had; 2: it is another one than SIZE says.
get_large() {
    idle=0
    while before=$(size_of "$2") && [ "$before" != "$3" ]; do
        if [ "$idle" -ge 3 ]; then return 1; fi
        [ "$idle" -eq 0 ] || sleep 1
        transfer "$1" "$2" "$3"
        after=$(size_of "$2")
        if [ "$code" -eq 0 ] && [ "$after" != "$3" ]; then return 2; fi
        if [ "$after" = "$before" ]; then
            idle=$((idle + 1))
            rm -f "$2"
        else
            idle=0
        fi
    done
}

# sum_of FILE: prints its SHA-256. Status 2: there is nothing that can compute it.
sum_of() {
    if has sha256sum; then sum=$(sha256sum <"$1")
    elif has shasum; then sum=$(shasum -a 256 <"$1")
    elif has openssl; then sum=$(openssl dgst -sha256 <"$1") && sum=${sum##*= }
    elif has sha256; then sum=$(sha256 -q <"$1")
    elif has_python; then
        sum=$(python3 -I -c 'import hashlib, sys
h = hashlib.sha256()
for part in iter(lambda: sys.stdin.buffer.read(1 << 20), b""): h.update(part)
print(h.hexdigest())' <"$1")
    else return 2; fi
    printf '%s\n' "${sum%% *}"
}

# --- Is the index to be trusted? ----------------------------------------------------------------------------------------

get_index() {
    index=$work/index.json
    get index.json "$index" || die 11 "there is no archive at $archive: $(reason)" "check the address and the network"
    case $(sed -n '1p' "$index") in
        '{"schema": 1,'* | '{"schema":1,'*) ;;
        '{"schema":'*[0-9]*) die 11 "the archive is of a newer kind than this script" "get the script from there: $archive/install.sh" ;;
        *) die 11 "what lies at $archive is no archive" "check the address" ;;
    esac
    index_version=$(head_value version) index_id=$(head_value archive) expires=$(head_value expires)
    case $index_version in '' | *[!0-9]*) die 12 "the index of the archive is damaged" ;; esac
}

# A key of the index's head, whose lines begin with it; others begin otherwise.
head_value() { sed -n "s/^\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p;/^\"installers\"/q" "$index" | sed -n '1p'; }

check_index() {
    check_signature
    check_age
    check_history
}

check_signature() {
    wanted_key=${key:-$pinned_key}
    if [ -z "$wanted_key" ]; then
        warn "the archive is not signed: the checksums come from the same place as the files"
        return 0
    fi
    signature=$work/index.minisig
    get "signatures/index-$index_version.minisig" "$signature" ||
        die 12 "the archive has no signature, and it must have one: $(reason)" "ask its publisher"
    verify_signature "$signature" "$wanted_key"
    case $verdict in
        right) check_comment ;;
        wrong)
            die 12 "the index of the archive is not signed with the key $wanted_key" \
                "somebody changed it, or this is another archive; install nothing from there, and ask its publisher"
            ;;
        *)
            [ -z "$key" ] || die 12 "nothing here can check the signature" "install minisign, OpenSSL 3 or Python 3"
            warn "nothing here can check the archive's signature (minisign, OpenSSL 3 or Python 3 could):" \
                "the checksums come from the same place as the files"
            ;;
    esac
}

# What the signature itself says that it is for.
check_comment() {
    stated=$expires
    [ "$expires" != null ] || stated=never
    comment=$(sed -n '3s/^trusted comment: //p' "$signature")
    [ "$comment" = "keel archive:$index_id file:index.json version:$index_version expires:$stated" ] ||
        die 12 "the signature is for something else: $comment" "files of different archives or versions are mixed up there"
    say "The archive's signature is right (checked with $checker)."
}

# verify_signature FILE KEY: of the index. Sets `checker`, and `verdict`: right, wrong, or unknown where nothing here can tell.
verify_signature() {
    verdict=unknown
    if has minisign; then
        checker=minisign verdict=wrong
        if minisign -Vqm "$index" -x "$1" -P "$2" >/dev/null 2>&1 </dev/null; then verdict=right; fi
        return 0
    fi
    case $(openssl version 2>/dev/null) in 'OpenSSL '[3-9]*) checker=OpenSSL && verify_with_openssl "$1" "$2" ;; esac
    if [ "$verdict" = unknown ] && has_python; then
        checker=Python
        python3 -I -c "$python_verify" "$index" "$1" "$2" 2>/dev/null </dev/null
        case $? in 0) verdict=right ;; 3) ;; *) verdict=wrong ;; esac
    fi
}

decode() { printf '%s\n' "$1" | openssl base64 -d -A 2>/dev/null; }

# bytes FILE FROM COUNT
bytes() { dd if="$1" bs=1 skip="$2" count="$3" 2>/dev/null; }

# Minisign's prehashed signature: Ed25519 of the file's BLAKE2b-512; and one of that signature with the trusted comment.
verify_with_openssl() {
    openssl dgst -blake2b512 -binary "$index" >"$work/digest" 2>/dev/null || return 0
    verdict=wrong
    decode "$2" >"$work/key" && decode "$(sed -n 2p "$1")" >"$work/both" && decode "$(sed -n 4p "$1")" >"$work/outer" || return 0
    { [ "$(size_of "$work/both")" = 74 ] && [ "$(bytes "$work/both" 0 2)" = ED ]; } || return 0
    [ "$(bytes "$work/both" 2 8 | od -An -tx1)" = "$(bytes "$work/key" 2 8 | od -An -tx1)" ] || return 0
    { printf '\060\052\060\005\006\003\053\145\160\003\041\000' && bytes "$work/key" 10 32; } >"$work/key.der"
    bytes "$work/both" 10 64 >"$work/inner"
    { cat "$work/inner" && sed -n '3s/^trusted comment: //p' "$1" | tr -d '\n'; } >"$work/message"
    openssl_says "$work/digest" "$work/inner" && openssl_says "$work/message" "$work/outer" && verdict=right
    return 0
}

# openssl_says MESSAGE SIGNATURE: status 0 if it fits; `verdict` is unknown if this OpenSSL cannot tell.
openssl_says() {
    case $(openssl pkeyutl -verify -pubin -inkey "$work/key.der" -keyform DER -rawin -in "$1" -sigfile "$2" 2>/dev/null </dev/null) in
        *Success*) return 0 ;;
        *Failure*) verdict=wrong ;;
        *) verdict=unknown ;;
    esac
    return 1
}

# Ed25519's verification as RFC 8032, section 6, has it. Nothing in it is secret.
python_verify='
import base64, hashlib, sys
if not hasattr(hashlib, "blake2b"):
    sys.exit(3)
p = 2**255 - 19
q = 2**252 + 27742317777372353535851937790883648493
d = -121665 * pow(121666, p - 2, p) % p
def add(P, Q):
    A, B = (P[1] - P[0]) * (Q[1] - Q[0]) % p, (P[1] + P[0]) * (Q[1] + Q[0]) % p
    C, D = 2 * P[3] * Q[3] * d % p, 2 * P[2] * Q[2] % p
    E, F, G, H = B - A, D - C, D + C, B + A
    return E * F % p, G * H % p, F * G % p, E * H % p
def multiply(s, P):
    Q = (0, 1, 1, 0)
    while s > 0:
        if s & 1:
            Q = add(Q, P)
        P, s = add(P, P), s >> 1
    return Q
def equal(P, Q):
    return (P[0] * Q[2] - Q[0] * P[2]) % p == 0 and (P[1] * Q[2] - Q[1] * P[2]) % p == 0
def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(d * y * y + 1, p - 2, p) % p
    x = pow(square, (p + 3) // 8, p)
    if (x * x - square) % p:
        x = x * pow(2, (p - 1) // 4, p) % p
    assert y < p and (x * x - square) % p == 0 and (x or not sign)
    x = p - x if x & 1 != sign else x
    return x, y, 1, x * y % p
base = point((4 * pow(5, p - 2, p) % p).to_bytes(32, "little"))
def check(key, message, signature):
    assert len(key) == 32 and len(signature) == 64
    s = int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % q
    assert s < q and equal(multiply(s, base), add(point(signature[:32]), multiply(h, point(key))))
lines = open(sys.argv[2], "rb").read().split(b"\n")
key, both, outer = map(base64.b64decode, (sys.argv[3], lines[1], lines[3]))
assert both[:2] == b"ED" and both[2:10] == key[2:10] and lines[2].startswith(b"trusted comment: ")
check(key[10:], hashlib.blake2b(open(sys.argv[1], "rb").read()).digest(), both[10:])
check(key[10:], both[10:] + lines[2][17:], outer)
'

# An index that somebody holds back shows nothing newer; it says itself how long it may be believed.
check_age() {
    [ "$expires" != null ] || return 0
    now=$(date -u +%Y%m%dT%H%M%S)
    until=$(printf '%s' "$expires" | tr -d ':Z-')
    case $until in [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]) ;; *) die 12 "the index of the archive is damaged" ;; esac
    # In two numbers, for some shells count in 32 bits; the 1 keeps a 0 in front from meaning octal.
    if [ "${now%T*}" -gt "${until%T*}" ] ||
        { [ "${now%T*}" -eq "${until%T*}" ] && [ "1${now#*T}" -ge "1${until#*T}" ]; }; then
        die 12 "the index of the archive has expired: it was good until $expires" \
            "its publisher has to renew it; or is this clock wrong ($(date))?"
    fi
}

# What was seen at this address before is kept, so that an older or another archive is noticed.
check_history() {
    sum=$(sum_of "$index") || die 1 "nothing here can compute a SHA-256" "install sha256sum, shasum, openssl or python3"
    memory=${XDG_STATE_HOME:-${HOME:-/nonexistent}/.local/state}/keel/bootstrap-$(printf '%s' "$archive" | cksum | tr ' ' -)
    seen_id='' seen_version='' seen_sum=''
    if [ -f "$memory" ]; then read -r seen_id seen_version seen_sum <"$memory" || :; fi
    case $seen_version in '' | *[!0-9]*) seen_version=0 ;; esac
    if [ "$index_id" != "${pinned_id:-$index_id}" ] || [ "$index_id" != "${seen_id:-$index_id}" ]; then
        die 12 "this is another archive than before at this address" "ask its publisher; if it was made anew: rm $memory"
    fi
    newest_seen=$least_version
    [ "$seen_version" -le "$newest_seen" ] || newest_seen=$seen_version
    if [ "$index_version" -lt "$newest_seen" ]; then
        die 12 "the archive was rolled back: it has version $index_version, and it had $newest_seen before" \
            "an old mirror or cache, or somebody who holds newer installers back; ask its publisher"
    fi
    if [ "$index_version" -eq "$seen_version" ] && [ "$sum" != "$seen_sum" ]; then
        die 12 "version $index_version of the archive has other content than the last time" "ask its publisher"
    fi
    # shellcheck disable=SC2015 # a home that cannot be written to is no reason to stop
    mkdir -p "${memory%/*}" 2>/dev/null && printf '%s\n' "$index_id $index_version $sum" 2>/dev/null >"$memory" || :
}

# --- Which installer? ---------------------------------------------------------------------------------------------------

# A line for each installer: {"file":"X.sh","format":"sh", …
installers() { grep '^{"file":' "$index"; }

# field NAME LINE: prints a value of an installer's line.
field() { printf '%s\n' "$2" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }

# having KEY VALUE [END]: the lines with that value; none are left out where VALUE is empty.
having() {
    if [ -z "$2" ]; then cat; else grep "\"$1\": *\"$(printf '%s' "$2" | sed 's/[.]/[.]/g')${3-\"}"; fi
}

candidates() {
    case $python in *.*.*) end='"' ;; *) end='[.]' ;; esac
    installers | having platform "$1" | having format "$2" | having name "$name" | having version "$version" |
        having python "$python" "$end"
}

choose() {
    [ -n "$platform" ] || platform=$here
    case $platform in windows-*) format='exe' ;; *) format='sh' ;; esac
    choose_name
    candidates "$platform" "$format" >"$work/candidates"
    if [ ! -s "$work/candidates" ] && [ "$platform" = macos-arm64 ] && arch -x86_64 /usr/bin/true 2>/dev/null; then
        candidates macos-x86_64 sh >"$work/candidates"
        [ ! -s "$work/candidates" ] || say "There is none for Apple silicon; the one for Intel runs by Rosetta."
    fi
    [ -s "$work/candidates" ] || die 3 \
        "the archive has no $name${version:+ $version}${python:+ for Python $python} for $platform" "see what it has: $archive/"
    choose_newest
    file=$(field file "$line") size=$(field size "$line") sha256=$(field sha256 "$line")
    case $file in '' | .* | *[!A-Za-z0-9._+!-]*) die 12 "the index of the archive is damaged" ;; esac
}

choose_name() {
    names=$(installers | sed -n 's/.*"name": *"\([^"]*\)".*/\1/p' | sort -u)
    if [ -z "$name" ]; then
        case "
$names
" in *"
$default_name
"*) name=$default_name ;; esac
        [ -n "$name" ] || case $names in
            '') die 3 "the archive is empty" ;;
            *'
'*) die 2 "what is to be installed? There are: $(printf '%s' "$names" | tr '\n' ' ')" "choose one: --name NAME" ;;
            *) name=$names ;;
        esac
    fi
}

# The candidate that the archive calls the latest one, if this system is new enough for it; else the first that will do.
choose_newest() {
    label=$(field file "$(sed -n 1p "$work/candidates")" | sed 's/.*-py[0-9]*-//')
    title=$(printf '%s' "$name" | cut -c 1 | tr '[:lower:]' '[:upper:]')$(printf '%s' "$name" | cut -c 2-)
    minor=$(printf '%s' "$python" | sed -n 's/^\(3\)\.\([0-9]*\).*/-py\1\2/p')
    latest=$(grep -F "\"$title-latest$minor-$label\":" "$index" | sed -n '1s/.*": *"\([^"]*\)".*/\1/p')
    line='' too_new=''
    [ -n "$version" ] || consider "$(having file "${latest:-none}" <"$work/candidates")"
    while [ -z "$line" ] && read -r one; do
        consider "$one"
    done <"$work/candidates"
    [ -n "$line" ] || die 3 "$too_new" "use a newer system, or an installer that was built for older ones"
    [ -z "$too_new" ] || warn "$too_new; taking an older one"
}

# consider LINE: sets `line` if this system can run it. A --platform that is not this one is not asked.
consider() {
    needs=$(field glibc "$1")$(field macos "$1")
    if [ -n "$1" ] && [ "$platform" = "$here" ] && [ -n "$needs" ] && [ -n "$libc" ] && older "$libc" "$needs"; then
        : "${too_new:="$(field file "$1") needs $([ "$kernel" = Linux ] && echo glibc || echo macOS) $needs or newer, and this system has $libc"}"
        return 0
    fi
    line=$1
}

# --- The story ----------------------------------------------------------------------------------------------------------

can_ask() { (: </dev/tty) 2>/dev/null; }

confirm() {
    [ -z "$yes" ] || return 0
    can_ask || die 2 "there is no terminal to ask: nothing was installed" "to go on without questions: -y"
    printf '%s' "Download and run it? [yes|no] " >/dev/tty
    read -r answer </dev/tty || answer=no
    case $answer in [Yy] | [Yy][Ee][Ss]) ;; *) die 8 "cancelled; nothing was installed" ;; esac
}

# The folder for temporary files is often small: the first of these with room for the file.
make_work_folder() {
    umask 077
    for folder in "${TMPDIR:-/tmp}" /var/tmp "${HOME:-/tmp}"; do
        work=$folder/keel-install-$$-$(date +%S)
        mkdir "$work" 2>/dev/null && return 0
    done
    work=''
    die 6 "there is no folder for temporary files" "set TMPDIR"
}

# megabytes BYTES: whole ones; as text, for some shells count in 32 bits.
megabytes() { case $1 in ???????*) printf '%s\n' "${1%??????}" ;; *) echo 0 ;; esac; }

# room FOLDER: does the file fit?
room() {
    free=$(df -Pk "$1" 2>/dev/null | sed -n '2s/.* \([0-9][0-9]*\)  *[0-9-]*%.*/\1/p')
    [ -z "$free" ] || [ "$(megabytes "${free}000")" -gt "$(megabytes "$size")" ]
}

choose_place() {
    if [ -n "$download" ]; then
        place=$PWD/$file.part
        room "$PWD" || die 6 "there is no room for the file in $PWD"
        return 0
    fi
    for folder in "$work" /var/tmp "${HOME:-/tmp}"; do
        room "$folder" && [ -w "$folder" ] || continue
        [ "$folder" = "$work" ] || { rm -rf "$work" && work=$folder/keel-install-$$-large && mkdir "$work"; }
        place=$work/$file
        return 0
    done
    die 6 "there is no room for $(megabytes "$size") MB in the folders for temporary files" "set TMPDIR"
}

fetch_installer() {
    choose_place
    # A part that a broken run has left may be of something else: then the whole is fetched once more.
    for round in 1 2; do
        get_large "$file" "$place" "$size"
        case $? in
            0) [ "$(sum_of "$place")" != "$sha256" ] || return 0 ;;
            1) die 11 "$file cannot be downloaded: $(reason)" "try again" ;;
        esac
        rm -f "$place"
        [ "$round" = 2 ] || say "What arrived is not the right file; downloading it once more."
    done
    die 5 "$file is not the file that the archive's index names: its size or SHA-256 is another one" \
        "it was damaged on its way, or somebody changed it; nothing was run"
}

# run_installer OPTIONS: with the terminal as its input, for this script may be the input of the shell.
run_installer() {
    set -- "$place" ${yes:+-b} "$@"
    [ -z "$prefix" ] || set -- "$@" -p "$prefix"
    if [ -z "$yes" ]; then sh "$@" </dev/tty; else sh "$@" </dev/null; fi
    code=$?
    exit "$code"
}

# shellcheck disable=SC2329 # the traps call it
clean_up() {
    trap - EXIT
    [ -z "$child" ] || kill "$child" 2>/dev/null
    [ -z "$work" ] || rm -rf "$work"
}

main() {
    if [ -n "${ZSH_VERSION-}" ]; then emulate sh; fi
    set -u
    export LC_ALL=C
    if [ -t 2 ] && [ -z "${NO_COLOR-}" ]; then colour=$(printf '\033[1;31m') plain=$(printf '\033[0m'); fi
    trap clean_up EXIT
    trap 'clean_up; exit 129' HUP
    trap 'clean_up; exit 130' INT
    trap 'clean_up; exit 143' TERM
    unset_marks
    parse_options "$@"
    count_options "$@"
    shift "$own"
    check_options
    if [ -z "$download" ] || [ -z "$platform" ]; then find_platform; else here='' kernel='' libc=''; fi
    case $archive in http://* | https://*) find_tool ;; esac
    make_work_folder
    get_index
    check_index
    choose
    say "$file, $(megabytes "$size") MB, SHA-256 $sha256"
    if [ -n "$dry_run" ]; then
        say "Nothing was downloaded or installed (--dry-run)."
        exit 0
    fi
    if [ -n "$download" ]; then
        fetch_installer
        mv -f "$place" "$PWD/$file"
        say "It is here, and it is the right file: $PWD/$file"
        exit 0
    fi
    [ "$format" = sh ] || die 2 "$platform is not this system" "to get the file all the same: --download"
    confirm
    fetch_installer
    run_installer "$@"
}

main "$@"
