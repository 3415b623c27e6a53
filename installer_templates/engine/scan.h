/* Lists a tree with the inode number of everything in it: `keel-engine scan`. */
#ifndef KEEL_SCAN_H
#define KEEL_SCAN_H

#include <stdbool.h>

#include "failure.h"

/* Write on standard output what is in the tree at `path` (docs/engine.md, "Listing trees"). */
bool command_scan(const char *path, struct failure *why);

#endif
