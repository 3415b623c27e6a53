/* Strings that are kept until the program ends, which is soon: nobody frees them. Without memory the program ends at once,
 * before it has changed anything that the next run would not put right. */
#ifndef KEEL_KEPT_H
#define KEEL_KEPT_H

#include <stddef.h>
#include <wchar.h>

#include "failure.h"

void *kept(size_t size);
char *kept_format(const char *format, ...) PRINTF_LIKE(1, 2);

/* Between UTF-8 and UTF-16, letter by letter: `/` stays what it is. Malformed text is replaced. */
wchar_t *kept_wide(const char *text);
char *kept_narrow(const wchar_t *wide);

/* A path as Windows writes it, `\` between its components. */
char *kept_backslashes(const char *path);
wchar_t *kept_wide_path(const char *path);

/* A path as the engine writes it, `/` between its components. */
char *kept_slashes(const wchar_t *path);

#endif
