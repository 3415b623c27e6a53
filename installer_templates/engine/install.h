/* The commands of the engine. */
#ifndef KEEL_INSTALL_H
#define KEEL_INSTALL_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* file, offset: where the payload is.  prefix, force, foreign (a relative path or NULL): of `install` only. */
struct command {
    const char *file, *prefix, *foreign;
    uint64_t offset;
    unsigned threads;
    bool force, quiet;
};

/* Unpack the payload into a staging folder, and make that the prefix. After a failure the machine is as before. */
bool command_install(const struct command *command, struct failure *why);

/* Read and check everything, write nothing. */
bool command_verify(const struct command *command, struct failure *why);

/* Print the path of every entry on standard output, with ` -> TARGET` behind links and `/` behind folders. */
bool command_list(const struct command *command, struct failure *why);

#endif
