#include "text.h"

#include <stdlib.h>
#include <string.h>

void text_add(struct text *self, const char *string)
{
    size_t length = strlen(string);

    if (self->capacity - self->size <= length) {
        size_t capacity = 2 * (self->size + length) + 256;
        char *bytes = self->failed ? NULL : realloc(self->bytes, capacity);
        self->failed = bytes == NULL;
        if (self->failed)
            return;
        self->bytes = bytes;
        self->capacity = capacity;
    }
    memcpy(self->bytes + self->size, string, length + 1);
    self->size += length;
}

void text_free(struct text *self)
{
    free(self->bytes);
    *self = (struct text){0};
}
