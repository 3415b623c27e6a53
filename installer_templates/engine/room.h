/* Whether a folder has room for what a payload announces: for its paths, and for its bytes. */
#ifndef KEEL_ROOM_H
#define KEEL_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* Programs must be able to use every path below `prefix`, of which the longest has `longest` UTF-16 code units. Fails with
 * CODE_PREFIX. */
bool room_check_length(const char *prefix, uint64_t longest, struct failure *why);

/* What is needed at the very least: the files' bytes, and half as many inodes as there are names, because links into the
 * store need none. Fails with CODE_WRITE. */
bool room_check_space(const char *prefix, uint64_t bytes, uint64_t files, struct failure *why);

/* Free bytes and inodes where `path` is or is going to be; an errno value where that is unknown. */
int room_free(const char *path, uint64_t *bytes, uint64_t *inodes);

#endif
