/* SPDX-License-Identifier: MIT */
/*
 * Latencies of the last ten seconds, as one histogram for each second; ballast/latency.h has the buckets. What is older
 * than the window disappears a second at a time, so between nine and ten seconds are seen.
 *
 * Count, maximum and mean are exact. A percentile is interpolated between the bounds of its bucket and so at most as wrong
 * as that is wide: a quarter of the true value, or 256 ns below that.
 *
 * One caller at a time (a spin lock); any IRQL. 4 KiB, no allocation.
 */
#ifndef CORE_AI_LATENCY_H
#define CORE_AI_LATENCY_H

#include "ballast/ai_abi.h"
#include "ballast/latency.h"

#define LATENCY_SLOTS     10u
#define LATENCY_SLOT_NS   1000000000u
#define LATENCY_WINDOW_MS 10000u

struct latency_slot {
    uint64_t second; /* which one it is, plus 1; 0: unused */
    uint64_t sum_ns; /* stops at UINT64_MAX, as the next */
    uint64_t period_sum_ns;
    uint32_t periods;
    uint64_t max_ns;
    uint32_t count;
    uint32_t bucket[BALLAST_AI_HISTOGRAM_BUCKETS];
};

struct latency_window {
    uint64_t newest; /* as latency_slot.second: time does not go back */
    struct latency_slot slot[LATENCY_SLOTS];
};

struct latency_summary {
    uint64_t count; /* if it is 0, so is everything else */
    uint64_t p50_ns;
    uint64_t p90_ns;
    uint64_t p99_ns;
    uint64_t max_ns;
    uint64_t mean_ns;
    uint64_t period_ns; /* mean time between two probes; 0: not known */
    uint32_t bucket[BALLAST_AI_HISTOGRAM_BUCKETS];
};

void latency_window_initialize(struct latency_window *window);

/*
 * `now_ns` counts from any fixed time. An earlier time than the latest one given counts as that. `period_ns` is the time
 * since the probe before; 0: there was none.
 */
void latency_record(struct latency_window *window, uint64_t now_ns, uint64_t latency_ns, uint64_t period_ns);

void latency_summarize(const struct latency_window *window, uint64_t now_ns, struct latency_summary *summary);

/* The bucket that counts this latency. */
uint32_t latency_bucket(uint64_t latency_ns);

#endif
