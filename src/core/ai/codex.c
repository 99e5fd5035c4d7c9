/* SPDX-License-Identifier: MIT */
/* The published structures of the Codex clients; codex.h has the contract. */

#include "core/ai/codex.h"
#include "core/base/float32.h"
#include "core/base/platform.h"

static bool is_current(const struct ballast_ai_value *value)
{
    return value->state == BALLAST_AI_MEASURED || value->state == BALLAST_AI_ESTIMATED;
}

static uint64_t count_of(const struct ballast_ai_value *value)
{
    return is_current(value) && value->value > 0 ? (uint64_t)value->value : 0;
}

static uint32_t count32_of(const struct ballast_ai_value *value)
{
    uint64_t count = count_of(value);
    return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

static uint32_t float_of(const struct ballast_ai_value *value, uint64_t units)
{
    return is_current(value) ? float32_from_ratio(value->value, units) : FLOAT32_NAN;
}

void codex_fill_driver_stats(struct codex_driver_stats *stats, int32_t ai_processes, const struct gpu_summary *gpu,
                             const struct ballast_ai_pool_reply *pool, uint64_t priority_boosts)
{
    platform_zero(stats, sizeof(*stats));
    stats->ai_task_count = ai_processes > 0 ? (uint32_t)ai_processes : 0;
    /* This structure cannot say that nothing is known now, and 0 would be an idle GPU: the estimate is what there is. */
    struct ballast_ai_value utilization = gpu->utilization_permille;
    if (utilization.state == BALLAST_AI_STALE) {
        utilization = gpu_estimate(ai_processes);
    }
    stats->gpu_utilization = (uint32_t)((count_of(&utilization) + 5) / 10);
    stats->memory_pool_size = pool->total_bytes;
    stats->memory_allocated = pool->used_bytes;
    stats->priority_boosts = priority_boosts;
}

void codex_fill_gpu_status(struct codex_gpu_status *status, const struct gpu_summary *gpu)
{
    platform_zero(status, sizeof(*status));
    status->utilization_percent = float_of(&gpu->utilization_permille, 10);
    status->memory_used_bytes = count_of(&gpu->dedicated_used_bytes);
    status->memory_total_bytes = count_of(&gpu->dedicated_total_bytes);
    status->temperature_celsius = float_of(&gpu->temperature_millicelsius, 1000);
}

void codex_fill_memory_pool(struct codex_memory_pool_status *status, const struct ballast_ai_pool_reply *pool)
{
    platform_zero(status, sizeof(*status));
    status->total_size = pool->total_bytes;
    status->used_size = pool->used_bytes;
    status->free_size = pool->largest_free_bytes; /* of a quota, to whoever asks */
    status->block_count = pool->blocks;
    status->fragmentation_ratio = float32_from_ratio(pool->fragmentation_permille, 1000);
}

void codex_fill_scheduler_stats(struct codex_scheduler_stats *stats, const struct ballast_ai_value *ai_processes,
                                const struct ballast_ai_value *ai_threads,
                                const struct ballast_ai_value *latency_mean_ns)
{
    stats->ai_processes = count32_of(ai_processes);
    stats->scheduled_tasks = count32_of(ai_threads);
    stats->average_latency_ms = float_of(latency_mean_ns, 1000000);
}

uint32_t codex_optimized_path(const struct gpu_summary *gpu, const struct ballast_ai_pool_reply *pool)
{
    return (gpu->hardware_present ? CODEX_PATH_GPU_PRESENT : 0) |
           (pool->largest_free_bytes != 0 ? CODEX_PATH_PINNED_AVAILABLE : 0);
}

void codex_fill_sample(struct ballast_ai_sample *sample, uint32_t index, uint32_t percent)
{
    platform_zero(sample, sizeof(*sample));
    sample->header = (struct ballast_header){sizeof(*sample), BALLAST_AI_VERSION, 0};
    sample->adapter_index = index;
    sample->mask = 1u << BALLAST_AI_GPU_UTILIZATION_PERMILLE;
    sample->source = BALLAST_AI_SOURCE_MANUAL;
    sample->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE] = percent < 100 ? (int64_t)percent * 10 : 1000;
}
