#include "installer.h"

#include <stdlib.h>
#include <string.h>

#define SEARCH ((uint64_t)16 << 10) /* how far a conversion may have moved the payload, each way */

static bool damaged(struct failure *why, const char *path, const char *what)
{
    fail(why, CODE_DAMAGED, "the installer %s is damaged: %s", path, what);
    return fail_hint(why, "copy or download the installer again");
}

/* Why there is no magic where one should be. */
static bool explain_missing_magic(const struct installer *self, const char *path, struct failure *why)
{
    uint64_t begin = self->source.offset > SEARCH ? self->source.offset - SEARCH : 0;
    uint8_t *bytes = malloc(2 * SEARCH);
    size_t got = 0;
    bool converted;

    if (bytes == NULL)
        return fail_memory(why);
    os_read_at(self->source.file, bytes, 2 * SEARCH, begin, &got);
    converted = payload_is_converted_text(bytes, got);
    free(bytes);
    if (!converted)
        return damaged(why, path, "no payload begins at the place that it names");
    fail(why, CODE_DAMAGED, "the installer %s is damaged: its line ends were converted, as if it were a text", path);
    return fail_hint(why, "transfer it again in binary mode (ftp: `binary`; no editor, no git autocrlf)");
}

/* Read `size` bytes at `offset` of the payload. */
static bool read_part(const struct installer *self, void *buffer, size_t size, uint64_t offset, const char *path,
                      struct failure *why)
{
    size_t got;
    int error = os_read_at(self->source.file, buffer, size, self->source.offset + offset, &got);

    if (error != 0)
        return fail(why, CODE_DAMAGED, "the installer %s cannot be read: %s", path, strerror(error));
    return got == size || damaged(why, path, "it is cut off");
}

static bool check_index_sha256(const struct installer *self, const struct payload_head *head)
{
    struct sha256 sha256;
    uint8_t digest[SHA256_SIZE];

    sha256_start(&sha256);
    sha256_add(&sha256, self->index, head->index_size);
    sha256_finish(&sha256, digest);
    return memcmp(digest, head->index_sha256, SHA256_SIZE) == 0;
}

static bool read_head(struct installer *self, const char *path, struct payload_head *head, struct failure *why)
{
    uint8_t bytes[PAYLOAD_HEAD];
    uint64_t size;
    int error = os_size(self->source.file, &size);

    if (error != 0)
        return fail(why, CODE_USAGE, "%s is not a regular file", path);
    if (size < PAYLOAD_HEAD || self->source.offset > size - PAYLOAD_HEAD)
        return damaged(why, path, "it is cut off");
    if (!read_part(self, bytes, sizeof bytes, 0, path, why))
        return false;
    if (!payload_has_magic(bytes))
        return explain_missing_magic(self, path, why);
    if (!payload_parse_head(bytes, head, why))
        return false;
    if (PAYLOAD_HEAD + head->index_size + head->frames_size > size - self->source.offset)
        return damaged(why, path, "it is cut off");
    return true;
}

bool installer_open(struct installer *self, const char *path, uint64_t offset, struct failure *why)
{
    struct payload_head head;
    int error;

    memset(self, 0, sizeof *self);
    self->source.offset = offset;
    error = os_open(path, &self->source.file);
    if (error != 0) {
        self->source.file.handle = -1;
        return fail(why, CODE_USAGE, "%s cannot be opened: %s", path, strerror(error));
    }
    if (!read_head(self, path, &head, why))
        return false;
    self->index = malloc((size_t)head.index_size + 1);
    if (self->index == NULL)
        return fail_memory(why);
    if (!read_part(self, self->index, head.index_size, PAYLOAD_HEAD, path, why))
        return false;
    if (!check_index_sha256(self, &head))
        return damaged(why, path, "its index does not have the SHA-256 that its head names");
    return payload_parse_index(self->index, &head, &self->payload, why);
}

void installer_close(struct installer *self)
{
    payload_free(&self->payload);
    free(self->index);
    if (self->source.file.handle != -1)
        os_close(self->source.file);
    self->index = NULL;
    self->source.file.handle = -1;
}
