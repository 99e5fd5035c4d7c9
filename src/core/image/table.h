/* SPDX-License-Identifier: MIT */
/* What reading either kind of partition table takes. */
#ifndef CORE_IMAGE_TABLE_H
#define CORE_IMAGE_TABLE_H

#include "core/image/partition.h"

/* Reads at an offset of the disk; false also if the offset is beyond 2^63. */
bool partition_read(const struct partition_image *image, uint64_t offset, void *buffer, uint32_t length);

/* A scan under way. */
struct partition_scanning {
    const struct partition_image *image; /* sector_size is set */
    partition_visitor *visit;            /* NULL: only check */
    void *context;
    uint32_t numbers;            /* given so far */
    uint32_t intact;             /* partitions that could be mounted */
    bool stopped;                /* by the visitor */
    enum partition_result first; /* problem that was found; PARTITION_OK: none */
};

/* Notes a problem, and tells of it unless this is only a check. */
void partition_report(struct partition_scanning *scan, enum partition_result kind, uint32_t number, uint64_t offset);

/* Gives a partition its number, checks it, and passes it on. False: the visitor wants no more. */
bool partition_visit(struct partition_scanning *scan, struct partition *partition);

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
