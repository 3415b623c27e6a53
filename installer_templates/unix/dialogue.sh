
# --- The dialogue: Miniconda's ------------------------------------------------------------------------------------------

# read_answer PROMPT: sets `answer`. The end of the input means no: it cancels what has not been done yet.
read_answer() {
    ask "$1"
    answer=''
    if ! read -r answer && [ -z "$answer" ]; then
        say
        [ -n "$installed" ] || cancel
        answer=no
    fi
    # A terminal has shown the answer already.
    if [ -t 0 ]; then record "$answer"; else say "$answer"; fi
}

cancel() {
    say "The installation was cancelled; nothing was changed."
    drop_log
    exit 8
}

# ask_yes_no QUESTION DEFAULT: status 0 for yes. Without a DEFAULT it asks until there is an answer.
ask_yes_no() {
    while :; do
        say "$1 [yes|no]"
        read_answer "[${2:-no answer yet}] >>> "
        case ${answer:-$2} in
            [Yy] | [Yy][Ee][Ss]) return 0 ;;
            [Nn] | [Nn][Oo]) return 1 ;;
        esac
        say "Please answer 'yes' or 'no'."
    done
}

interview() {
    say
    say_bold "Welcome to $app_title $app_version${app_company:+ by $app_company}"
    say
    say "This installs Python $python_version and its packages ($installed_files files, $installed_megabytes MB),"
    say "for $platform_label. It needs no network and changes nothing outside the folder that you choose."
    say
    [ -z "$license" ] || ask_license
    ask_prefix
}

ask_license() {
    if [ -t 0 ] && [ -t 1 ]; then
        say "Please read the license agreement first."
        read_answer "Press ENTER to continue >>> "
        show_in_pager
    else
        printf '%s\n' "$license"
    fi
    say
    ask_yes_no "Do you accept the license terms?" '' || cancel
    say
}

show_in_pager() {
    pager=${PAGER:-more}
    command -v "${pager%% *}" >/dev/null 2>&1 || pager='cat'
    # PAGER may hold options. A pager that is quit early is no failure.
    # shellcheck disable=SC2086
    (LC_ALL=$user_lc_all; set -f; printf '%s\n' "$license" | $pager) || :
}

ask_prefix() {
    say_bold "$app_title will be installed into this folder:"
    say "$wanted_prefix"
    say
    say "  - Press ENTER to confirm the location"
    say "  - Press CTRL-C to abort the installation"
    say "  - Or specify a different location below"
    say
    while :; do
        read_answer "[$wanted_prefix] >>> "
        # `yes | sh FILE` confirms the location too; ./yes is a folder of that name.
        case $answer in [Yy] | [Yy][Ee][Ss]) answer='' ;; esac
        if [ -z "$answer" ]; then
            answer=$wanted_prefix
        elif expand "$answer"; then
            answer=$result
        else
            complain "$reason"
            continue
        fi
        if choose_prefix "$answer"; then break; fi
        complain "$reason"
    done
}

offer_init() {
    say
    say "Shall '${app_name}' be made ready in every new shell? This runs 'keel init', which adds a line to your shell's"
    say "start-up file; 'keel init --reverse' takes it out again."
    if ask_yes_no "Initialise your shell?" no; then init_after=yes; fi
}
