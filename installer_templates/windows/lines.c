#include "lines.h"

#include <string.h>

#include "path.h"

/* Clean text, in which a tab may separate fields. */
static bool is_value(const char *text)
{
    for (size_t size = strlen(text), length; size > 0; text += length, size -= length) {
        length = *text == '\t' ? 1 : text_clean_character(text, size);
        if (length == 0)
            return false;
    }
    return true;
}

/* The place of the `=`; NULL where the line does not begin with a key. */
static char *end_of_key(char *line)
{
    size_t length = strspn(line, "abcdefghijklmnopqrstuvwxyz_");

    return length > 0 && line[length] == '=' ? line + length : NULL;
}

bool lines_read(char *text, size_t size, bool (*take)(void *context, const char *key, char *value), void *context,
                unsigned *line)
{
    char *end = text + size;

    for (*line = 1; text < end; (*line)++) {
        char *newline = memchr(text, '\n', (size_t)(end - text)), *equals;
        if (newline == NULL || newline - text > LINES_LONGEST || memchr(text, '\0', (size_t)(newline - text)) != NULL)
            return false;
        *newline = '\0';
        equals = end_of_key(text);
        if (equals == NULL || !is_value(equals + 1))
            return false;
        *equals = '\0';
        if (!take(context, text, equals + 1))
            return false;
        text = newline + 1;
    }
    return true;
}

bool lines_split(char *value, const char *fields[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *tab = strchr(value, '\t');
        fields[i] = value;
        if (tab != NULL)
            *tab = '\0';
        value = tab != NULL ? tab + 1 : value + strlen(value);
        if (i == count - 1)
            return tab == NULL;
    }
    return true;
}

bool lines_flag(const char *value, bool *flag)
{
    *flag = value[0] == '1';
    return (value[0] == '0' || value[0] == '1') && value[1] == '\0';
}

bool lines_number(const char *value, unsigned long long *number)
{
    if (value[0] == '\0' || (value[0] == '0' && value[1] != '\0'))
        return false;
    for (*number = 0; *value != '\0'; value++) {
        if (*value < '0' || *value > '9')
            return false;
        *number = *number * 10 + (unsigned)(*value - '0');
        if (*number >> 53 != 0)
            return false;
    }
    return true;
}
