/* The staging folder: where a base comes into being, so that nothing is visible until everything is verified.
 *
 * Usually `<parent>/.<name>.keel-staging`, beside the prefix and moved there by one rename. Where the prefix is filled, is
 * a mount point, belongs to somebody else, or has a parent that cannot be written to: `<prefix>/.keel-staging`, from
 * which everything is merged into the prefix (merge.h). In it lie `lock`, `tree` and, while merging, `journal` and
 * `marker`. */
#ifndef KEEL_STAGE_H
#define KEEL_STAGE_H

#include <stdbool.h>

#include "failure.h"
#include "os.h"

/* prefix: absolute and without links. tree: where to unpack. filled: the prefix held something before.
 * first_parent: the outermost folder that was made to hold the prefix, or NULL. */
struct stage {
    char *prefix, *folder, *tree, *first_parent;
    os_file lock;
    bool locked, in_place, exists, filled;
};

/* Lock and empty the staging folder for `prefix`, after rolling back what a killed run left there. marker: the file that
 * tells an installed prefix. force: a filled prefix is allowed. Close the stage also after a failure. */
bool stage_open(struct stage *self, const char *prefix, const char *marker, bool force, struct failure *why);

/* Force the tree to the disk, and make it the prefix or merge it into the prefix; `marker` comes last. Nothing is cancelled
 * from the moment when this has happened. */
bool stage_commit(struct stage *self, const char *marker, struct failure *why);

/* Remove the staging folder, and after a failure whatever else came into being. */
void stage_close(struct stage *self, struct failure *why);

#endif
