/* Keys and values of the registry, always in its 64-bit view. Names and texts are UTF-8. */
#ifndef KEEL_REGISTRY_H
#define KEEL_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* Where a distribution is registered: for all users or for this one. */
enum registry_root { REGISTRY_USER, REGISTRY_MACHINE };

/* Set a value, "" being a key's default one; missing keys are made. */
bool registry_set_text(enum registry_root root, const char *key, const char *name, const char *text, struct failure *why);
bool registry_set_number(enum registry_root root, const char *key, const char *name, uint32_t number, struct failure *why);
/* The same as REG_EXPAND_SZ. */
bool registry_set_expandable(enum registry_root root, const char *key, const char *name, const char *text,
                             struct failure *why);

/* A text as it is stored, nothing in it expanded; NULL where there is none. */
char *registry_text(enum registry_root root, const char *key, const char *name);

/* Remove a value; a key with all below it; a key if nothing is in it. What is not there counts as removed.
 * has_keys: whether there are keys below a key. */
bool registry_remove_value(enum registry_root root, const char *key, const char *name, struct failure *why);
bool registry_remove_tree(enum registry_root root, const char *key, struct failure *why);
bool registry_has_keys(enum registry_root root, const char *key);
void registry_remove_if_empty(enum registry_root root, const char *key);

#endif
