/* SPDX-License-Identifier: MIT */
/* The sliding window of latencies; latency.h has the contract. */

#include "core/ai/latency.h"
#include "core/base/platform.h"

/* More in one second are not counted, so that no sum of counts overflows. */
#define LATENCY_SLOT_MAXIMUM (UINT32_MAX / 16)

uint32_t latency_bucket(uint64_t latency_ns)
{
    if (latency_ns < 256) {
        return 0;
    }
    uint32_t doublings = 63u - (uint32_t)__builtin_clzll(latency_ns) - 8; /* of 256 ns */
    uint32_t quarter = (uint32_t)(latency_ns >> (doublings + 6)) & 3;
    uint32_t index = 1 + 4 * doublings + quarter;
    return index < BALLAST_AI_HISTOGRAM_BUCKETS ? index : BALLAST_AI_HISTOGRAM_BUCKETS - 1;
}

void latency_window_initialize(struct latency_window *window)
{
    platform_zero(window, sizeof(*window));
}

static uint64_t second_of(const struct latency_window *window, uint64_t now_ns)
{
    uint64_t second = now_ns / LATENCY_SLOT_NS + 1;
    return second > window->newest ? second : window->newest;
}

static uint64_t add_saturated(uint64_t value, uint64_t operand)
{
    return value > UINT64_MAX - operand ? UINT64_MAX : value + operand;
}

void latency_record(struct latency_window *window, uint64_t now_ns, uint64_t latency_ns, uint64_t period_ns)
{
    uint64_t second = second_of(window, now_ns);
    struct latency_slot *slot = &window->slot[second % LATENCY_SLOTS];
    window->newest = second;
    if (slot->second != second) {
        platform_zero(slot, sizeof(*slot));
        slot->second = second;
    }
    if (slot->count == LATENCY_SLOT_MAXIMUM) {
        return;
    }
    slot->count++;
    slot->bucket[latency_bucket(latency_ns)]++;
    slot->sum_ns = add_saturated(slot->sum_ns, latency_ns);
    slot->max_ns = latency_ns > slot->max_ns ? latency_ns : slot->max_ns;
    slot->period_sum_ns = add_saturated(slot->period_sum_ns, period_ns);
    slot->periods += period_ns != 0;
}

/* The value below or at which `permille` of all are. */
static uint64_t percentile(const struct latency_summary *summary, uint32_t permille)
{
    uint64_t rank = (summary->count * permille + 999) / 1000; /* of the value, counted from 1 */
    uint32_t index = 0;
    while (rank > summary->bucket[index]) {
        rank -= summary->bucket[index++];
    }
    uint64_t lower = latency_bucket_lower_ns(index);
    uint64_t upper = latency_bucket_lower_ns(index + 1);
    if (upper > summary->max_ns || index == BALLAST_AI_HISTOGRAM_BUCKETS - 1) {
        upper = summary->max_ns;
    }
    uint64_t width = upper - lower;
    return lower + width / summary->bucket[index] * rank +
           width % summary->bucket[index] * rank / summary->bucket[index];
}

void latency_summarize(const struct latency_window *window, uint64_t now_ns, struct latency_summary *summary)
{
    uint64_t second = second_of(window, now_ns);
    uint64_t sum_ns = 0;
    uint64_t period_sum_ns = 0;
    uint64_t periods = 0;
    platform_zero(summary, sizeof(*summary));
    for (size_t i = 0; i < LATENCY_SLOTS; i++) {
        const struct latency_slot *slot = &window->slot[i];
        if (slot->second == 0 || second - slot->second >= LATENCY_SLOTS) {
            continue;
        }
        summary->count += slot->count;
        summary->max_ns = slot->max_ns > summary->max_ns ? slot->max_ns : summary->max_ns;
        sum_ns = add_saturated(sum_ns, slot->sum_ns);
        period_sum_ns = add_saturated(period_sum_ns, slot->period_sum_ns);
        periods += slot->periods;
        for (size_t bucket = 0; bucket < BALLAST_AI_HISTOGRAM_BUCKETS; bucket++) {
            summary->bucket[bucket] += slot->bucket[bucket];
        }
    }
    summary->period_ns = periods != 0 ? period_sum_ns / periods : 0;
    if (summary->count != 0) {
        summary->mean_ns = sum_ns / summary->count;
        summary->p50_ns = percentile(summary, 500);
        summary->p90_ns = percentile(summary, 900);
        summary->p99_ns = percentile(summary, 990);
    }
}
