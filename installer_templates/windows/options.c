#include "options.h"

#include <string.h>

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

static bool is_space(char letter)
{
    return letter == ' ' || letter == '\t';
}

char *options_behind_program(char *line)
{
    bool quoted = false;

    for (; *line != '\0' && (quoted || !is_space(*line)); line++)
        if (*line == '"')
            quoted = !quoted;
    return line;
}

/* The next word, zero-terminated in place and without its quotes: a quote begins or ends a part in which spaces count as
 * letters. Paths hold no quotes and may end in a backslash, so a backslash means itself. NULL at the end. */
static char *next_word(char **at)
{
    char *from = *at, *to, *word;
    bool quoted = false;

    while (is_space(*from))
        from++;
    if (*from == '\0')
        return NULL;
    for (word = to = from; *from != '\0' && (quoted || !is_space(*from)); from++) {
        if (*from == '"')
            quoted = !quoted;
        else
            *to++ = *from;
    }
    *at = *from != '\0' ? from + 1 : from;
    *to = '\0';
    return word;
}

static const struct switch_key {
    const char *name;
    size_t place;
} SWITCHES[] = {
    {"S", offsetof(struct options, silent)},   {"?", offsetof(struct options, help)},
    {"Help", offsetof(struct options, help)},  {"Version", offsetof(struct options, show_version)},
    {"Verify", offsetof(struct options, verify)}, {"Resume", offsetof(struct options, resume)},
    {"OnlyEnableLongPaths", offsetof(struct options, only_long_paths)},
};

/* no: the option's name is a negation, so that 1 means no. */
static const struct choice_key {
    const char *name;
    size_t place;
    bool no;
} CHOICES[] = {
    {"AddToPath", offsetof(struct options, add_to_path), false},
    {"RegisterPython", offsetof(struct options, register_python), false},
    {"NoRegistry", offsetof(struct options, registry), true},
    {"NoShortcuts", offsetof(struct options, shortcuts), true},
    {"EnableLongPaths", offsetof(struct options, long_paths), false},
    {"InitShells", offsetof(struct options, init_shells), false},
    {"RemoveEnvironments", offsetof(struct options, environments), false},
};
static const char *const IGNORED[] = {"NoScripts", "KeepPkgCache"}; /* Miniconda's; there is nothing that they could change */

static const struct text_key {
    const char *name;
    size_t place;
} TEXTS[] = {
    {"Log", offsetof(struct options, log)},
    {"Extract", offsetof(struct options, extract)},
};
#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool wrong(struct failure *why, const char *word, const char *what)
{
    fail(why, CODE_USAGE, "%.200s: %s", word, what);
    return fail_hint(why, "the options are shown by /?");
}

static bool parse_choice(const char *word, const char *value, bool no, enum choice *place, struct failure *why)
{
    if (value == NULL || (strcmp(value, "0") != 0 && strcmp(value, "1") != 0))
        return wrong(why, word, "needs =0 or =1");
    *place = (value[0] == '1') != no ? CHOICE_YES : CHOICE_NO;
    return true;
}

static bool parse_type(const char *word, const char *value, struct options *options, struct failure *why)
{
    if (value != NULL && is_same(value, "AllUsers"))
        options->all_users = CHOICE_YES;
    else if (value != NULL && is_same(value, "JustMe"))
        options->all_users = CHOICE_NO;
    else
        return wrong(why, word, "needs =JustMe or =AllUsers");
    return true;
}

/* word: for messages.  name: without its slash.  value: behind `=`, or NULL. */
static bool parse_option(const char *word, const char *name, const char *value, struct options *options,
                         struct failure *why)
{
    enum choice ignored;

    for (size_t i = 0; i < COUNT(SWITCHES); i++)
        if (is_same(name, SWITCHES[i].name)) {
            *((bool *)((char *)options + SWITCHES[i].place)) = true;
            return value == NULL || wrong(why, word, "takes no value");
        }
    for (size_t i = 0; i < COUNT(CHOICES); i++)
        if (is_same(name, CHOICES[i].name))
            return parse_choice(word, value, CHOICES[i].no,
                                (enum choice *)((char *)options + CHOICES[i].place), why);
    for (size_t i = 0; i < COUNT(IGNORED); i++)
        if (is_same(name, IGNORED[i]))
            return parse_choice(word, value, false, &ignored, why);
    for (size_t i = 0; i < COUNT(TEXTS); i++)
        if (is_same(name, TEXTS[i].name)) {
            if (value == NULL || value[0] == '\0')
                return wrong(why, word, "needs = and a path");
            *(const char **)((char *)options + TEXTS[i].place) = value;
            return true;
        }
    if (is_same(name, "InstallationType"))
        return parse_type(word, value, options, why);
    return wrong(why, word, "there is no such option");
}

/* Cut ` /D=...` off the end of the line; everything behind it is the prefix. False where there is none. NSIS wants no quotes;
 * people write them around the path, and other programs around the whole word. */
static bool take_prefix(char *line, struct options *options)
{
    bool quoted = false, begin = true;
    char *end;

    for (; *line != '\0'; line++) {
        const char *word = line + (begin && !quoted && *line == '"');
        if (begin && !quoted && word[0] == '/' && lower(word[1]) == 'd' && word[2] == '=')
            break;
        if (*line == '"')
            quoted = !quoted;
        begin = is_space(*line);
    }
    if (*line == '\0')
        return false;
    quoted = *line == '"';
    *line = '\0';
    options->prefix = line += 3 + quoted;
    for (end = line + strlen(line); end > line && is_space(end[-1]); end--)
        ;
    if (end > line && end[-1] == '"' && (quoted || line[0] == '"')) {
        options->prefix += !quoted;
        end--;
    }
    *(end > options->prefix ? end : (char *)options->prefix) = '\0';
    return true;
}

static bool check_together(const struct options *options, bool has_prefix, struct failure *why)
{
    if (has_prefix && options->prefix[0] == '\0')
        return wrong(why, "/D=", "needs a path behind it");
    if (options->verify && options->extract[0] != '\0')
        return wrong(why, "/Verify", "cannot be combined with /Extract");
    if (options->registry == CHOICE_NO && options->add_to_path == CHOICE_YES)
        return wrong(why, "/NoRegistry=1", "cannot be combined with /AddToPath=1, for PATH is in the registry");
    if (options->registry == CHOICE_NO && options->register_python == CHOICE_YES)
        return wrong(why, "/NoRegistry=1", "cannot be combined with /RegisterPython=1");
    return true;
}

bool options_parse(char *line, struct options *options, struct failure *why)
{
    const enum choice open = CHOICE_OPEN;
    bool has_prefix;
    char *word;

    *options = (struct options){.all_users = open, .add_to_path = open, .register_python = open, .registry = open,
                                .shortcuts = open, .long_paths = open, .init_shells = open, .environments = open,
                                .log = "", .extract = "", .prefix = ""};
    if (strlen(line) > OPTIONS_LONGEST)
        return wrong(why, "the command line", "is too long");
    has_prefix = take_prefix(line, options);
    while ((word = next_word(&line)) != NULL) {
        char name[64], *equals = strchr(word, '=');
        size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
        if ((word[0] != '/' && word[0] != '-') || length < 2 || length > sizeof name)
            return wrong(why, word, "is not an option");
        memcpy(name, word + 1, length - 1);
        name[length - 1] = '\0';
        if (!parse_option(word, name, equals != NULL ? equals + 1 : NULL, options, why))
            return false;
    }
    return check_together(options, has_prefix, why);
}
