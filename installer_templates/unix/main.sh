
# --- The story ----------------------------------------------------------------------------------------------------------

main() {
    parse_options "$@"
    case $action in
        help) usage && exit 0 ;;
        version) printf '%s\n' "$app_title $app_version (Python $python_version, $platform_label)" && exit 0 ;;
        offset) printf '%s\n' "$first_frame" && exit 0 ;;
    esac
    umask u=rwx
    forget_python_variables
    start_colours
    install_traps
    case $action in verify | list) inspect "$action" ;; esac
    install_base
}

install_base() {
    open_log "${TMPDIR:-/tmp}" /tmp "${HOME:-/tmp}"
    check_system
    propose_prefix
    if [ -n "$batch" ]; then
        choose_prefix "$wanted_prefix" || die 4 "$reason"
    else
        interview
    fi
    record "prefix: $prefix"
    say "installing $app_title $app_version into $prefix"
    install_payload
    keep_log "$prefix/keel-meta/logs"
    finish
}

propose_prefix() {
    if [ -n "$prefix_option" ]; then
        wanted_prefix=$prefix_option
    elif expand "$default_prefix"; then
        wanted_prefix=$result
    else
        die 2 "there is no default folder: $reason" "name one: -p PREFIX"
    fi
    absolute "$wanted_prefix"
    wanted_prefix=$result
}

finish() {
    final_code=0
    settle_base
    [ -z "$test_after" ] || test_base || final_code=1
    if [ -z "$batch" ] && [ -z "$init_after" ]; then offer_init; fi
    [ -z "$init_after" ] || initialise_shell || final_code=1
    explain_use
    exit "$final_code"
}

# What names the place of the base: where its pip looks for packages, and whose base it is; and bytecode that the installer
# does not hold. Without them the base works, too.
settle_base() {
    [ "$bytecode" != install ] || say "compiling modules, for faster starts"
    settle_code=0
    "$prefix/cmd/keel" --settle >"$work/messages" 2>&1 </dev/null || settle_code=1
    case $settle_code-$bytecode in 0-build | 0-none) return 0 ;; esac
    engine_code=1
    pass_on "$work/messages"
    [ "$settle_code" -ne 0 ] || return 0
    quote "$prefix/cmd/keel"
    warn "the base is installed, but its pip does not know yet where its packages are; try again: $result --settle"
}

test_base() {
    say "testing the installation"
    test_code=0
    # What the programs say goes into the log as well, by way of a file: a pipe would hide their exit codes.
    "$prefix/bin/python" -I -m pip check >"$work/messages" 2>&1 </dev/null || test_code=1
    "$prefix/bin/python" -I -c "$selftest" >>"$work/messages" 2>&1 </dev/null || test_code=1
    engine_code=$test_code
    pass_on "$work/messages"
    [ "$test_code" -eq 0 ] || complain "the base is installed, but it failed its test"
    return "$test_code"
}

initialise_shell() {
    if (LC_ALL=$user_lc_all; "$prefix/cmd/keel" init); then return 0; fi
    quote "$prefix/cmd/keel"
    complain "the base is installed, but the shell could not be initialised" "try it again: $result init"
    return 1
}

explain_use() {
    quote "$prefix"
    [ -n "$batch" ] || say
    say_bold "$app_title $app_version is installed in $prefix"
    quote "$prefix/etc/profile.d/keel.sh"
    say "to use it in this shell:      . $result && keel activate"
    quote "$prefix/cmd/keel"
    [ -n "$init_after" ] || say "to use it in every new shell: $result init"
    say "to remove it:                 $result uninstall"
}

main "$@"
# shellcheck disable=SC2317  # `main` exits; a shell must never read on, for binary data follows
exit
