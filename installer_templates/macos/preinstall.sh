
# --- Before anything is copied: can it be installed here? ---------------------------------------------------------------

main() {
    find_places "${2-}"
    trap '[ $? -eq 0 ] || give_up' EXIT
    start_log "${1-}"
    check_system
    choose_prefix "$candidate" || die 4 "$reason"
    say "$app_title $app_version is going to be installed into $prefix"
    drop_log
}

main "$@"
