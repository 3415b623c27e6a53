/* The picture on the first and the last page. */
#ifndef KEEL_PICTURE_H
#define KEEL_PICTURE_H

#include <stddef.h>

#include "os_windows.h"

/* A PNG or BMP file in memory as a bitmap of width x height pixels, its middle part if the proportions differ; NULL where
 * Windows cannot read it. */
HBITMAP picture_load(const void *data, size_t size, int width, int height);

#endif
