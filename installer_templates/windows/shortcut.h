/* Entries of the Start menu. */
#ifndef KEEL_SHORTCUT_H
#define KEEL_SHORTCUT_H

#include <stdbool.h>

#include "failure.h"

/* Paths are absolute. icon: a file, or "". */
struct shortcut {
    const char *file, *target, *arguments, *folder, *icon, *description;
};

/* The Start menu's folder for programs, of this user or of all, with `/`; NULL where there is none. */
char *shortcut_menu(bool all_users);

/* Write the .lnk file; its folder is there. */
bool shortcut_write(const struct shortcut *shortcut, struct failure *why);

#endif
