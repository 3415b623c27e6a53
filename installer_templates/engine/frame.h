/* A frame of a payload as a stream: read, hashed and decompressed on the way. */
#ifndef KEEL_FRAME_H
#define KEEL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "os.h"
#include "payload.h"
#include "sha256.h"
#include "stream.h"

/* Where a payload is: byte `offset` of a file. */
struct payload_source {
    os_file file;
    uint64_t offset;
};

/* A reader takes one frame after another. Its memory stays below 64 MB: frames of the usual size are decompressed into
 * one buffer, longer ones through zstd's window. */
struct frame_reader {
    struct stream stream; /* first, so that the stream's own pointer leads back here */
    struct payload_source source;
    const struct payload_frame *frame;
    struct sha256 sha256;
    struct ZSTD_DCtx_s *zstd;
    uint8_t *input;
    size_t input_size, input_at;
    uint64_t read; /* compressed bytes so far */
    uint8_t *output;
    size_t capacity, filled; /* of `output` */
    uint64_t produced;       /* decompressed bytes so far */
    bool whole;              /* the frame fits into `output` */
    bool done;               /* zstd has seen the frame's end */
};

/* Everything but `source` is zero before. */
bool frame_reader_open(struct frame_reader *self, const struct payload_source *source, struct failure *why);
void frame_reader_close(struct frame_reader *self);

/* Begin a frame: self->stream gives its uncompressed bytes. */
bool frame_begin(struct frame_reader *self, const struct payload_frame *frame, struct failure *why);

/* After the stream's end: whether sizes and SHA-256 are those of the index. */
bool frame_end(struct frame_reader *self, struct failure *why);

/* After a failure: read what is left, and say whether the bytes are nevertheless those that the index names. */
bool frame_is_intact(struct frame_reader *self);

#endif
