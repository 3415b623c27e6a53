/* The windows of installer and uninstaller. */
#ifndef KEEL_WIZARD_H
#define KEEL_WIZARD_H

#include "job.h"
#include "options.h"
#include "removal.h"

/* Show the pages and do what the user decides. Both give the exit code. */
int wizard_install(struct job *job, const struct options *options);
int wizard_remove(struct removal *removal, const struct facts *facts);

/* A message of its own, outside of any page. */
void wizard_message(const char *title, const char *text);

#endif
