/* What this machine is like, and what belongs to it rather than to one distribution. */
#ifndef KEEL_SYSTEM_H
#define KEEL_SYSTEM_H

#include <stdbool.h>

#include "failure.h"

/* Against planted DLLs: from now on, libraries come from the system's own folder only. */
void system_harden(void);

/* Fails with CODE_SYSTEM on a Windows older than 10. */
bool system_check(struct failure *why);

/* Whether this process may change the machine for all users. */
bool system_is_elevated(void);

/* Whether all programs may use paths of more than 260 characters; and make it so (needs elevation). */
bool system_has_long_paths(void);
bool system_enable_long_paths(struct failure *why);

/* A path with `~` in front and %NAME% in it as it is on this machine, with `/`. */
char *system_expand(const char *path);

/* The full path of this program's file, with `/`. */
char *system_own_path(void);

/* Whether the path of a program says that it was unpacked by a viewer of archives, which removes it without asking. */
bool system_in_archive_viewer(const char *path);

/* Folders that nobody installs into or removes: roots of drives and shares, the profile, Windows, Program Files,
 * and every folder that holds one of them. path: absolute, with `/`. */
bool system_is_precious(const char *path);

/* Whether the next start of Windows is going to remove or replace something in this folder. */
bool system_restart_is_pending_for(const char *folder);

/* From now on, let only administrators write in the folders that os_make_folder makes, and in what comes into being in them;
 * everybody may read it. */
bool system_protect_new_folders(struct failure *why);

/* Have a file or an empty folder removed at the next start of Windows (needs elevation). */
bool system_remove_at_restart(const char *path);

/* Tell running programs that the environment has changed. */
void system_announce_environment(void);

/* Run a program of the base without a window: words are its arguments up to NULL, the first one its path. What it says goes into
 * the log. Its exit code; -1 where it could not be started, or was ended with all that it had started: after `seconds`, and
 * where it is cancellable, by os_cancelled. */
int system_run(const char *const words[], unsigned seconds, bool cancellable);

/* Start this program again with elevation and wait for its end; false where the user declines. */
bool system_run_elevated(const char *arguments, int *code, struct failure *why);

/* Remove this program's own file and then its folder, if that is empty, as soon as the program has ended. */
void system_remove_self_later(const char *folder);

#endif
