#include "record.h"

#include <string.h>

#include "lines.h"
#include "path.h"

#define SCHEMA "1"

bool record_add(struct record_list *list, const char *item)
{
    if (list->count == RECORD_ITEMS)
        return false;
    list->items[list->count++] = item;
    return true;
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool is_same(const char *one, const char *other)
{
    for (; *one != '\0' && lower(*one) == lower(*other); one++, other++)
        ;
    return *one == '\0' && *other == '\0';
}

bool record_holds(const struct record_list *list, const char *item)
{
    for (size_t i = 0; i < list->count; i++)
        if (is_same(list->items[i], item))
            return true;
    return false;
}

static void add_line(struct text *text, const char *key, const char *value)
{
    text_add(text, key);
    text_add(text, "=");
    text_add(text, value);
    text_add(text, "\n");
}

static void add_list(struct text *text, const char *key, const struct record_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        add_line(text, key, list->items[i]);
}

void record_write(const struct record *record, struct text *text)
{
    add_line(text, "schema", SCHEMA);
    add_line(text, "title", record->title);
    add_line(text, "version", record->version);
    add_line(text, "prefix", record->prefix);
    add_line(text, "all_users", record->all_users ? "1" : "0");
    add_line(text, "shells", record->shells ? "1" : "0");
    add_line(text, "arp_key", record->arp_key);
    add_line(text, "python_key", record->python_key);
    add_line(text, "menu", record->menu);
    add_list(text, "path", &record->path);
    add_list(text, "shortcut", &record->shortcuts);
    add_list(text, "name", &record->names);
}

/* A name directly in the prefix: anything else could lead out of it. */
static bool is_name(const char *value)
{
    return path_problem(value, true) == NULL && strchr(value, '/') == NULL;
}

static bool take(void *context, const char *key, char *value)
{
    struct record *record = context;

    if (strcmp(key, "schema") == 0)
        return strcmp(value, SCHEMA) == 0;
    if (strcmp(key, "title") == 0)
        return (record->title = value)[0] != '\0';
    if (strcmp(key, "version") == 0)
        return (record->version = value)[0] != '\0';
    if (strcmp(key, "prefix") == 0)
        return (record->prefix = value)[0] != '\0';
    if (strcmp(key, "all_users") == 0)
        return lines_flag(value, &record->all_users);
    if (strcmp(key, "shells") == 0)
        return lines_flag(value, &record->shells);
    if (strcmp(key, "arp_key") == 0)
        return (record->arp_key = value) != NULL;
    if (strcmp(key, "python_key") == 0)
        return (record->python_key = value) != NULL;
    if (strcmp(key, "menu") == 0)
        return (record->menu = value) != NULL;
    if (strcmp(key, "path") == 0)
        return value[0] != '\0' && record_add(&record->path, value);
    if (strcmp(key, "shortcut") == 0)
        return value[0] != '\0' && record_add(&record->shortcuts, value);
    return strcmp(key, "name") == 0 && is_name(value) && record_add(&record->names, value);
}

bool record_parse(char *text, size_t size, struct record *record, struct failure *why)
{
    unsigned line = 1;

    memset(record, 0, sizeof *record);
    if (size <= RECORD_LONGEST && lines_read(text, size, take, record, &line) && record->title != NULL &&
        record->version != NULL && record->prefix != NULL && record->arp_key != NULL && record->python_key != NULL &&
        record->menu != NULL && record->names.count > 0)
        return true;
    fail(why, CODE_PREFIX, "line %u of " RECORD_PATH " is not what an installer wrote", line);
    return fail_hint(why, "remove the folder by hand, or install again into an empty one");
}
