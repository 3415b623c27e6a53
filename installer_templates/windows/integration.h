/* What an installed distribution adds to Windows outside its folder: the entry in the list of installed apps, PATH, its
 * registration as a Python (PEP 514), and shortcuts. Everything is planned first and recorded, so that it can be undone. */
#ifndef KEEL_INTEGRATION_H
#define KEEL_INTEGRATION_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "failure.h"
#include "record.h"

/* What the user wants. registry: whether anything may be written there at all. */
struct wishes {
    bool all_users, add_to_path, register_python, registry, shortcuts, init_shells;
};

/* Decide what is going to be added for a base in `prefix` (absolute, `/`), of which `tree` holds the files now.
 * Fills everything of the record but its names. */
bool integration_plan(const struct facts *facts, const struct wishes *wishes, const char *prefix, const char *tree,
                      struct record *record, struct failure *why);

/* Add it. bytes: what the base takes on the disk. After a failure, integration_undo removes what was added. */
bool integration_add(const struct facts *facts, const struct record *record, uint64_t bytes, struct failure *why);

/* Take it all away, but for the entry in the list of apps, which remains until the files are gone. Goes on after failures, of
 * which the first is kept. */
bool integration_undo(const struct record *record, struct failure *why);
bool integration_forget(const struct record *record, struct failure *why);

/* What cmd.exe is given so that it stays open with the base in `prefix` active. */
char *integration_prompt(const char *prefix);

/* The file name of the uninstaller in the prefix. */
char *integration_uninstaller(const struct facts *facts);

#endif
