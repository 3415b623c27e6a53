/* Ctrl-C and its relatives, as failures. */
#ifndef KEEL_CANCEL_H
#define KEEL_CANCEL_H

#include "failure.h"
#include "os.h"

/* Record that the user wants us to stop, if so. Returns whether that is the case. */
static inline bool fail_if_cancelled(struct failure *why)
{
    int number = atomic_load_explicit(&os_cancelled, memory_order_relaxed);

    if (number != 0)
        fail(why, CODE_SIGNAL + number, "stopped by signal %d", number);
    return number != 0;
}

#endif
