#include "facts.h"

#include <stdio.h>
#include <string.h>

#include "lines.h"
#include "path.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* seen: one bit for each key that may come once. */
struct reading {
    struct facts *facts;
    unsigned long seen;
};

static bool consists_of(const char *text, const char *characters)
{
    return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

static bool is_id(const char *text)
{
    return strlen(text) <= 64 && consists_of(text, LETTERS DIGITS "._-") && strchr(LETTERS DIGITS, text[0]) != NULL;
}

static bool is_text(const char *text)
{
    return text[0] != '\0' && strlen(text) <= 2048 && strchr(text, '\t') == NULL;
}

static bool is_text_or_nothing(const char *text)
{
    return text[0] == '\0' || is_text(text);
}

static bool is_python(const char *text)
{
    const char *dot = strchr(text, '.');

    return strlen(text) < 16 && consists_of(text, DIGITS LETTERS ".") && dot != NULL && dot > text && dot[1] != '\0';
}

/* The place of each text among the facts, and what it may be. */
static const struct text_key {
    const char *key;
    size_t place;
    bool (*check)(const char *text);
} TEXTS[] = {
    {"id", offsetof(struct facts, id), is_id},
    {"title", offsetof(struct facts, title), is_text},
    {"version", offsetof(struct facts, version), is_text},
    {"company", offsetof(struct facts, company), is_text_or_nothing},
    {"homepage", offsetof(struct facts, homepage), is_text_or_nothing},
    {"python", offsetof(struct facts, python), is_python},
    {"label", offsetof(struct facts, label), is_text},
    {"prefix_me", offsetof(struct facts, prefix_me), is_text},
    {"prefix_all", offsetof(struct facts, prefix_all), is_text},
};
static const struct flag_key {
    const char *key;
    size_t place;
} FLAGS[] = {
    {"add_to_path", offsetof(struct facts, add_to_path)},
    {"register_python", offsetof(struct facts, register_python)},
    {"compiles", offsetof(struct facts, compiles)},
    {"license", offsetof(struct facts, has_license)},
    {"picture", offsetof(struct facts, has_picture)},
};
#define TEXT_COUNT (sizeof TEXTS / sizeof *TEXTS)
#define FLAG_COUNT (sizeof FLAGS / sizeof *FLAGS)

static bool take_shortcut(struct facts *facts, char *value)
{
    struct facts_shortcut *shortcut = &facts->shortcuts[facts->shortcut_count];
    const char *fields[4];

    if (facts->shortcut_count == FACTS_SHORTCUTS || !lines_split(value, fields, 4))
        return false;
    *shortcut = (struct facts_shortcut){fields[0], fields[1], fields[2], fields[3]};
    facts->shortcut_count++;
    return strlen(shortcut->name) <= 64 && strchr(shortcut->name, '/') == NULL &&
           path_problem(shortcut->name, true) == NULL && path_problem(shortcut->target, true) == NULL &&
           strlen(shortcut->arguments) <= 1024 &&
           (shortcut->icon[0] == '\0' || path_problem(shortcut->icon, true) == NULL);
}

static bool once(struct reading *self, size_t bit)
{
    unsigned long mask = 1ul << bit;
    bool first = (self->seen & mask) == 0;

    self->seen |= mask;
    return first;
}

static bool take(void *context, const char *key, char *value)
{
    struct reading *self = context;

    for (size_t i = 0; i < TEXT_COUNT; i++)
        if (strcmp(key, TEXTS[i].key) == 0) {
            *(const char **)((char *)self->facts + TEXTS[i].place) = value;
            return once(self, i) && TEXTS[i].check(value);
        }
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (strcmp(key, FLAGS[i].key) == 0)
            return once(self, TEXT_COUNT + i) && lines_flag(value, (bool *)((char *)self->facts + FLAGS[i].place));
    return strcmp(key, "shortcut") == 0 && take_shortcut(self->facts, value);
}

bool facts_parse(char *text, size_t size, struct facts *facts, struct failure *why)
{
    struct reading reading = {.facts = facts};
    unsigned line = 1;

    memset(facts, 0, sizeof *facts);
    if (size <= FACTS_LONGEST && lines_read(text, size, take, &reading, &line) &&
        reading.seen == (1ul << (TEXT_COUNT + FLAG_COUNT)) - 1)
        return true;
    fail(why, CODE_DAMAGED, "the installer is damaged: line %u of its facts is not what it should be", line);
    return fail_hint(why, "copy or download the installer again");
}

void facts_python_minor(const struct facts *facts, char minor[16])
{
    const char *second = strchr(strchr(facts->python, '.') + 1, '.');

    snprintf(minor, 16, "%.*s", second != NULL ? (int)(second - facts->python) : 15, facts->python);
}
