/* The list of what was in a prefix before something was installed there: its removal must spare that. */
#ifndef KEEL_FOREIGN_H
#define KEEL_FOREIGN_H

#include <stdbool.h>

#include "failure.h"

/* Write the relative paths of all files, links and empty folders in `prefix`, one a line, into a new file `list` (relative)
 * of the tree that is to be merged into it. Our staging folder is left out. */
bool foreign_write_list(const char *prefix, const char *tree, const char *list, struct failure *why);

#endif
