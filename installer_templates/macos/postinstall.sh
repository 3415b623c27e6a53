
# --- Its own files have been copied: install ----------------------------------------------------------------------------

packages=@@packages@@

main() {
    find_places "${2-}"
    trap 'leave $?' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start_log "${1-}"
    check_system
    choose_prefix "$candidate" || die 4 "$reason"
    [ -x "$staging/keel-engine" ] || die 1 "what the package lays down is not in $staging" "start the installation again"
    find_people
    say "installing $app_title $app_version into $prefix"
    install_payload
    note_receipts "${3-}"
    give_to_owner "$prefix"
    settle_base
    ! is_chosen shortcut || make_shortcut
    ! is_chosen shell || initialise_shell
    keep_log "$prefix/keel-meta/logs"
    give_to_owner "$prefix/keel-meta/logs"
    say "$app_title $app_version is installed in $prefix"
}

# shellcheck disable=SC2329  # called by a trap
leave() {
    remove_staging "$staging"
    remove_staging "$home/$staging_folder"
    [ "$(id -u)" -ne 0 ] || remove_staging "/$staging_folder"
    [ "$1" -eq 0 ] || give_up
}

# remove_staging FOLDER: with those above it that came with it; macOS has its own in / and in homes.
remove_staging() {
    rm -rf "$1"
    above=${1%/*}
    case ${above%/"${staging_folder%/*}"} in '' | "$home") return 0 ;; esac
    rmdir "$above" "${above%/*}" 2>/dev/null || :
}

# is_chosen CHOICE: its mark may lie where the base's files lie, or in / or the home folder.
is_chosen() {
    for marks in "$staging" "$home/$staging_folder" "/$staging_folder"; do
        if [ -e "$marks/$1" ]; then return 0; fi
    done
    return 1
}

# Sets `person` to who sits in front of an Installer that is root, and `owner` to who gets the base: whose folder it is put into.
# Both are empty where there is nobody else.
find_people() {
    owner='' person=''
    [ "$(id -u)" -eq 0 ] || return 0
    person=${SUDO_USER:-${USER-}}
    case $person in '' | root) person=$(stat -f %Su /dev/console 2>/dev/null) || person='' ;; esac
    id -u "$person" >/dev/null 2>&1 || person=''
    nearest_folder "${prefix%/*}/"
    # shellcheck disable=SC2012  # one folder of a known name; `ls -ld` is the only way that POSIX has
    owner=$(ls -ld "$result" | sed -n '1s/^[^ ]* *[0-9]* *\([^ ]*\) .*/\1/p')
    # Names with an underscore are those of macOS itself.
    case $person in root | _*) person='' ;; esac
    case $owner in root | _*) owner='' ;; esac
}

# give_to_owner PATH
give_to_owner() {
    [ -z "$owner" ] || chown -R "$owner:$(id -gn "$owner")" "$1" || warn "$1 could not be given to $owner"
}

# as_user NAME COMMAND...: NAME may be empty.
as_user() {
    run_as=$1
    shift
    if [ -n "$run_as" ]; then sudo -H -u "$run_as" "$@"; else "$@"; fi
}

install_payload() {
    engine_code=0
    "$staging/keel-engine" install "$staging/payload" --offset 0 --prefix "$prefix" >"$staging/messages" 2>&1 </dev/null ||
        engine_code=$?
    pass_on "$staging/messages"
    record "the engine ended with code $engine_code"
    [ "$engine_code" -eq 0 ] || exit "$engine_code"
    # No second copy of everything while the rest is done.
    rm -f "$staging/payload" "$staging/keel-engine"
}

# `keel uninstall` makes macOS forget what it has noted about this package: a line for each receipt and where it is kept.
note_receipts() {
    case $destination in
        "$home" | "$home"/*) if [ "$(id -u)" -eq 0 ]; then receipts=${1:-/}; else receipts=$home; fi ;;
        *) receipts=${1:-/} ;;
    esac
    for package in $packages; do
        printf '%s\t%s\n' "$package" "$receipts"
    done >"$prefix/keel-meta/receipts.txt"
}

# A file that Terminal runs when it is double-clicked, and that `keel uninstall` finds.
make_shortcut() {
    case $(id -u):$destination in
        0:"$home" | 0:"$home"/*) applications=$home/Applications ;;
        0:*) applications=/Applications ;;
        *) applications=$home/Applications ;;
    esac
    shortcut="$applications/$app_title Prompt.command"
    if [ -e "$shortcut" ] || [ -L "$shortcut" ]; then
        warn "there is a file $shortcut already, which stays as it is"
    elif write_shortcut >"$staging/shortcut.command" && chmod 755 "$staging/shortcut.command" &&
        as_user "$owner" mkdir -p "$applications" && as_user "$owner" cp "$staging/shortcut.command" "$shortcut"; then
        printf '%s\n' "$shortcut" >"$prefix/keel-meta/outside.txt"
    else
        warn "the base is installed, but $shortcut could not be written"
    fi
}

write_shortcut() {
    quote "$prefix"
    cat <<SHORTCUT
#!/bin/sh
# Opens a shell with $app_title $app_version; made by its installer, and removed by 'keel uninstall'.
KEEL_ROOT=$result
. "\$KEEL_ROOT/etc/profile.d/keel.sh"
keel activate
cd
exec "\${SHELL:-/bin/zsh}" -i
SHORTCUT
}

settle_base() {
    engine_code=0
    as_user "$owner" "$prefix/cmd/keel" --settle >"$staging/messages" 2>&1 </dev/null || engine_code=1
    pass_on "$staging/messages"
    [ "$engine_code" -eq 0 ] || warn "the base is installed, but its pip does not know yet where its packages are"
}

# The base is complete without it, so that its failure is told and no more.
initialise_shell() {
    if [ "$(id -u)" -eq 0 ] && [ -z "$person" ]; then
        warn "no shell was initialised, for nobody is logged in"
        return 0
    fi
    login_shell=$(dscl . -read "/Users/${person:-$(id -un)}" UserShell 2>/dev/null) || login_shell=''
    login_shell=${login_shell#UserShell: }
    engine_code=0
    as_user "$person" env SHELL="${login_shell:-${SHELL:-/bin/zsh}}" "$prefix/cmd/keel" init >"$staging/messages" 2>&1 </dev/null ||
        engine_code=1
    pass_on "$staging/messages"
    [ "$engine_code" -eq 0 ] || warn "the base is installed, but the shell could not be initialised; try: $prefix/cmd/keel init"
}

main "$@"
