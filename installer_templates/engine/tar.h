/* Reads the tar inside a frame: ustar with pax headers for long paths, and nothing that an installer has no use for.
 * The format: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block", as narrowed by
 * docs/payload-format.md. */
#ifndef KEEL_TAR_H
#define KEEL_TAR_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "path.h"
#include "stream.h"

enum tar_type { TAR_FILE, TAR_HARD_LINK, TAR_SYMBOLIC_LINK, TAR_FOLDER };

/* One entry. path: relative and safe, without a slash at its end. link: of links only. mode, size: of files only.
 * mtime: seconds since 1970. */
struct tar_entry {
    enum tar_type type;
    char path[PATH_LONGEST + 1];
    char link[PATH_LONGEST + 1];
    uint64_t size;
    uint32_t mode;
    int64_t mtime;
};

/* left: bytes of the last entry's content that have not been read. padding: bytes that follow them. */
struct tar_reader {
    struct stream *stream;
    uint64_t left;
    unsigned padding;
    bool windows;
};

/* windows: refuse names that Windows cannot hold. */
void tar_start(struct tar_reader *self, struct stream *stream, bool windows);

/* Skip what is left of the entry before, and read the next one; *end is set when there is none. */
bool tar_next(struct tar_reader *self, struct tar_entry *entry, bool *end, struct failure *why);

/* Make the next piece of the entry's content available at stream->data: *size bytes, 0 at its end. The caller
 * takes it with tar_take. */
bool tar_content(struct tar_reader *self, size_t *size, struct failure *why);
void tar_take(struct tar_reader *self, size_t size);

#endif
