/* Bounded lines of `key=value`: the facts that the builder puts into a setup program, and the record for the uninstaller. */
#ifndef KEEL_LINES_H
#define KEEL_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

#define LINES_LONGEST 4096 /* bytes of one line */

/* Go through `size` bytes of UTF-8 text at `text`, which is followed by one byte that may be overwritten, and is changed:
 * `take` gets each line's key ([a-z_]+) and value (clean text, tabs allowed; may be empty), both zero-terminated in place.
 * False after a malformed line, or when `take` returns false; *line is the number of the one at fault, from 1. */
bool lines_read(char *text, size_t size, bool (*take)(void *context, const char *key, char *value), void *context,
                unsigned *line);

/* Cut `value` at tabs into at most `count` fields, the missing ones "". False where there are more. */
bool lines_split(char *value, const char *fields[], size_t count);

/* "0" or "1". False for anything else. */
bool lines_flag(const char *value, bool *flag);

/* A decimal number below 2^53 without leading zeros. */
bool lines_number(const char *value, unsigned long long *number);

#endif
