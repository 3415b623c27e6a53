/* What the builder has put into this program: builder/installers/exe.py. */
#ifndef KEEL_RESOURCES_H
#define KEEL_RESOURCES_H

#include <stddef.h>

#define RESOURCE_ICON 1 /* an icon group */

/* Numbers of RCDATA. license: UTF-8.  picture: a PNG or BMP file. */
enum resource { RESOURCE_FACTS = 1, RESOURCE_LICENSE = 2, RESOURCE_PICTURE = 3 };

/* A copy with a zero behind it; NULL where there is none. */
char *resource_copy(enum resource number, size_t *size);

#endif
