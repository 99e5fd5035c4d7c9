/* SPDX-License-Identifier: MIT */
/* The part of partition scanning that reads GPTs; partition.h is the interface. */
#ifndef CORE_IMAGE_GPT_H
#define CORE_IMAGE_GPT_H

#include "core/image/partition.h"

/* partition_scan's for an image with a protective MBR; image->sector_size is set. */
enum partition_result gpt_scan(const struct partition_image *image, partition_visitor *visit, void *context);

/* CRC-32 as GPT, zip and Ethernet have it. Begin with crc 0; continue with the last result. */
uint32_t gpt_crc32(uint32_t crc, const void *data, size_t length);

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
