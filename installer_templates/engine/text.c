#include "text.h"

#include <stdlib.h>
#include <string.h>

void text_add(struct text *self, const char *string)
{
    text_add_bytes(self, string, strlen(string));
}

void text_add_bytes(struct text *self, const void *added, size_t size)
{
    if (self->capacity - self->size <= size) {
        size_t capacity = 2 * (self->size + size) + 256;
        char *bytes = self->failed ? NULL : realloc(self->bytes, capacity);
        self->failed = bytes == NULL;
        if (self->failed)
            return;
        self->bytes = bytes;
        self->capacity = capacity;
    }
    memcpy(self->bytes + self->size, added, size);
    self->size += size;
    self->bytes[self->size] = '\0';
}

void text_free(struct text *self)
{
    free(self->bytes);
    *self = (struct text){0};
}
