#include "resources.h"

#include <string.h>

#include "kept.h"
#include "os_windows.h"

char *resource_copy(enum resource number, size_t *size)
{
    HRSRC found = FindResourceW(NULL, MAKEINTRESOURCEW(number), MAKEINTRESOURCEW(10)); /* RT_RCDATA */
    HGLOBAL loaded = found != NULL ? LoadResource(NULL, found) : NULL;
    const void *data = loaded != NULL ? LockResource(loaded) : NULL;
    char *copy;

    if (data == NULL)
        return NULL;
    *size = SizeofResource(NULL, found);
    copy = kept(*size + 1);
    memcpy(copy, data, *size);
    return copy;
}
