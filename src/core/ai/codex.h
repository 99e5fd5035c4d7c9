/* SPDX-License-Identifier: MIT */
/*
 * The replies of codex_abi.h from what the driver knows. A value that is unknown, or stale, which these structures cannot
 * say, is NaN where there is a float and 0 elsewhere; but a stale utilization without a float is the estimate. An estimate
 * is given as the original gave it. Any IRQL.
 */
#ifndef CORE_AI_CODEX_H
#define CORE_AI_CODEX_H

#include "ballast/codex_abi.h"
#include "core/ai/gpu.h"

void codex_fill_driver_stats(struct codex_driver_stats *stats, int32_t ai_processes, const struct gpu_summary *gpu,
                             const struct ballast_ai_pool_reply *pool, uint64_t priority_boosts);

void codex_fill_gpu_status(struct codex_gpu_status *status, const struct gpu_summary *gpu);

void codex_fill_memory_pool(struct codex_memory_pool_status *status, const struct ballast_ai_pool_reply *pool);

/* The three values as in struct ballast_ai_scheduler_reply. */
void codex_fill_scheduler_stats(struct codex_scheduler_stats *stats, const struct ballast_ai_value *ai_processes,
                                const struct ballast_ai_value *ai_threads,
                                const struct ballast_ai_value *latency_mean_ns);

uint32_t codex_optimized_path(const struct gpu_summary *gpu, const struct ballast_ai_pool_reply *pool);

/* What SET_GPU_UTIL pushes: the utilization of the adapter `index`, from a person or script. */
void codex_fill_sample(struct ballast_ai_sample *sample, uint32_t index, uint32_t percent);

#endif
