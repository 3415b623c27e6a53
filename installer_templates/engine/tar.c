#include "tar.h"

#include <string.h>

#define BLOCK 512
#define PAX_LONGEST (4 * PATH_LONGEST) /* two paths and what stands around them */

/* Where the fields of a ustar header lie. */
enum { NAME = 0, MODE = 100, SIZE = 124, MTIME = 136, CHECKSUM = 148, TYPE = 156, LINK = 157, MAGIC = 257, PREFIX = 345 };
enum { NAME_SIZE = 100, MODE_SIZE = 8, NUMBER_SIZE = 12, CHECKSUM_SIZE = 8, LINK_SIZE = 100, PREFIX_SIZE = 155 };

static bool malformed(struct failure *why, const char *what)
{
    return fail(why, CODE_DAMAGED, "the payload is malformed: %s", what);
}

static bool refused(struct failure *why, const char *path, const char *problem)
{
    return fail(why, CODE_DAMAGED, "the payload is malformed: %s is refused: %s", path, problem);
}

void tar_start(struct tar_reader *self, struct stream *stream, bool windows)
{
    *self = (struct tar_reader){.stream = stream, .windows = windows};
}

static unsigned padding_of(uint64_t size)
{
    return (unsigned)((BLOCK - size % BLOCK) % BLOCK);
}

/* An octal number: digits, then zeros or spaces up to the end of the field. */
static bool parse_octal(const uint8_t *field, size_t size, uint64_t *number)
{
    size_t i = 0;

    for (*number = 0; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *number = *number << 3 | (uint64_t)(field[i] - '0'); /* at most 12 digits: 36 bits */
    if (i == 0)
        return false;
    for (; i < size; i++)
        if (field[i] != '\0' && field[i] != ' ')
            return false;
    return true;
}

static bool checksum_fits(const uint8_t *header)
{
    uint64_t written, sum = 0;

    for (int i = 0; i < BLOCK; i++)
        sum += i >= CHECKSUM && i < CHECKSUM + CHECKSUM_SIZE ? ' ' : header[i];
    return parse_octal(header + CHECKSUM, CHECKSUM_SIZE, &written) && written == sum;
}

static size_t field_length(const uint8_t *field, size_t size)
{
    const uint8_t *zero = memchr(field, 0, size);

    return zero != NULL ? (size_t)(zero - field) : size;
}

/* "prefix/name" or "name" out of a header. */
static void header_path(const uint8_t *header, char *path)
{
    size_t prefix = field_length(header + PREFIX, PREFIX_SIZE), name = field_length(header + NAME, NAME_SIZE);

    memcpy(path, header + PREFIX, prefix);
    if (prefix > 0)
        path[prefix++] = '/';
    memcpy(path + prefix, header + NAME, name);
    path[prefix + name] = '\0';
}

/* One record "LENGTH key=value\n" of a pax header; only the two keys that a payload may use.
 * data, size: what is left of the header; both move behind the record. */
static bool parse_pax_record(const uint8_t **data, size_t *size, struct tar_entry *entry)
{
    size_t length = 0, digits = 0, key, value;
    char *into;

    while (digits < *size && digits < 6 && (*data)[digits] >= '0' && (*data)[digits] <= '9')
        length = length * 10 + (size_t)((*data)[digits++] - '0');
    if (digits == 0 || length > *size || length < digits + 3 || (*data)[digits] != ' ' || (*data)[length - 1] != '\n')
        return false;
    key = digits + 1;
    if (length - key > 5 && memcmp(*data + key, "path=", 5) == 0) {
        value = key + 5;
        into = entry->path;
    } else if (length - key > 9 && memcmp(*data + key, "linkpath=", 9) == 0) {
        value = key + 9;
        into = entry->link;
    } else {
        return false;
    }
    if (length - 1 - value > PATH_LONGEST || memchr(*data + value, 0, length - 1 - value) != NULL)
        return false;
    memcpy(into, *data + value, length - 1 - value);
    into[length - 1 - value] = '\0';
    *data += length;
    *size -= length;
    return true;
}

/* Read a pax header's content of `size` bytes into entry->path and entry->link, which stay empty where it has none. */
static bool read_pax(struct tar_reader *self, uint64_t size, struct tar_entry *entry, struct failure *why)
{
    size_t whole, left = (size_t)size;
    const uint8_t *data;

    if (size > PAX_LONGEST)
        return malformed(why, "a pax header is too long");
    whole = left + padding_of(size);
    if (!stream_want(self->stream, whole, why))
        return false;
    if (self->stream->size < whole)
        return malformed(why, "a frame ends within a pax header");
    for (data = self->stream->data; left > 0;)
        if (!parse_pax_record(&data, &left, entry))
            return malformed(why, "a pax header holds something other than a path and a linkpath");
    stream_take(self->stream, whole);
    return true;
}

/* The next header block, checked; *header is NULL at the stream's end. */
static bool next_header(struct tar_reader *self, const uint8_t **header, struct failure *why)
{
    *header = NULL;
    if (!stream_want(self->stream, BLOCK, why))
        return false;
    if (self->stream->size == 0)
        return true;
    if (self->stream->size < BLOCK)
        return malformed(why, "a frame ends within a tar header");
    if (!checksum_fits(self->stream->data) || memcmp(self->stream->data + MAGIC, "ustar\00000", 8) != 0)
        return malformed(why, "a frame holds something other than ustar headers");
    *header = self->stream->data;
    return true;
}

/* Type, size, mode and time out of a header whose path is already in the entry. */
static bool parse_header(const uint8_t *header, struct tar_entry *entry, struct failure *why)
{
    uint64_t mode, mtime;

    if (!parse_octal(header + SIZE, NUMBER_SIZE, &entry->size) || !parse_octal(header + MODE, MODE_SIZE, &mode) ||
        !parse_octal(header + MTIME, NUMBER_SIZE, &mtime))
        return refused(why, entry->path, "its size, mode or time is not an octal number");
    entry->mode = (uint32_t)mode;
    entry->mtime = (int64_t)mtime;
    switch (header[TYPE]) {
    case '0': entry->type = TAR_FILE; break;
    case '1': entry->type = TAR_HARD_LINK; break;
    case '2': entry->type = TAR_SYMBOLIC_LINK; break;
    case '5': entry->type = TAR_FOLDER; break;
    default: return refused(why, entry->path, "it is neither a file, a folder nor a link");
    }
    if (entry->type != TAR_FILE && entry->size != 0)
        return refused(why, entry->path, "it has content, and is not a file");
    return true;
}

static bool check_entry(const struct tar_reader *self, struct tar_entry *entry, struct failure *why)
{
    size_t length = strlen(entry->path);
    const char *problem;

    if (entry->type == TAR_FOLDER && length > 1 && entry->path[length - 1] == '/')
        entry->path[length - 1] = '\0';
    problem = path_problem(entry->path, self->windows);
    if (problem == NULL && entry->type == TAR_SYMBOLIC_LINK)
        problem = path_link_problem(entry->path, entry->link);
    if (problem == NULL && entry->type == TAR_HARD_LINK && path_problem(entry->link, self->windows) != NULL)
        problem = "its target leaves the tree";
    if (problem == NULL && entry->type == TAR_FILE && entry->mode != 0644 && entry->mode != 0755 &&
        entry->mode != 0444 && entry->mode != 0555)
        problem = "its mode is none of 0644, 0755, 0444 and 0555";
    if (problem == NULL && entry->type == TAR_FOLDER && entry->mode != 0755)
        problem = "its mode is not 0755";
    return problem == NULL || refused(why, entry->path, problem);
}

static bool skip_content(struct tar_reader *self, struct failure *why)
{
    size_t size;

    do {
        if (!tar_content(self, &size, why))
            return false;
        tar_take(self, size);
    } while (size > 0);
    return true;
}

bool tar_next(struct tar_reader *self, struct tar_entry *entry, bool *end, struct failure *why)
{
    const uint8_t *header;
    uint64_t size;

    *end = false;
    if (!skip_content(self, why) || !next_header(self, &header, why))
        return false;
    if (header == NULL) {
        *end = true;
        return true;
    }
    entry->path[0] = entry->link[0] = '\0';
    if (header[TYPE] == 'x') {
        if (!parse_octal(header + SIZE, NUMBER_SIZE, &size))
            return malformed(why, "the size of a pax header is not a number");
        stream_take(self->stream, BLOCK);
        if (!read_pax(self, size, entry, why) || !next_header(self, &header, why))
            return false;
        if (header == NULL)
            return malformed(why, "a pax header is followed by nothing");
    }
    if (entry->path[0] == '\0')
        header_path(header, entry->path);
    if (entry->link[0] == '\0') {
        memcpy(entry->link, header + LINK, LINK_SIZE);
        entry->link[field_length(header + LINK, LINK_SIZE)] = '\0';
    }
    if (!parse_header(header, entry, why) || !check_entry(self, entry, why))
        return false;
    stream_take(self->stream, BLOCK);
    self->left = entry->size;
    self->padding = padding_of(entry->size);
    return true;
}

bool tar_content(struct tar_reader *self, size_t *size, struct failure *why)
{
    size_t want = self->left < STREAM_CHUNK ? (size_t)self->left : STREAM_CHUNK;

    *size = 0;
    if (want == 0 && self->padding > 0) {
        if (!stream_want(self->stream, self->padding, why))
            return false;
        if (self->stream->size < self->padding)
            return malformed(why, "a frame ends within the padding of a file");
        stream_take(self->stream, self->padding);
        self->padding = 0;
    }
    if (want == 0)
        return true;
    if (!stream_want(self->stream, want, why))
        return false;
    if (self->stream->size < want)
        return malformed(why, "a frame ends within a file");
    *size = want;
    return true;
}

void tar_take(struct tar_reader *self, size_t size)
{
    stream_take(self->stream, size);
    self->left -= size;
}
