/* Reads a list of link jobs: the strict, bounded grammar of docs/engine.md, "Linking trees". */
#ifndef KEEL_JOBLIST_H
#define KEEL_JOBLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

#define JOB_MAX_BYTES ((size_t)1 << 20)       /* of one job, with its zeros */
#define JOB_LIST_MAX_NAMES ((uint64_t)1 << 24) /* of all jobs */

/* Files of one folder that are to appear in another. All strings lie in `text`.
 * ways: letters of "rhs" (reflink, hard link, symbolic link), to be tried in that order.
 * source: the folder of the files, "" where only symbolic links are wanted.  target: what a symbolic link says before
 * "/name", "" where none are wanted.  folder: where they go, relative; "" is the root itself.
 * names: `count` of them, one behind the other.  number: of the job, from 0. */
struct job {
    char *text;
    size_t size;
    const char *ways, *source, *target, *folder, *names;
    uint64_t count, number;
};

/* read: gives up to `size` bytes, 0 at the end; returns 0 or an errno value. After EINTR, the reader fails and says nothing:
 * whoever stopped it knows why. A new list is all zero but for `read`. */
struct job_list {
    int (*read)(struct job_list *self, void *buffer, size_t size, size_t *got);
    char buffer[(size_t)64 << 10];
    size_t at, filled;
    uint64_t jobs, names;
    bool begun;
};

bool job_open(struct job *self, struct failure *why);
void job_close(struct job *self);

/* Read the next job into `job`; at the end of a complete list *end is true instead. */
bool job_list_next(struct job_list *self, struct job *job, bool *end, struct failure *why);

#endif
