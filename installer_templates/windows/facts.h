/* What a setup program says about its distribution: the resource that builder/installers/exe.py writes, docs/windows.md,
 * "Facts". */
#ifndef KEEL_FACTS_H
#define KEEL_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

#define FACTS_LONGEST 65536 /* bytes of the whole resource */
#define FACTS_SHORTCUTS 32

/* target, icon: paths relative to the prefix, with `/`; icon may be "". arguments: as they stand on a command line. */
struct facts_shortcut {
    const char *name, *target, *arguments, *icon;
};

/* title: as people read it.  id: the distribution's name in the registry and in file names ([A-Za-z0-9._-]).
 * python: full version.  label: "Windows-x86_64".  company, homepage: "" where there is none.
 * compiles: the last step makes bytecode, which takes a while.  prefix_me, prefix_all: proposed folders; %NAME% in them is expanded, `~` is the user's profile. */
struct facts {
    const char *id, *title, *version, *company, *homepage, *python, *label, *prefix_me, *prefix_all;
    bool add_to_path, register_python, compiles, has_license, has_picture;
    struct facts_shortcut shortcuts[FACTS_SHORTCUTS];
    size_t shortcut_count;
};

/* Parse the resource. `text` is changed, must outlive the facts, and is followed by one byte that may be overwritten.
 * Fails with CODE_DAMAGED. */
bool facts_parse(char *text, size_t size, struct facts *facts, struct failure *why);

/* "3.11" of "3.11.7", into 16 bytes. */
void facts_python_minor(const struct facts *facts, char minor[16]);

#endif
