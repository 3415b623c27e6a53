/* What the user sees meanwhile: a bar on a terminal, a few plain lines elsewhere, nothing with --quiet.
 * Installers with a window have an implementation of their own: installer_templates/windows/progress.c. */
#ifndef KEEL_PROGRESS_H
#define KEEL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "os.h"

struct progress {
    const char *verb; /* "unpacking" */
    uint64_t total;   /* bytes */
    atomic_uint_fast64_t done;
    _Atomic(const char *) unit; /* what is being worked on */
    bool quiet, bar;
    os_mutex *mutex;
    uint64_t drawn; /* when, in milliseconds */
};

/* Begin `verb` with `files` files of `total` bytes. `work` is what the bar counts up to. */
bool progress_start(struct progress *self, const char *verb, uint64_t files, uint64_t bytes, uint64_t work, bool quiet,
                    struct failure *why);

/* A frame of `unit` begins; from any thread. The string outlives the progress. */
void progress_unit(struct progress *self, const char *unit);

/* Some of the work is done; from any thread. */
void progress_add(struct progress *self, uint64_t work);

/* Remove the bar. */
void progress_end(struct progress *self);

/* One plain line, unless quiet. */
void progress_line(bool quiet, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
