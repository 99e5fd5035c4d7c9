/* SPDX-License-Identifier: MIT */
/* Lanes for a disk of a test, one disk at a time. */
#ifndef TESTS_UNIT_LANES_H
#define TESTS_UNIT_LANES_H

#include "core/disk/disk.h"

static inline void *test_lanes(void)
{
    static struct disk_lane lanes[DISK_MAXIMUM_LANES + 1];
    return lanes;
}

#endif
