#include "progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 40
#define UNIT 20 /* characters of a unit's name that are shown */
#define REDRAW 100 /* milliseconds */

/* "712 MB" or "3.4 KB"; decimal units, as disks are sold. */
static void format_size(char *text, size_t size, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
    uint64_t tenths = bytes * 10;
    int unit = 0;

    for (; tenths >= 10000 && unit < 4; unit++)
        tenths /= 1000;
    if (unit == 0 || tenths >= 1000)
        snprintf(text, size, "%" PRIu64 " %s", tenths / 10, units[unit]);
    else
        snprintf(text, size, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}

bool progress_start(struct progress *self, const char *verb, uint64_t files, uint64_t bytes, uint64_t work, bool quiet,
                    struct failure *why)
{
    char size[32];

    format_size(size, sizeof size, bytes);
    progress_line(quiet, "%s %" PRIu64 " files, %s", verb, files, size);
    self->verb = verb;
    self->total = work;
    atomic_init(&self->done, 0);
    atomic_init(&self->unit, "");
    self->quiet = quiet;
    self->bar = !quiet && os_stderr_is_terminal();
    self->drawn = 0;
    self->mutex = os_mutex_new();
    return self->mutex != NULL || fail_memory(why);
}

static void draw(const struct progress *self, uint64_t done)
{
    static const char full[] = "########################################", empty[] = "........................................";
    int filled = self->total == 0 || done >= self->total ? WIDTH : (int)((double)done / (double)self->total * WIDTH);

    fprintf(stderr, "\r%s [%.*s%.*s] %3d%% %-*.*s", self->verb, filled, full, WIDTH - filled, empty, filled * 100 / WIDTH,
            UNIT, UNIT, atomic_load(&self->unit));
    fflush(stderr);
}

void progress_unit(struct progress *self, const char *unit)
{
    atomic_store(&self->unit, unit);
}

void progress_add(struct progress *self, uint64_t work)
{
    uint64_t done = atomic_fetch_add(&self->done, work) + work;
    uint64_t now;

    if (!self->bar || !os_mutex_try(self->mutex)) /* somebody else is drawing */
        return;
    now = os_milliseconds();
    if (now - self->drawn >= REDRAW) {
        self->drawn = now;
        draw(self, done);
    }
    os_mutex_unlock(self->mutex);
}

void progress_end(struct progress *self)
{
    if (self->bar)
        fprintf(stderr, "\r%*s\r", (int)strlen(self->verb) + WIDTH + UNIT + 9, "");
    os_mutex_free(self->mutex);
    self->mutex = NULL;
}

void progress_line(bool quiet, const char *format, ...)
{
    va_list arguments;

    if (quiet)
        return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}
