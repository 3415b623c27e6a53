/* An installer file that has been opened: where its payload lies, and what its index says. */
#ifndef KEEL_INSTALLER_H
#define KEEL_INSTALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "frame.h"
#include "payload.h"

struct installer {
    struct payload_source source;
    char *index;
    struct payload payload;
};

/* Open `path`, whose payload begins at byte `offset`; check the head, the index's SHA-256 and the file's size. Close it
 * also after a failure. */
bool installer_open(struct installer *self, const char *path, uint64_t offset, struct failure *why);
void installer_close(struct installer *self);

#endif
