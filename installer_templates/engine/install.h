/* The commands of the engine. */
#ifndef KEEL_INSTALL_H
#define KEEL_INSTALL_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* What a front end adds to an installation, between its steps; each may be NULL, and ends the installation by returning
 * false. opened: the staging folder `tree`, which becomes the prefix, is still empty.  unpacked: everything is in it. */
struct install_hooks {
    void *context;
    bool (*opened)(void *context, const char *tree, struct failure *why);
    bool (*unpacked)(void *context, const char *tree, struct failure *why);
};

/* file, offset: where the payload is.  prefix, force, foreign (a relative path or NULL), hooks: of `install` only. */
struct command {
    const char *file, *prefix, *foreign;
    uint64_t offset;
    unsigned threads;
    bool force, quiet;
    struct install_hooks hooks;
};

/* Unpack the payload into a staging folder, and make that the prefix. After a failure the machine is as before. */
bool command_install(const struct command *command, struct failure *why);

/* Read and check everything, write nothing. */
bool command_verify(const struct command *command, struct failure *why);

/* Print the path of every entry on standard output, with ` -> TARGET` behind links and `/` behind folders. */
bool command_list(const struct command *command, struct failure *why);

#endif
