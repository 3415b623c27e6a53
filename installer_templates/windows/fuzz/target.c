/* The parsers of the setup program that read what a stranger may have written: the headers of a program, facts, record, command
 * line. The first byte of an input says which. A libFuzzer target, as the engine's is. */
#include <stdlib.h>
#include <string.h>

#include "../facts.h"
#include "../options.h"
#include "../pe.h"
#include "../record.h"
#include "path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy in memory of its own, with the one byte behind it that parsers may overwrite. */
static char *copy_of(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);

    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

static void fuzz_headers(const uint8_t *data, size_t size)
{
    struct pe pe;
    uint8_t *program;

    if (!pe_parse(data, size, &pe))
        return;
    if (pe.checksum + 4 > size || pe.security + 8 > size || pe.end % 8 != 0)
        abort();
    if (pe.end > 1 << 20 || pe.end < size)
        return;
    program = calloc(1, (size_t)pe.end);
    if (program == NULL)
        abort();
    memcpy(program, data, size);
    pe_finish_copy(program, &pe);
    free(program);
}

static void fuzz_facts(const uint8_t *data, size_t size)
{
    struct failure why = {0};
    struct facts facts;
    char *text = copy_of(data, size), minor[16];

    if (facts_parse(text, size, &facts, &why)) {
        facts_python_minor(&facts, minor);
        if (facts.id[0] == '\0' || facts.title[0] == '\0' || strchr(minor, '.') == NULL)
            abort();
        for (size_t i = 0; i < facts.shortcut_count; i++)
            if (path_problem(facts.shortcuts[i].target, true) != NULL || strchr(facts.shortcuts[i].name, '/') != NULL)
                abort();
    }
    free(text);
}

/* What was parsed is written and parsed again. */
static void fuzz_record(const uint8_t *data, size_t size)
{
    static struct record record, again;
    struct failure why = {0};
    struct text text = {0};
    char *copy = copy_of(data, size);

    if (record_parse(copy, size, &record, &why)) {
        for (size_t i = 0; i < record.names.count; i++)
            if (strchr(record.names.items[i], '/') != NULL || strcmp(record.names.items[i], "..") == 0)
                abort();
        record_write(&record, &text);
        if (text.failed || (text.size <= RECORD_LONGEST && !record_parse(text.bytes, text.size, &again, &why)))
            abort();
    }
    text_free(&text);
    free(copy);
}

static void fuzz_options(const uint8_t *data, size_t size)
{
    struct failure why = {0};
    struct options options;
    char *line = copy_of(data, size);

    if (options_parse(options_behind_program(line), &options, &why) &&
        (options.prefix == NULL || options.log == NULL || options.extract == NULL))
        abort();
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 4) {
    case 0: fuzz_headers(data + 1, size - 1); break;
    case 1: fuzz_facts(data + 1, size - 1); break;
    case 2: fuzz_record(data + 1, size - 1); break;
    default: fuzz_options(data + 1, size - 1); break;
    }
    return 0;
}
