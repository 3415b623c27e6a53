/* One installation, as both front ends (silent and wizard) want it done. */
#ifndef KEEL_JOB_H
#define KEEL_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "failure.h"
#include "integration.h"
#include "options.h"
#include "pe.h"

/* self: this program's file.  pe: its headers; the payload begins at pe.end.  name, files, bytes, longest: of the payload.
 * prefix: where to install, as the user gave it. */
struct job {
    const struct facts *facts;
    const char *self;
    struct pe pe;
    uint64_t files, bytes, longest;
    struct wishes wishes;
    bool long_paths;
    const char *prefix;
    struct record record;
};

/* Read this program's file and the index of its payload; fails with CODE_DAMAGED. */
bool job_open(struct job *job, const struct facts *facts, const char *self, const struct pe *pe, struct failure *why);

/* What the user asked for, where not the recipe's defaults. */
void job_apply(struct job *job, const struct options *options);

/* The folder that is proposed, for this user or for all. */
char *job_default_prefix(const struct job *job);

/* What would make the installation fail, as far as that can be known beforehand; changes nothing. */
bool job_check(const struct job *job, struct failure *why);

/* Install. After a failure the machine is as before; CODE_CANCELLED where os_cancelled ended it. */
bool job_install(struct job *job, struct failure *why);

/* Only check the payload, or only unpack it into a folder. */
bool job_verify(const struct job *job, struct failure *why);
bool job_extract(const struct job *job, const char *folder, struct failure *why);

#endif
