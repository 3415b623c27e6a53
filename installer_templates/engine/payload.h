/* The payload, version 1: docs/payload-format.md. Head and index are known to payload.c, and to builder/payload.py. */
#ifndef KEEL_PAYLOAD_H
#define KEEL_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "sha256.h"

#define PAYLOAD_HEAD 64
#define PAYLOAD_VERSION 1
#define PAYLOAD_MAX_INDEX (16u << 20)
#define PAYLOAD_MAX_LINE 4096
#define PAYLOAD_MAX_FRAMES 65536
#define PAYLOAD_WINDOW_LOG 25

struct payload_head {
    uint32_t index_size;
    uint64_t frames_size;
    uint8_t index_sha256[SHA256_SIZE];
};

/* One line `frame` of the index. offset, size, raw: bytes; the offset counts from the payload's first byte. */
struct payload_frame {
    uint8_t sha256[SHA256_SIZE];
    uint64_t offset, size, raw;
    unsigned stage;
    const char *unit;
};

/* A parsed index. The strings lie in the text that was parsed. */
struct payload {
    const char *name, *version, *python, *platform, *marker;
    uint64_t files, bytes, longest;
    size_t frame_count;
    struct payload_frame *frames;
    bool windows; /* the platform is a Windows */
};

/* Whether a head begins as one. */
bool payload_has_magic(const uint8_t bytes[PAYLOAD_HEAD]);

/* Read the 64 bytes of a head. */
bool payload_parse_head(const uint8_t bytes[PAYLOAD_HEAD], struct payload_head *head, struct failure *why);

/* Whether a magic that was damaged by a conversion of line ends lies among these bytes. */
bool payload_is_converted_text(const uint8_t *bytes, size_t size);

/* Parse an index, of which head.index_size bytes lie at `text`, followed by one byte that may be overwritten. `text` is
 * changed and must outlive the payload. Free it with payload_free, also after a failure. */
bool payload_parse_index(char *text, const struct payload_head *head, struct payload *payload, struct failure *why);

void payload_free(struct payload *payload);

#endif
