/* SPDX-License-Identifier: MIT */
/* Making MBRs: cylinder-head-sector addresses, a table of four partitions, names of partition types. */
#ifndef CORE_IMAGE_MBR_H
#define CORE_IMAGE_MBR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MBR_SIZE       512u
#define MBR_PARTITIONS 4u

/* What addresses are computed with. A zero is an error of the caller. */
struct mbr_geometry {
    uint32_t heads;             /* tracks per cylinder, at most 255 are used */
    uint32_t sectors_per_track; /* at most 63 are used */
    uint32_t bytes_per_sector;
};

struct mbr_partition {
    uint64_t start_bytes;
    uint64_t length_bytes;
    uint8_t type; /* 0: unused entry */
    bool active;
};

/* The three bytes of an entry: head, sector with two bits of the cylinder above it, cylinder. */
struct mbr_chs {
    uint8_t bytes[3];
};

/* Sectors that cannot be addressed get cylinder 1023, head 254, sector 63, as others do. */
struct mbr_chs mbr_chs_from_lba(const struct mbr_geometry *geometry, uint32_t lba);

/* 0 for addresses without sector number (they count from 1). At most 2^26. */
uint32_t mbr_lba_from_chs(const struct mbr_geometry *geometry, struct mbr_chs chs);

/*
 * Writes a master boot record whose code halts. False, and nothing is written, if there are more than four partitions,
 * the geometry has a zero, or a partition does not consist of whole sectors or needs more than 32 bits for their number.
 */
bool mbr_build(const struct mbr_geometry *geometry, const struct mbr_partition *partitions, size_t count,
               unsigned char mbr[MBR_SIZE]);

/* Name of an MBR partition type, never NULL; "Unknown" if nobody is known to use it. */
const char *mbr_type_name(uint8_t type);

#endif
