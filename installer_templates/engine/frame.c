#include "frame.h"

#include <stdlib.h>
#include <string.h>

#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_getFrameHeader and ZSTD_d_stableOutBuffer */
#include <zstd.h>

#define INPUT_SIZE ((size_t)256 << 10)
#define WHOLE_LIMIT ((size_t)36 << 20)           /* frames are about 32 MiB, a little more with headers */
#define WINDOW_OUTPUT (STREAM_CHUNK + (1 << 20)) /* of longer frames */

static bool damaged(const struct frame_reader *self, struct failure *why, const char *what)
{
    fail(why, CODE_DAMAGED, "the installer is damaged: a frame of %s %s", self->frame->unit, what);
    return fail_hint(why, "copy or download the installer again");
}

bool frame_reader_open(struct frame_reader *self, const struct payload_source *source, struct failure *why)
{
    self->source = *source;
    self->zstd = ZSTD_createDCtx();
    self->input = malloc(INPUT_SIZE);
    return (self->zstd != NULL && self->input != NULL) || fail_memory(why);
}

void frame_reader_close(struct frame_reader *self)
{
    ZSTD_freeDCtx(self->zstd);
    free(self->input);
    free(self->output);
    memset(self, 0, sizeof *self);
}

/* Read and hash the next compressed bytes; input_size is 0 at the frame's end. */
static bool read_input(struct frame_reader *self, struct failure *why)
{
    uint64_t left = self->frame->size - self->read;
    size_t want = left < INPUT_SIZE ? (size_t)left : INPUT_SIZE;
    int error = os_read_at(self->source.file, self->input, want, self->source.offset + self->frame->offset + self->read,
                           &self->input_size);

    self->input_at = 0;
    if (error != 0) {
        self->input_size = 0;
        fail(why, CODE_DAMAGED, "the installer cannot be read: %s", strerror(error));
        return fail_hint(why, "copy or download the installer again");
    }
    if (self->input_size < want)
        return damaged(self, why, "is cut off");
    sha256_add(&self->sha256, self->input, self->input_size);
    self->read += self->input_size;
    return true;
}

/* The frame's own header must say what the index says. */
static bool check_header(struct frame_reader *self, struct failure *why)
{
    ZSTD_FrameHeader header;

    if (ZSTD_getFrameHeader(&header, self->input, self->input_size) != 0 || header.frameType != ZSTD_frame)
        return damaged(self, why, "does not begin as one");
    if (header.frameContentSize != self->frame->raw)
        return damaged(self, why, "has another size than its index says");
    if (header.dictID != 0 || header.windowSize > (uint64_t)1 << PAYLOAD_WINDOW_LOG)
        return damaged(self, why, "needs a dictionary or too much memory");
    return true;
}

/* Memory for the output. One size serves all whole frames: pages that no frame reaches cost nothing, and those of the
 * frame before are used again. What zstd allocated for a window is given back when it is not needed. */
static bool prepare_output(struct frame_reader *self, struct failure *why)
{
    bool whole = self->frame->raw <= WHOLE_LIMIT;

    if (whole != self->whole || self->output == NULL) {
        ZSTD_freeDCtx(self->zstd);
        self->zstd = ZSTD_createDCtx();
        free(self->output);
        self->capacity = whole ? WHOLE_LIMIT : WINDOW_OUTPUT;
        self->output = malloc(self->capacity);
        self->whole = whole;
    }
    return (self->zstd != NULL && self->output != NULL) || fail_memory(why);
}

/* Move the bytes that have not been taken to the front, where the buffer is not the whole frame anyway. */
static void make_room(struct frame_reader *self)
{
    if (self->whole || self->stream.data == self->output)
        return;
    memmove(self->output, self->stream.data, self->stream.size);
    self->stream.data = self->output;
    self->filled = self->stream.size;
}

/* One step of decompression. */
static bool decompress(struct frame_reader *self, struct failure *why)
{
    size_t room = self->whole ? (size_t)self->frame->raw : self->capacity;
    ZSTD_inBuffer input = {self->input, self->input_size, self->input_at};
    ZSTD_outBuffer output = {self->output, room, self->filled};
    size_t result = ZSTD_decompressStream(self->zstd, &output, &input);
    size_t made = output.pos - self->filled;

    if (ZSTD_isError(result))
        return damaged(self, why, "cannot be decompressed");
    if (made == 0 && input.pos == self->input_at && self->read == self->frame->size && result != 0)
        return damaged(self, why, "ends too early");
    self->input_at = input.pos;
    self->filled = output.pos;
    self->stream.size += made;
    self->produced += made;
    self->done = result == 0;
    if (self->produced > self->frame->raw)
        return damaged(self, why, "is longer than its index says");
    if (self->done && (self->produced != self->frame->raw || self->read != self->frame->size ||
                       self->input_at != self->input_size))
        return damaged(self, why, "has another size than its index says");
    return true;
}

static bool more(struct stream *stream, size_t want, struct failure *why)
{
    struct frame_reader *self = (struct frame_reader *)stream;

    make_room(self);
    while (stream->size < want && !self->done) {
        if (self->input_at == self->input_size && self->read < self->frame->size && !read_input(self, why))
            return false;
        if (!decompress(self, why))
            return false;
    }
    return true;
}

bool frame_begin(struct frame_reader *self, const struct payload_frame *frame, struct failure *why)
{
    self->frame = frame;
    self->read = self->produced = 0;
    self->input_size = self->input_at = self->filled = 0;
    self->done = false;
    self->stream = (struct stream){.more = more};
    sha256_start(&self->sha256);
    if (!read_input(self, why) || !check_header(self, why) || !prepare_output(self, why))
        return false;
    self->stream.data = self->output;
    ZSTD_DCtx_reset(self->zstd, ZSTD_reset_session_and_parameters);
    ZSTD_DCtx_setParameter(self->zstd, ZSTD_d_windowLogMax, PAYLOAD_WINDOW_LOG);
    ZSTD_DCtx_setParameter(self->zstd, ZSTD_d_stableOutBuffer, self->whole);
    return true;
}

static bool sha256_fits(struct frame_reader *self)
{
    uint8_t digest[SHA256_SIZE];

    sha256_finish(&self->sha256, digest);
    return memcmp(digest, self->frame->sha256, SHA256_SIZE) == 0;
}

bool frame_end(struct frame_reader *self, struct failure *why)
{
    return sha256_fits(self) || damaged(self, why, "does not have the SHA-256 that its index names");
}

bool frame_is_intact(struct frame_reader *self)
{
    struct failure ignored = {0};

    while (self->read < self->frame->size)
        if (!read_input(self, &ignored))
            return false;
    return sha256_fits(self);
}
