/* The parsers that read what a stranger may have written: head, index, tar, list of links. The first byte of an input
 * says which.
 * A libFuzzer target (https://llvm.org/docs/LibFuzzer.html); driver.c runs it without libFuzzer. */
#include <stdlib.h>
#include <string.h>

#include "../joblist.h"
#include "../path.h"
#include "../payload.h"
#include "../tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct failure nothing;

static void fuzz_head(const uint8_t *data, size_t size)
{
    struct failure why = nothing;
    struct payload_head head;
    payload_is_converted_text(data, size);
    if (size >= PAYLOAD_HEAD && payload_has_magic(data))
        payload_parse_head(data, &head, &why);
}

static void fuzz_index(const uint8_t *data, size_t size)
{
    struct failure why = nothing;
    struct payload_head head = {0};
    struct payload payload;
    char *text;
    /* Eight bytes are the frames' total size, so that an index can be consistent with its head. */
    if (size < 9 || size > PAYLOAD_MAX_INDEX)
        return;
    memcpy(&head.frames_size, data, 8);
    head.frames_size &= ((uint64_t)1 << 53) - 1; /* payload_parse_head lets nothing larger pass, and no empty index */
    head.index_size = (uint32_t)(size - 8);
    text = malloc(size - 8 + 1);
    if (text == NULL)
        return;
    memcpy(text, data + 8, size - 8);
    memset(&payload, 0, sizeof payload);
    if (payload_parse_index(text, &head, &payload, &why))
        for (size_t i = 0; i < payload.frame_count; i++)
            if (payload.frames[i].stage > 1 || payload.frames[i].unit[0] == '\0')
                abort();
    payload_free(&payload);
    free(text);
}

/* A stream over the input that gives a few bytes more at a time than it is asked for, from a copy of their own, so that a
 * reader that goes beyond what is there is caught. */
struct pieces {
    struct stream stream; /* first, as in frame.h */
    const uint8_t *rest;
    size_t left;
    uint8_t *copy;
};

static bool more(struct stream *stream, size_t want, struct failure *why)
{
    struct pieces *self = (struct pieces *)stream;
    size_t grow = want - stream->size + want % 7;
    uint8_t *copy;
    if (want > STREAM_CHUNK)
        abort();
    if (grow > self->left)
        grow = self->left;
    copy = malloc(stream->size + grow + (stream->size + grow == 0));
    if (copy == NULL)
        return fail_memory(why);
    if (stream->size > 0)
        memcpy(copy, stream->data, stream->size);
    if (grow > 0)
        memcpy(copy + stream->size, self->rest, grow);
    free(self->copy);
    self->copy = copy;
    self->rest += grow;
    self->left -= grow;
    stream->data = copy;
    stream->size += grow;
    return true;
}

static void fuzz_tar(const uint8_t *data, size_t size, bool windows)
{
    static struct tar_entry entry;
    struct failure why = nothing;
    struct pieces pieces = {.stream = {.more = more}, .rest = data, .left = size};
    struct tar_reader reader;
    bool end = false;
    tar_start(&reader, &pieces.stream, windows);
    while (tar_next(&reader, &entry, &end, &why) && !end) {
        size_t piece = 0;
        /* What the rest of the engine relies on. */
        if (path_problem(entry.path, windows) != NULL)
            abort();
        if (entry.type == TAR_SYMBOLIC_LINK && path_link_problem(entry.path, entry.link) != NULL)
            abort();
        if (entry.type == TAR_HARD_LINK && path_problem(entry.link, windows) != NULL)
            abort();
        if (entry.size % 2 == 0) /* half of the contents are read, the others are left for tar_next to skip */
            while (tar_content(&reader, &piece, &why) && piece > 0)
                tar_take(&reader, piece);
    }
    free(pieces.copy);
}

/* A list that comes in pieces of one to eleven bytes. */
struct list_pieces {
    struct job_list list; /* first */
    const uint8_t *rest;
    size_t left;
};

static int read_piece(struct job_list *list, void *buffer, size_t size, size_t *got)
{
    struct list_pieces *self = (struct list_pieces *)list;
    *got = 1 + self->left % 11;
    if (*got > self->left)
        *got = self->left;
    if (*got > size)
        abort();
    if (*got > 0)
        memcpy(buffer, self->rest, *got);
    self->rest += *got;
    self->left -= *got;
    return 0;
}

static void fuzz_list(const uint8_t *data, size_t size)
{
    static struct list_pieces pieces;
    struct failure why = nothing;
    struct job job;
    bool end = false;
    pieces = (struct list_pieces){.list = {.read = read_piece}, .rest = data, .left = size};
    if (!job_open(&job, &why))
        return;
    while (job_list_next(&pieces.list, &job, &end, &why) && !end) {
        const char *name = job.names;
        /* What the rest of the engine relies on. */
        if (job.size > JOB_MAX_BYTES || job.folder[0] == '/' || strlen(job.folder) > PATH_LONGEST)
            abort();
        for (uint64_t i = 0; i < job.count; i++) {
            if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, "..") == 0 || strlen(name) > NAME_LONGEST ||
                strlen(job.target) + 1 + strlen(name) > PATH_LONGEST)
                abort();
            name += strlen(name) + 1;
        }
        if (name != job.text + job.size - 1)
            abort();
    }
    job_close(&job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 5) {
    case 0: fuzz_head(data + 1, size - 1); break;
    case 1: fuzz_index(data + 1, size - 1); break;
    case 2: fuzz_tar(data + 1, size - 1, false); break;
    case 3: fuzz_tar(data + 1, size - 1, true); break;
    default: fuzz_list(data + 1, size - 1); break;
    }
    return 0;
}
