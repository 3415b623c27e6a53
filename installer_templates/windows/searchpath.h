/* The variable PATH in the registry: folders separated by `;`. */
#ifndef KEEL_SEARCHPATH_H
#define KEEL_SEARCHPATH_H

#include <stdbool.h>

#include "failure.h"
#include "registry.h"

/* Whether a folder can stand on PATH: fails with CODE_PREFIX for `;` and `%`, which mean something there. */
bool searchpath_can_hold(const char *folder, struct failure *why);

/* Put a folder first on the user's PATH, or last on that of the machine, unless it is there already. */
bool searchpath_add(enum registry_root root, const char *folder, struct failure *why);

/* Take a folder off PATH; everything else stays as it is, byte for byte. A PATH that becomes empty is removed. */
bool searchpath_remove(enum registry_root root, const char *folder, struct failure *why);

/* The same on a text, new and without `folder`; *found says whether it was there. */
char *searchpath_without(const char *path, const char *folder, bool *found);

#endif
