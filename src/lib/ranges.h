/* SPDX-License-Identifier: MIT */
/* Where a file or a disk holds data: what lies between reads as zeros, and need not be read. */
#ifndef LIB_RANGES_H
#define LIB_RANGES_H

#include "lib/internal.h"

#define RANGES_ROOM 256u

struct ranges {
    HANDLE handle;
    uint64_t length; /* of the whole */
    int disk;        /* one of ours may know; else a file system may */
    int unknown;     /* neither does: everything is data */
    uint64_t known;  /* up to where `found` is complete */
    size_t count;
    size_t next; /* the first of `found` that may be ahead */
    struct ballast_disk_range found[RANGES_ROOM];
};

/* `handle` may be read, and stays open. What is not `stored` yet, as disk_store says, may be in what looks like a hole. */
void ranges_begin(struct ranges *ranges, HANDLE handle, int disk, bool stored, uint64_t length);

/*
 * The first data at or behind `offset`: where it begins, and its length; the whole length and 0 if there is none. Offsets
 * only grow.
 */
struct ballast_disk_range ranges_next(struct ranges *ranges, uint64_t offset);

#endif
