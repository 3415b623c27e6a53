/* What a prefix is like, before anything is done to it. */
#ifndef KEEL_PREFIX_H
#define KEEL_PREFIX_H

#include <stdbool.h>

#include "failure.h"

#define STAGING_NAME ".keel-staging"

/* exists: there is a folder. filled: it holds something other than a staging folder. */
struct prefix_state {
    bool exists, filled;
};

/* The prefix as an absolute path without links and `..`, whether it exists or not; NULL after a failure. Free it. */
char *prefix_resolve(const char *given, struct failure *why);

/* Look at a resolved prefix; fails where it is anything but a folder. */
bool prefix_look(const char *prefix, struct prefix_state *state, struct failure *why);

/* A new string: the folder that holds `path`, which is not a root; NULL without memory. */
char *prefix_parent(const char *path);

#endif
