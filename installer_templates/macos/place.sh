
# --- Where things are ---------------------------------------------------------------------------------------------------

system_prefix=@@system_prefix@@
home_prefix=@@home_prefix@@
folder_name=@@folder_name@@
staging_folder=@@staging_folder@@
# Installer knows no option such as -f of the other installers.
force='' force_advice=''

# find_places DESTINATION: sets `home`, `destination`, `staging` (where the package's own files are) and `candidate`.
find_places() {
    absolute "${HOME:-/}"
    home=$result
    [ "$home" != / ] || home=/nowhere
    absolute "${1:-/}"
    destination=$result
    staging=${destination%/}/$staging_folder
    case $destination in
        /) candidate=$system_prefix ;;
        "$home") candidate=$home/$home_prefix ;;
        *) candidate=$destination/$folder_name ;;
    esac
}

# Logs of macOS are in a folder of their own: the user's, or the system's for what is installed for all.
start_log() {
    case $destination in
        "$home" | "$home"/*) open_log "$home/Library/Logs" "${TMPDIR:-/tmp}" /tmp ;;
        *) open_log /Library/Logs "${TMPDIR:-/tmp}" /tmp ;;
    esac
    record "package: ${1-}"
    record "destination: $destination"
}

# give_up: tells why, where somebody sits in front of the Installer; its own window says only that it failed.
give_up() {
    [ -n "$log" ] || return 0
    printf '%s\n' "log: $log" >&2 || :
    [ -z "${COMMAND_LINE_INSTALL-}" ] || return 0
    alert_text=$(sed -n 's/^error: //p; s/^hint: //p' "$log" 2>/dev/null) || alert_text=''
    osascript -e 'on run texts' \
        -e 'display alert (item 1 of texts) message (item 2 of texts) as critical giving up after 300' \
        -e 'end run' "$app_title could not be installed" "$alert_text

Log: $log" >/dev/null 2>&1 || :
}
