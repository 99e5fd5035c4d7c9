/* SPDX-License-Identifier: MIT */
/* The core's platform in programs that need no more of it than memory: they compile rules. */

#include "core/base/platform.h"

#include <stdlib.h>

void *platform_allocate(enum platform_pool pool, size_t size, uint32_t tag)
{
    (void)pool;
    (void)tag;
    return malloc(size);
}

void platform_free(void *block, size_t size, uint32_t tag)
{
    (void)size;
    (void)tag;
    free(block);
}
