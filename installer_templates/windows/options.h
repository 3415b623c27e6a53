/* The command line of installer and uninstaller: docs/windows.md, "Options". */
#ifndef KEEL_OPTIONS_H
#define KEEL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

#define OPTIONS_LONGEST 131072 /* bytes: more than 32,767 UTF-16 code units can be */

enum choice { CHOICE_OPEN = -1, CHOICE_NO = 0, CHOICE_YES = 1 };

/* log, extract, prefix: "" where they were not given.  resume: the wizard goes on here after the user has agreed to
 * elevation.  only_long_paths: enable long paths, and nothing else; the wizard starts this with elevation. */
struct options {
    bool silent, help, show_version, verify, resume, only_long_paths;
    enum choice all_users, add_to_path, register_python, registry, shortcuts, long_paths, init_shells, environments;
    const char *log, *extract, *prefix;
};

/* Parse what stands behind the program's name on its command line: UTF-8, changed in place, and to outlive the options.
 * `/D=` takes everything up to the end, spaces included. Fails with CODE_USAGE. */
bool options_parse(char *line, struct options *options, struct failure *why);

/* Where the arguments begin on a whole command line: behind the program's name, which may be quoted. */
char *options_behind_program(char *line);

#endif
