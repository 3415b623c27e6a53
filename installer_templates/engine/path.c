#include "path.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int lower(int letter)
{
    return letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter;
}

static bool same_word(const char *text, size_t size, const char *word)
{
    size_t i = 0;

    for (; i < size && word[i] != '\0'; i++)
        if (lower((unsigned char)text[i]) != (unsigned char)word[i])
            return false;
    return i == size && word[i] == '\0';
}

/* Devices of MS-DOS, which Windows finds in every folder and with every suffix.
 * https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
static bool is_device(const char *name, size_t size)
{
    static const char *const plain[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
    static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};
    const char *dot = memchr(name, '.', size);
    size_t stem = dot != NULL ? (size_t)(dot - name) : size;

    while (stem > 0 && name[stem - 1] == ' ')
        stem--;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (same_word(name, stem, plain[i]))
            return true;
    if (stem < 4 || (!same_word(name, 3, "com") && !same_word(name, 3, "lpt")))
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (same_word(name + 3, stem - 3, numbers[i]))
            return true;
    return false;
}

static const char *windows_name_problem(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (strchr("<>:\"|?*", name[i]) != NULL)
            return "it holds a character that Windows does not allow in names";
    if (name[size - 1] == '.' || name[size - 1] == ' ')
        return "it ends in a dot or a space, which Windows drops";
    if (is_device(name, size))
        return "it is the name of a device on Windows";
    return NULL;
}

static const char *name_problem(const char *name, size_t size, bool windows)
{
    if (size == 0)
        return "it is absolute or has an empty component";
    if ((size == 1 && name[0] == '.') || (size == 2 && name[0] == '.' && name[1] == '.'))
        return "it has a component '.' or '..'";
    if (size > NAME_LONGEST)
        return "a component of it is longer than 255 bytes";
    return windows ? windows_name_problem(name, size) : NULL;
}

const char *path_problem(const char *path, bool windows)
{
    size_t size = strlen(path);

    if (size > PATH_LONGEST)
        return "it is longer than 4095 bytes";
    if (memchr(path, '\\', size) != NULL)
        return "it holds a backslash";
    if (!text_is_clean(path, size))
        return "it is not UTF-8, or holds control characters";
    for (int depth = 1;; depth++) {
        size_t length = strcspn(path, "/");
        const char *problem = name_problem(path, length, windows);
        if (problem != NULL || path[length] == '\0')
            return problem;
        if (depth == PATH_DEEPEST)
            return "it is nested too deeply";
        path += length + 1;
    }
}

const char *path_link_problem(const char *path, const char *target)
{
    size_t depth = 0; /* of the folder that holds the link, then of what the target has led to so far */

    if (target[0] == '\0' || strlen(target) > PATH_LONGEST)
        return "its target is empty or too long";
    if (target[0] == '/')
        return "its target is absolute";
    if (strchr(target, '\\') != NULL || !text_is_clean(target, strlen(target)))
        return "its target holds a backslash or control characters, or is not UTF-8";
    for (; *path != '\0'; path++)
        depth += *path == '/';
    while (*target != '\0') {
        size_t length = strcspn(target, "/");
        bool up = length == 2 && target[0] == '.' && target[1] == '.';
        bool here = length == 0 || (length == 1 && target[0] == '.');
        if (up && depth == 0)
            return "its target leaves the tree";
        depth = up ? depth - 1 : depth + !here;
        target += length + (target[length] == '/');
    }
    return NULL;
}

/* Bytes of the UTF-8 sequence at `text`, 0 if it is not a well-formed one (RFC 3629). */
static size_t utf8_length(const unsigned char *text, size_t size)
{
    uint32_t code;
    size_t length;

    if (text[0] < 0x80)
        return 1;
    length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4 || length > size)
        return 0;
    code = text[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000))
        return 0;
    return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : length;
}

size_t text_clean_character(const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = utf8_length(bytes, size);
    bool control = bytes[0] < 0x20 || bytes[0] == 0x7f || (length == 2 && bytes[0] == 0xc2 && bytes[1] < 0xa0);

    return control ? 0 : length;
}

bool text_is_clean(const char *text, size_t size)
{
    while (size > 0) {
        size_t length = text_clean_character(text, size);
        if (length == 0)
            return false;
        text += length;
        size -= length;
    }
    return true;
}

size_t text_utf16_length(const char *text)
{
    size_t units = 0;

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        units += (byte & 0xc0) != 0x80; /* one unit for each first byte ... */
        units += byte >= 0xf0;          /* ... and a surrogate beside it outside the Basic Multilingual Plane */
    }
    return units;
}

char *path_copy(const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = malloc(size);

    return copy != NULL ? memcpy(copy, path, size) : NULL;
}

char *path_join(const char *folder, const char *name)
{
    size_t left = strlen(folder), right = strlen(name);
    bool slash = left > 0 && folder[left - 1] != '/';
    char *joined = malloc(left + right + 2);

    if (joined == NULL)
        return NULL;
    memcpy(joined, folder, left);
    if (slash)
        joined[left] = '/';
    memcpy(joined + left + slash, name, right + 1);
    return joined;
}
