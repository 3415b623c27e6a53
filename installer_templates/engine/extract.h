/* All frames of a payload, on several threads: checked, and written to the disk if asked for. */
#ifndef KEEL_EXTRACT_H
#define KEEL_EXTRACT_H

#include <stdbool.h>

#include "failure.h"
#include "frame.h"
#include "os.h"
#include "payload.h"
#include "progress.h"
#include "tar.h"

#define EXTRACT_MAX_THREADS 64

/* root: an empty folder to unpack into, or NULL.  progress: counts uncompressed bytes, or NULL.
 * visit: called with each entry, in the order of the index if there is one thread, or NULL; false stops. */
struct extract_options {
    unsigned threads;
    const os_folder *root;
    struct progress *progress;
    bool (*visit)(void *context, const struct tar_entry *entry);
    void *context;
};

/* Read and check everything that the index announces. After a failure, some of the tree may be there; the code is
 * CODE_SIGNAL + number where os_cancelled ended it. */
bool extract(const struct payload *payload, const struct payload_source *source,
             const struct extract_options *options, struct failure *why);

/* The uncompressed size of all frames, in bytes: what extract counts up to. */
uint64_t extract_work(const struct payload *payload);

#endif
