/* What can go wrong, and how it travels: functions return false and leave the reason in a `struct failure`. */
#ifndef KEEL_FAILURE_H
#define KEEL_FAILURE_H

#include <stdbool.h>

/* docs/exit-codes.md, "Installers and the engine". A signal ends the engine with 128 + its number. */
enum exit_code {
    CODE_DONE = 0,
    CODE_UNEXPECTED = 1,
    CODE_USAGE = 2,
    CODE_SYSTEM = 3,
    CODE_PREFIX = 4,
    CODE_DAMAGED = 5,
    CODE_WRITE = 6,
    CODE_BUSY = 7,
    CODE_CANCELLED = 8,
    CODE_ELEVATION = 9,
    CODE_RESTART_FIRST = 10,
    CODE_SIGNAL = 128,
    CODE_RESTART = 3010 /* Windows' own ERROR_SUCCESS_REBOOT_REQUIRED: done, but for a restart */
};

/* The first thing that went wrong. code: CODE_DONE as long as nothing did. hint: the next step, or "". */
struct failure {
    int code;
    char message[5120];
    char hint[512];
};

#if defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

/* Record a failure unless there is one already. Always returns false, so that callers can return it. */
bool fail(struct failure *why, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Add the next step to take to a failure without one. Always returns false. */
bool fail_hint(struct failure *why, const char *format, ...) PRINTF_LIKE(2, 3);

/* Record that `doing` ("creating") `path` ended with `error`, an errno value. The code is CODE_WRITE where space or the
 * disk is at fault and `otherwise` elsewhere. Always returns false. */
bool fail_io(struct failure *why, int error, int otherwise, const char *doing, const char *path);

/* No memory. Always returns false. */
bool fail_memory(struct failure *why);

/* Print a failure on standard error as `error: ...` and `hint: ...`, control characters replaced. */
void failure_print(const struct failure *why);

#endif
