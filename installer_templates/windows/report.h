/* What the program says: on the console or into the pipe that it was started from, and in its log. */
#ifndef KEEL_REPORT_H
#define KEEL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* Use the standard handles that the program was given; a console is that of the process that started it. */
void report_start(void);

/* Whether anybody sees what is said: there is a console, or a file or pipe. */
bool report_is_seen(void);

/* Begin the log: in the file `wanted`, or where that is "" in the user's folder for temporary files as
 * `<name>-<UTC time>.log`. Fails with CODE_USAGE where the wanted file cannot be written. */
bool report_open_log(const char *wanted, const char *name, struct failure *why);

/* The log's path (UTF-8, `\`); "" without one. */
const char *report_log_path(void);

/* Put a copy of the log into the folder `folder`, and remove the one among the temporary files. */
void report_keep_log(const char *folder);

/* A line on standard output, and in the log. */
void report_say(const char *format, ...) PRINTF_LIKE(1, 2);
/* A line in the log only. */
void report_log(const char *format, ...) PRINTF_LIKE(1, 2);
/* `warning: ...` on standard error, and in the log. */
void report_warn(const char *format, ...) PRINTF_LIKE(1, 2);
/* One line on standard error for a failure and its hint, and the same in the log. */
void report_failure(const struct failure *why);

/* A failure's text with paths as Windows writes them. hint: the next step is part of it. */
char *report_failure_text(const struct failure *why, bool hint);

/* How far the engine is, in bytes; unit: what it unpacks now, or "". */
struct report_state {
    bool running;
    uint64_t done, total;
    char unit[208];
};

struct report_state report_progress(void);

#endif
