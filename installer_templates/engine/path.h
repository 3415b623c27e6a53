/* Which names and link targets a payload may bring: the rules of docs/payload-format.md, "Frames". */
#ifndef KEEL_PATH_H
#define KEEL_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_LONGEST 4095 /* bytes, without the zero */
#define NAME_LONGEST 255  /* bytes of one component */
#define PATH_DEEPEST 128  /* components; walks keep a folder open for each */

/* NULL if `path` is a plain relative path that stays inside its folder, otherwise what is wrong with it, in words.
 * windows: refuse names that Windows cannot hold, too. */
const char *path_problem(const char *path, bool windows);

/* The same for the target of a symbolic link at `path`: relative, and inside the tree after resolving `..` textually. */
const char *path_link_problem(const char *path, const char *target);

/* Bytes of the character at the beginning of `text`, which is not empty; 0 for a control character (Unicode's category Cc)
 * and for what is not well-formed UTF-8. */
size_t text_clean_character(const char *text, size_t size);

/* Whether the text is well-formed UTF-8 without control characters (Unicode's category Cc). */
bool text_is_clean(const char *text, size_t size);

/* The length of clean UTF-8 text in UTF-16 code units. */
size_t text_utf16_length(const char *text);

/* A new copy of the string; NULL without memory. */
char *path_copy(const char *path);

/* A new string "folder/name", or "name" where the folder is ""; NULL without memory. */
char *path_join(const char *folder, const char *name);

#endif
