#include "strings.h"

#include "kept.h"

/* A translation is another table like this one. What a `%s` stands for is written behind the text. */
static const char *const ENGLISH[TEXT_COUNT] = {
    [TEXT_SETUP_TITLE] = "%s %s Setup",     /* title, version */
    [TEXT_REMOVAL_TITLE] = "Remove %s %s", /* title, version */
    [TEXT_BACK] = "< &Back",
    [TEXT_NEXT] = "&Next >",
    [TEXT_INSTALL] = "&Install",
    [TEXT_REMOVE] = "&Remove",
    [TEXT_CANCEL] = "Cancel",
    [TEXT_FINISH] = "&Finish",
    [TEXT_CLOSE] = "&Close",

    [TEXT_WELCOME_TITLE] = "Welcome to %s %s", /* title, version */
    [TEXT_WELCOME] = "This installs Python %s with the packages of %s on your computer. Nothing is fetched from the "
                     "network.\n\n"
                     "Until everything has been unpacked and checked, nothing changes, and you can cancel at any time.\n\n"
                     "Press Next to go on.", /* Python version, title */
    [TEXT_WELCOME_COMPANY] = "Offered by %s", /* company */

    [TEXT_LICENSE_TITLE] = "License",
    [TEXT_LICENSE] = "Please read the terms under which you may use %s.", /* title */
    [TEXT_LICENSE_ACCEPT] = "I &accept the terms",
    [TEXT_LICENSE_DECLINE] = "I &do not accept the terms",

    [TEXT_SCOPE_TITLE] = "Who is it for?",
    [TEXT_SCOPE] = "Choose whether all users of this computer or only you get %s.", /* title */
    [TEXT_SCOPE_ME] = "Just &me (recommended)",
    [TEXT_SCOPE_ME_MORE] = "Goes into your own folder; needs no special rights.",
    [TEXT_SCOPE_ALL] = "&All users of this computer",
    [TEXT_SCOPE_ALL_MORE] = "Needs the rights of an administrator, for which Windows asks now. Others can use it, but not "
                            "change it.",

    [TEXT_FOLDER_TITLE] = "Where should it go?",
    [TEXT_FOLDER] = "%s is installed into a folder of its own, which must be new or empty.", /* title */
    [TEXT_FOLDER_LABEL] = "&Folder:",
    [TEXT_FOLDER_BROWSE] = "B&rowse...",
    [TEXT_FOLDER_PICK] = "Choose the folder that is to hold the new one:",
    [TEXT_FOLDER_SPACE] = "Needed: %s. Free: %s.", /* sizes */
    [TEXT_FOLDER_SPACE_UNKNOWN] = "Needed: %s.",   /* size */
    [TEXT_FOLDER_LONG_PATHS] = "Allow &long paths on this computer (Windows asks for an administrator)",

    [TEXT_OPTIONS_TITLE] = "Options",
    [TEXT_OPTIONS] = "What else should be set up? The uninstaller takes all of it away again.",
    [TEXT_OPTIONS_PATH] = "Add to &PATH",
    [TEXT_OPTIONS_PATH_ME] = "keel, python and all scripts can be started in every prompt.",
    [TEXT_OPTIONS_PATH_ALL] = "The command keel can be started in every prompt.",
    [TEXT_OPTIONS_PYTHON] = "Register as a P&ython",
    [TEXT_OPTIONS_PYTHON_MORE] = "Editors and the py launcher find it, as Python %s of %s.", /* minor version, company */
    [TEXT_OPTIONS_SHORTCUTS] = "&Shortcuts in the Start menu",
    [TEXT_OPTIONS_SHELLS] = "Initialise s&hells",
    [TEXT_OPTIONS_SHELLS_MORE] = "Lets \"keel activate\" work in every new prompt (keel init).",

    [TEXT_PROGRESS_TITLE] = "Installing",
    [TEXT_PROGRESS] = "%s is being installed to %s", /* title, folder */
    [TEXT_PROGRESS_PREPARING] = "Preparing...",
    [TEXT_PROGRESS_UNIT] = "Unpacking and checking %s", /* package */
    [TEXT_PROGRESS_FINISHING] = "Finishing...",
    [TEXT_PROGRESS_COMPILING] = "Finishing: compiling modules, for faster starts...",
    [TEXT_PROGRESS_BACK] = "Cancelling: putting everything back...",

    [TEXT_DONE_TITLE] = "%s is installed", /* title */
    [TEXT_DONE] = "It is in %s\n\nPress Finish to close this window.", /* folder */
    [TEXT_DONE_PROMPT] = "Open a &prompt in which it is active",
    [TEXT_SHOW_LOG] = "Show the &log",
    [TEXT_FAILED_TITLE] = "%s was not installed", /* title */
    [TEXT_FAILED] = "%s\n\nThe computer is as it was before.", /* what went wrong */
    [TEXT_CANCELLED_TITLE] = "Cancelled",
    [TEXT_CANCELLED] = "%s was not installed. The computer is as it was before.", /* title */
    [TEXT_CANCEL_QUESTION] = "Do you want to cancel the installation?",
    [TEXT_DAMAGED_TITLE] = "Setup",
    [TEXT_SECOND_INSTANCE] = "Setup of %s is open already. End that one first.", /* title */
    [TEXT_ARCHIVE_VIEWER] = "Setup was started from inside an archive (such as a zip file). Unpack the archive first, "
                            "and start setup from the folder that you unpacked it to.",

    [TEXT_REMOVAL_PAGE_TITLE] = "Remove %s %s?", /* title, version */
    [TEXT_REMOVAL_PAGE] = "This removes it from %s, with everything that was registered for it. Files of your own "
                          "beside it stay.",
    [TEXT_REMOVAL_ENVIRONMENTS] = "It holds these environments, which cannot run without it:", /* names follow */
    [TEXT_REMOVAL_ENVIRONMENTS_TOO] = "Remove the &environments, too",
    [TEXT_REMOVING_TITLE] = "Removing",
    [TEXT_REMOVING] = "%s is being removed from %s", /* title, folder */
    [TEXT_REMOVED_TITLE] = "%s was removed", /* title */
    [TEXT_REMOVED] = "Everything that was installed is gone.",
    [TEXT_REMOVED_REST] = "Everything that was installed is gone. What stays in %s is yours.", /* folder */
    [TEXT_REMOVED_RESTART] = "Some files were in use; they go when the computer is restarted.",
    [TEXT_NOT_REMOVED_TITLE] = "%s could not be removed", /* title */
    [TEXT_NOT_REMOVED] = "%s\n\nYou can try again.", /* what went wrong */

    [TEXT_HELP_SETUP] =
        "%s %s (Python %s, %s)\n\n" /* title, version, Python, platform */
        "  /S                             install without asking; this accepts the license\n"
        "  /InstallationType=JustMe       for this user (default), or AllUsers (as administrator)\n"
        "  /AddToPath=0|1                 put it on PATH (default %d)\n"
        "  /RegisterPython=0|1            register it as a Python, PEP 514 (default %d)\n"
        "  /NoRegistry=0|1                write nothing to the registry\n"
        "  /NoShortcuts=0|1               make no shortcuts in the Start menu\n"
        "  /InitShells=0|1                run 'keel init' afterwards (default 0)\n"
        "  /EnableLongPaths=0|1           allow paths over 260 characters on this computer (as administrator)\n"
        "  /NoScripts=0|1                 accepted; there are no scripts to skip\n"
        "  /KeepPkgCache=0|1              accepted; the package store is always kept\n"
        "  /Log=FILE                      write the log there\n"
        "  /Verify                        check this file, install nothing\n"
        "  /Extract=FOLDER                unpack into a folder, register nothing\n"
        "  /Version                       show name and version\n"
        "  /D=FOLDER                      install there (default %s);\n"
        "                                 must be the last option, takes everything up to the end of the line\n\n"
        "Exit codes: 0 done, 2 wrong usage, 3 wrong system, 4 unusable folder, 5 damaged, 6 no space,\n"
        "7 folder or files in use, 8 cancelled, 9 needs an administrator, 10 restart first, 3010 done: restart needed.",
    [TEXT_HELP_REMOVAL] =
        "Removes %s %s.\n\n" /* title, version */
        "  /S                             without asking\n"
        "  /RemoveEnvironments=0|1        remove the environments in its folder, too (default 0)\n"
        "  /Log=FILE                      write the log there\n\n"
        "Exit codes: 0 done, 2 wrong usage, 4 not a base, 7 files in use, 8 cancelled, 9 needs an administrator,\n"
        "3010 done: restart needed.",
};

const char *string(enum string number)
{
    return ENGLISH[number];
}

const wchar_t *wide_string(enum string number)
{
    return kept_wide(ENGLISH[number]);
}
