/* SPDX-License-Identifier: MIT */
/* What a disk has done between two looks at its counters. Includes no system header. */
#ifndef CLI_BALLAST_DISK_RATES_H
#define CLI_BALLAST_DISK_RATES_H

#include "ballast/ballast.h"

#include <stdbool.h>

enum disk_counter {
    DISK_READ_REQUESTS,
    DISK_READ_BYTES,
    DISK_WRITE_REQUESTS,
    DISK_WRITTEN_BYTES,
    DISK_FLUSH_REQUESTS,
    DISK_TRIM_REQUESTS,
    DISK_TRIMMED_BYTES,
    DISK_FAILED_REQUESTS,
    DISK_COUNTERS
};

struct disk_sample {
    uint32_t number;
    wchar_t drive_letter; /* 0: none */
    bool memory_known;
    uint32_t queue_depth; /* requests that are not completed */
    double seconds;       /* when it was taken */
    uint64_t memory;      /* bytes, of data and what it takes to find it */
    uint64_t counters[DISK_COUNTERS];
};

struct disk_sample disk_sample_of(const ballast_disk_info *info, double seconds);

/*
 * Per second, between the two. False: no time has gone by, or another disk has got the number, as a counter is less than it
 * was.
 */
bool disk_rates(const struct disk_sample *earlier, const struct disk_sample *now, double rates[DISK_COUNTERS]);

/* The same since the sample of the disk with this number among `earlier`. False also: there is none. */
bool disk_rates_since(const struct disk_sample *earlier, size_t count, const struct disk_sample *now,
                      double rates[DISK_COUNTERS]);

#endif
