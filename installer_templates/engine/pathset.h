/* The paths that a payload has brought so far: for duplicates, and for what hard links may point to. */
#ifndef KEEL_PATHSET_H
#define KEEL_PATHSET_H

#include <stdbool.h>
#include <stddef.h>

struct pathset {
    struct pathset_block *blocks; /* where the strings lie */
    char **slots;                 /* open addressing; each string is preceded by one byte, its mark */
    size_t capacity, count;
};

/* Marks of a path, one byte. */
enum { PATH_ABSENT = 0, PATH_STAGE_0_FILE = 1, PATH_ANYTHING_ELSE = 2 };

enum pathset_result { PATHSET_ADDED, PATHSET_DUPLICATE, PATHSET_NO_MEMORY };

/* An empty set is all zero. */
enum pathset_result pathset_add(struct pathset *self, const char *path, char mark);

/* The mark of a path, PATH_ABSENT without it. */
char pathset_find(const struct pathset *self, const char *path);

void pathset_free(struct pathset *self);

#endif
