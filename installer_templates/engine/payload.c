#include "payload.h"

#include <stdlib.h>
#include <string.h>

#include "path.h"

#define NUMBER_END (UINT64_C(1) << 53) /* numbers are below it, so that every language can hold them */

static const uint8_t MAGIC[8] = {0x89, 'K', 'E', 'E', 'L', '\r', '\n', 0x1a};

static bool damaged(struct failure *why, const char *what)
{
    fail(why, CODE_DAMAGED, "the installer is damaged: %s", what);
    return fail_hint(why, "copy or download the installer again");
}

static uint64_t little_endian(const uint8_t *bytes, int count)
{
    uint64_t value = 0;

    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    while (size-- > 0)
        if (bytes[size] != 0)
            return false;
    return true;
}

bool payload_has_magic(const uint8_t bytes[PAYLOAD_HEAD])
{
    return memcmp(bytes, MAGIC, sizeof MAGIC) == 0;
}

bool payload_parse_head(const uint8_t bytes[PAYLOAD_HEAD], struct payload_head *head, struct failure *why)
{
    if (!payload_has_magic(bytes))
        return damaged(why, "no payload begins at the place that it names");
    if (little_endian(bytes + 8, 4) != PAYLOAD_VERSION) {
        fail(why, CODE_DAMAGED, "the payload has version %lu, this engine reads version %d",
             (unsigned long)little_endian(bytes + 8, 4), PAYLOAD_VERSION);
        return fail_hint(why, "copy or download the installer again");
    }
    head->index_size = (uint32_t)little_endian(bytes + 12, 4);
    head->frames_size = little_endian(bytes + 16, 8);
    memcpy(head->index_sha256, bytes + 24, SHA256_SIZE);
    if (head->index_size == 0 || head->index_size > PAYLOAD_MAX_INDEX)
        return damaged(why, "its head gives an impossible size of the index");
    if (head->frames_size >= NUMBER_END)
        return damaged(why, "its head gives an impossible size of the frames");
    if (!all_zero(bytes + 56, 8))
        return damaged(why, "the end of its head is not zero");
    return true;
}

bool payload_is_converted_text(const uint8_t *bytes, size_t size)
{
    static const char *const marks[] = {"KEEL\r\r\n\x1a", "KEEL\n\x1a", "KEEL\n\n\x1a", "KEEL\r\x1a", "KEEL\r\r\x1a"};

    for (size_t at = 0; at < size; at++)
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
            size_t length = strlen(marks[i]);
            if (length <= size - at && memcmp(bytes + at, marks[i], length) == 0)
                return true;
        }
    return false;
}

/* What is left of the index: text between `at` and `end`. */
struct lines {
    char *at, *end;
};

/* The next line, zero-terminated in place; NULL at the end, and for a line that is too long or not clean text. */
static char *next_line(struct lines *lines)
{
    size_t left = (size_t)(lines->end - lines->at);
    char *line = lines->at;
    char *newline = left > 0 ? memchr(line, '\n', left) : NULL;

    if (newline == NULL || newline == line || newline - line > PAYLOAD_MAX_LINE)
        return NULL;
    if (!text_is_clean(line, (size_t)(newline - line)))
        return NULL;
    *newline = '\0';
    lines->at = newline + 1;
    return line;
}

/* The value of the next line, which must be "KEY value"; NULL otherwise. */
static char *next_value(struct lines *lines, const char *key)
{
    char *line = next_line(lines);
    size_t length = strlen(key);

    if (line == NULL || strncmp(line, key, length) != 0 || line[length] != ' ' || line[length + 1] == '\0')
        return NULL;
    return line + length + 1;
}

/* A decimal number without leading zeros, below 2^53. */
static bool parse_number(const char *text, uint64_t *number)
{
    if (text == NULL || text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return false;
    for (*number = 0; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        *number = *number * 10 + (uint64_t)(*text - '0');
        if (*number >= NUMBER_END)
            return false;
    }
    return true;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool parse_sha256(const char *text, uint8_t digest[SHA256_SIZE])
{
    if (strlen(text) != 2 * SHA256_SIZE)
        return false;
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool is_unit(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-");

    return length >= 1 && length <= 200 && text[length] == '\0';
}

/* Cut `text` at its single spaces into exactly `count` fields. */
static bool split(char *text, char *fields[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *space = strchr(text, ' ');
        if (text[0] == '\0' || text[0] == ' ' || (space == NULL) != (i == count - 1))
            return false;
        fields[i] = text;
        if (space != NULL) {
            *space = '\0';
            text = space + 1;
        }
    }
    return true;
}

/* text: the line's value, "SHA256 OFFSET SIZE RAW STAGE UNIT". */
static bool parse_frame(char *text, struct payload_frame *frame)
{
    char *fields[6];
    uint64_t stage;

    if (!split(text, fields, 6) || !parse_sha256(fields[0], frame->sha256) ||
        !parse_number(fields[1], &frame->offset) || !parse_number(fields[2], &frame->size) ||
        !parse_number(fields[3], &frame->raw) || !parse_number(fields[4], &stage) || stage > 1 ||
        !is_unit(fields[5]))
        return false;
    frame->stage = (unsigned)stage;
    frame->unit = fields[5];
    return frame->size > 0 && frame->raw > 0 && frame->raw % 512 == 0;
}

static size_t count_frames(const struct lines *lines)
{
    size_t count = 0;

    for (const char *at = lines->at; at < lines->end; at++)
        if (*at == '\n')
            count++;
    return count > 0 ? count - 1 : 0; /* the last line is `end` */
}

static bool parse_frames(struct lines *lines, const struct payload_head *head, struct payload *payload,
                         struct failure *why)
{
    uint64_t next = PAYLOAD_HEAD + (uint64_t)head->index_size, end = next + head->frames_size;

    payload->frame_count = count_frames(lines);
    if (payload->frame_count > PAYLOAD_MAX_FRAMES)
        return damaged(why, "its index lists too many frames");
    payload->frames = calloc(payload->frame_count + 1, sizeof *payload->frames);
    if (payload->frames == NULL)
        return fail_memory(why);
    for (size_t i = 0; i < payload->frame_count; i++) {
        struct payload_frame *frame = &payload->frames[i];
        char *value = next_value(lines, "frame");
        if (value == NULL || !parse_frame(value, frame))
            return damaged(why, "a frame's line in its index is malformed");
        if (frame->offset != next || frame->size > end - next)
            return damaged(why, "the frames in its index are not contiguous");
        next += frame->size;
    }
    if (next != end)
        return damaged(why, "the frames in its index do not fill the payload");
    return true;
}

bool payload_parse_index(char *text, const struct payload_head *head, struct payload *payload, struct failure *why)
{
    struct lines lines = {text, text + head->index_size};
    const char *end;

    memset(payload, 0, sizeof *payload);
    if (lines.end[-1] != '\n')
        return damaged(why, "its index does not end in a line break");
    if ((payload->name = next_value(&lines, "name")) == NULL ||
        (payload->version = next_value(&lines, "version")) == NULL ||
        (payload->python = next_value(&lines, "python")) == NULL ||
        (payload->platform = next_value(&lines, "platform")) == NULL ||
        !parse_number(next_value(&lines, "files"), &payload->files) ||
        !parse_number(next_value(&lines, "bytes"), &payload->bytes) ||
        !parse_number(next_value(&lines, "longest"), &payload->longest) ||
        (payload->marker = next_value(&lines, "marker")) == NULL)
        return damaged(why, "the beginning of its index is malformed");
    payload->windows = strncmp(payload->platform, "windows-", 8) == 0;
    if (path_problem(payload->marker, payload->windows) != NULL)
        return damaged(why, "the marker that its index names is not a path");
    if (!parse_frames(&lines, head, payload, why))
        return false;
    end = next_line(&lines);
    if (end == NULL || strcmp(end, "end") != 0 || lines.at != lines.end)
        return damaged(why, "the end of its index is malformed");
    return true;
}

void payload_free(struct payload *payload)
{
    free(payload->frames);
    payload->frames = NULL;
    payload->frame_count = 0;
}
