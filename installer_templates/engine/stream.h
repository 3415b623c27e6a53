/* Bytes that come into being while they are read: what the tar reader knows of a frame. */
#ifndef KEEL_STREAM_H
#define KEEL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

/* The most that `more` may be asked for. */
#define STREAM_CHUNK ((size_t)512 << 10)

/* data, size: bytes that are there and have not been taken.
 * more: makes at least `want` bytes (at most STREAM_CHUNK) available, or all that are left; moves `data`. */
struct stream {
    const uint8_t *data;
    size_t size;
    bool (*more)(struct stream *self, size_t want, struct failure *why);
};

/* Make `want` bytes available; where the stream ends before, size stays below it. */
static inline bool stream_want(struct stream *self, size_t want, struct failure *why)
{
    return self->size >= want || self->more(self, want, why);
}

static inline void stream_take(struct stream *self, size_t size)
{
    if (size == 0) /* there may be no data yet to point to */
        return;
    self->data += size;
    self->size -= size;
}

#endif
