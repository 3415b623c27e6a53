/* Makes links to the files of one tree in another: `keel-engine link`. */
#ifndef KEEL_LINK_H
#define KEEL_LINK_H

#include <stdbool.h>

#include "failure.h"

/* Do the jobs that standard input lists, below the folder `into`, and report on standard output what could not be done
 * (docs/engine.md, "Linking trees"). */
bool command_link(const char *into, unsigned threads, struct failure *why);

#endif
