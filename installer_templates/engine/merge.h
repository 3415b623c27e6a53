/* Merging a staged tree into a folder that may hold other things, so that it can be undone at any point.
 *
 * The staging folder's `journal` lists every move before the first one is made; `marker`, the payload's last file, waits
 * beside it and is moved at the very end. A staging folder with a journal and a marker is therefore a merge to be undone,
 * one with a journal and no marker is a merge that was complete. */
#ifndef KEEL_MERGE_H
#define KEEL_MERGE_H

#include <stdbool.h>

#include "failure.h"

/* Move everything in `<staging>/tree` into `prefix`. Fails with CODE_PREFIX before the first move where something is in the
 * way. After a failure, merge_undo puts everything back. */
bool merge_commit(const char *staging, const char *prefix, const char *marker, struct failure *why);

/* Undo what the journal lists, unless the merge was complete. Does nothing without a journal. */
bool merge_undo(const char *staging, const char *prefix, struct failure *why);

#endif
