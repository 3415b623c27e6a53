/* Removing a base: what an installer laid down and what came into being in those folders since, and nothing else. */
#ifndef KEEL_REMOVAL_H
#define KEEL_REMOVAL_H

#include <stdbool.h>

#include "failure.h"
#include "record.h"

/* prefix: the uninstaller's own folder (absolute, `/`).  own: the uninstaller's name there.  environments: remove `envs` too.
 * restart: some files can only be removed when Windows starts again.  left: something stays in the folder. */
struct removal {
    const char *prefix, *own;
    struct record record;
    bool environments, restart, left;
    struct record_list found; /* environments in the prefix, by name */
};

/* Read the record beside the uninstaller, and look what is there. Fails with CODE_PREFIX where it is not a base's folder. */
bool removal_open(struct removal *self, const char *own_path, struct failure *why);

/* Do it. After a failure it can be repeated. */
bool removal_run(struct removal *self, struct failure *why);

/* Remove a folder with everything in it: links and junctions are removed, not followed. Goes on after failures, of which the
 * first is kept; it names the file. */
bool removal_remove_tree(const char *path, struct failure *why);

#endif
