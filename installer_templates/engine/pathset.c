#include "pathset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)256 << 10) /* far above the longest path */
#define SMALLEST 1024

struct pathset_block {
    struct pathset_block *next;
    size_t used;
    char bytes[BLOCK_SIZE];
};

/* FNV-1a: paths are short, and who makes a payload gains nothing by collisions. */
static size_t hash(const char *path)
{
    uint64_t value = UINT64_C(0xcbf29ce484222325);

    for (; *path != '\0'; path++)
        value = (value ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
    return (size_t)(value ^ value >> 32);
}

/* The slot that holds `path`, or the empty one where it belongs. */
static char **find_slot(char **slots, size_t capacity, const char *path)
{
    size_t at = hash(path) & (capacity - 1);

    while (slots[at] != NULL && strcmp(slots[at], path) != 0)
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static bool grow(struct pathset *self)
{
    size_t capacity = self->capacity == 0 ? SMALLEST : 2 * self->capacity;
    char **slots = calloc(capacity, sizeof *slots);

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < self->capacity; i++)
        if (self->slots[i] != NULL)
            *find_slot(slots, capacity, self->slots[i]) = self->slots[i];
    free(self->slots);
    self->slots = slots;
    self->capacity = capacity;
    return true;
}

static char *keep(struct pathset *self, const char *path, char mark)
{
    size_t size = strlen(path) + 2;
    char *kept;

    if (self->blocks == NULL || BLOCK_SIZE - self->blocks->used < size) {
        struct pathset_block *block = malloc(sizeof *block);
        if (block == NULL)
            return NULL;
        block->next = self->blocks;
        block->used = 0;
        self->blocks = block;
    }
    kept = self->blocks->bytes + self->blocks->used;
    self->blocks->used += size;
    kept[0] = mark;
    memcpy(kept + 1, path, size - 1);
    return kept + 1;
}

enum pathset_result pathset_add(struct pathset *self, const char *path, char mark)
{
    char **slot;

    if (2 * self->count >= self->capacity && !grow(self))
        return PATHSET_NO_MEMORY;
    slot = find_slot(self->slots, self->capacity, path);
    if (*slot != NULL)
        return PATHSET_DUPLICATE;
    *slot = keep(self, path, mark);
    if (*slot == NULL)
        return PATHSET_NO_MEMORY;
    self->count++;
    return PATHSET_ADDED;
}

char pathset_find(const struct pathset *self, const char *path)
{
    const char *found = self->capacity == 0 ? NULL : *find_slot(self->slots, self->capacity, path);

    return found == NULL ? PATH_ABSENT : found[-1];
}

void pathset_free(struct pathset *self)
{
    while (self->blocks != NULL) {
        struct pathset_block *next = self->blocks->next;
        free(self->blocks);
        self->blocks = next;
    }
    free(self->slots);
    *self = (struct pathset){0};
}
