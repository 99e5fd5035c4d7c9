/* SPDX-License-Identifier: MIT */
/* Reading of partition tables; table.h has the contract. */

#include "core/image/table.h"

bool partition_read(const struct partition_image *image, uint64_t offset, void *buffer, uint32_t length)
{
    uint64_t limit = (uint64_t)INT64_MAX - image->offset - length;
    return offset <= limit && image->read(image->context, image->offset + offset, buffer, length);
}
