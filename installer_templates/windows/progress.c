/* The engine's progress.h for a program with a window: the wizard asks how far it is, plain lines go to the log. */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>

#include "os_windows.h"
#include "report.h"

/* The engine's work is one extraction at a time; the wizard looks at it from another thread, so this outlives the engine's own
 * `struct progress`. */
static SRWLOCK lock = SRWLOCK_INIT;
static struct report_state state;

bool progress_start(struct progress *self, const char *verb, uint64_t files, uint64_t bytes, uint64_t work, bool quiet,
                    struct failure *why)
{
    (void)why;
    report_log("%s %llu files, %llu bytes", verb, (unsigned long long)files, (unsigned long long)bytes);
    self->quiet = quiet;
    AcquireSRWLockExclusive(&lock);
    state = (struct report_state){.running = true, .total = work};
    ReleaseSRWLockExclusive(&lock);
    return true;
}

void progress_unit(struct progress *self, const char *unit)
{
    (void)self;
    AcquireSRWLockExclusive(&lock);
    snprintf(state.unit, sizeof state.unit, "%s", unit);
    ReleaseSRWLockExclusive(&lock);
}

void progress_add(struct progress *self, uint64_t work)
{
    (void)self;
    AcquireSRWLockExclusive(&lock);
    state.done += work;
    ReleaseSRWLockExclusive(&lock);
}

void progress_end(struct progress *self)
{
    (void)self;
    AcquireSRWLockExclusive(&lock);
    state.running = false;
    ReleaseSRWLockExclusive(&lock);
}

void progress_line(bool quiet, const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (quiet)
        report_log("%s", line);
    else
        report_say("%s", line);
}

struct report_state report_progress(void)
{
    struct report_state copy;

    AcquireSRWLockShared(&lock);
    copy = state;
    ReleaseSRWLockShared(&lock);
    return copy;
}
