/* What was installed, for the uninstaller: `keel-meta/uninstall.ini`, docs/windows.md, "The record". */
#ifndef KEEL_RECORD_H
#define KEEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "text.h"

#define RECORD_PATH "keel-meta/uninstall.ini"
#define RECORD_LONGEST (1u << 20) /* bytes */
#define RECORD_ITEMS 512          /* of one kind */

/* Strings of one kind: folders on PATH, files of shortcuts, names in the prefix. */
struct record_list {
    const char *items[RECORD_ITEMS];
    size_t count;
};

/* prefix: where it was installed (with `/`).  arp_key, python_key: below HKCU or HKLM, "" where nothing was registered there.
 * menu: the Start menu's folder, absolute, or "".  shells: `keel init` was run.  names: top-level names in the prefix. */
struct record {
    const char *title, *version, *prefix, *arp_key, *python_key, *menu;
    bool all_users, shells;
    struct record_list path, shortcuts, names;
};

/* The record as text, to be freed by the caller. */
void record_write(const struct record *record, struct text *text);

/* Parse a record. `text` is changed, must outlive it, and is followed by one byte that may be overwritten. */
bool record_parse(char *text, size_t size, struct record *record, struct failure *why);

/* False without room. */
bool record_add(struct record_list *list, const char *item);

/* Whether the list holds the text; upper and lower case of ASCII count as the same. */
bool record_holds(const struct record_list *list, const char *item);

#endif
