/* SPDX-License-Identifier: MIT */
/*
 * The buckets of the latency histogram in struct ballast_ai_scheduler_reply: bucket 0 counts less than 256 ns, and from
 * there on each doubling is divided into four equal parts: 256, 320, 384, 448, 512, 640, ... ns. The last one counts all
 * from 3.22 s on. So a bucket is at most a quarter as wide as its lower bound.
 */
#ifndef BALLAST_LATENCY_H
#define BALLAST_LATENCY_H

#include <stdint.h>

/* The least latency that bucket `index` counts. Index BALLAST_AI_HISTOGRAM_BUCKETS gives what would follow the last. */
static inline uint64_t latency_bucket_lower_ns(uint32_t index)
{
    return index == 0 ? 0 : (uint64_t)(4 + (index - 1) % 4) << (6 + (index - 1) / 4);
}

#endif
