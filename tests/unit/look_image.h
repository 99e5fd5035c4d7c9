/* SPDX-License-Identifier: MIT */
/* An image in memory, built byte by byte, and the look at it. */
#ifndef TESTS_UNIT_LOOK_IMAGE_H
#define TESTS_UNIT_LOOK_IMAGE_H

#include "core/image/look.h"

#define SIZE (4u << 20)

extern unsigned char image[SIZE];
extern uint64_t image_size;
extern uint32_t reads_until_failure; /* 0: none fails */
extern uint64_t bytes_read;          /* so far */
extern struct look look;             /* the last one */

/* All zero, and whole. */
void clear(void);
void put(size_t offset, const void *bytes, size_t length);
void put_little(size_t offset, uint64_t value, unsigned bytes);
void put_big(size_t offset, uint64_t value, unsigned bytes);

/* An ISO 9660 volume descriptor. */
void put_iso(size_t offset);

/* An anchor volume descriptor pointer and the descriptors that say NSR03; the anchor's sector has `sector` bytes. */
void put_udf(size_t offset, uint32_t sector);

/* The tag's checksum of the anchor that is there. */
void put_udf_checksum(size_t anchor);

/* A BPB of a FAT file system, which an empty root directory completes. */
void put_bpb(size_t offset, unsigned sector, unsigned per_track, unsigned heads, unsigned total, unsigned media);

/* Entry i of the partition table in a sector of 512 bytes. */
void put_entry(size_t sector, unsigned i, unsigned type, uint32_t start, uint32_t length);

/* Of the VHD format: a cookie, sizes, the kind of disk, and a checksum. */
void put_vhd_footer(size_t offset, unsigned type, uint64_t size);

struct image_reader image_reader(void);
bool look_with(struct look_options options, const char *name);
bool look_at(const char *name);

#endif
