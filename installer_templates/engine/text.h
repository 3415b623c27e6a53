/* Text that grows. */
#ifndef KEEL_TEXT_H
#define KEEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* An empty text is all zero. bytes: `size` of them and a zero. failed: memory was short; nothing more is added then. */
struct text {
    char *bytes;
    size_t size, capacity;
    bool failed;
};

void text_add(struct text *self, const char *string);
void text_add_bytes(struct text *self, const void *bytes, size_t size);
void text_free(struct text *self);

#endif
