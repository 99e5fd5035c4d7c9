/* SPDX-License-Identifier: MIT */
/* What reading either kind of partition table takes. */
#ifndef CORE_IMAGE_TABLE_H
#define CORE_IMAGE_TABLE_H

#include "core/image/partition.h"

/* Reads at an offset of the disk; false also if the offset is beyond 2^63. */
bool partition_read(const struct partition_image *image, uint64_t offset, void *buffer, uint32_t length);

static inline uint16_t partition_load_u16(const unsigned char *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t partition_load_u32(const unsigned char *bytes)
{
    return partition_load_u16(bytes) | (uint32_t)partition_load_u16(bytes + 2) << 16;
}

static inline uint64_t partition_load_u64(const unsigned char *bytes)
{
    return partition_load_u32(bytes) | (uint64_t)partition_load_u32(bytes + 4) << 32;
}

#endif
