/* SPDX-License-Identifier: MIT */
/*
 * The two published client tables of the Codex AI driver, natural layouts, answered by ballastai.sys as \\.\AIDriver,
 * \\.\AI_Driver and \\.\CodexAiDriver. All codes are METHOD_BUFFERED and FILE_ANY_ACCESS.
 *
 * Unknown values are what the published structures can say: a float is NaN, a number 0. Callers that want to tell unknown
 * from zero use ai_abi.h. Floats are composed from integers.
 */
#ifndef BALLAST_CODEX_ABI_H
#define BALLAST_CODEX_ABI_H

#include "ballast/wire.h"

/* Table 1: codex_win_api. */
#define CODEX_IOCTL_GET_STATS            0x222004u
#define CODEX_IOCTL_SET_GPU_UTIL         0x222008u
#define CODEX_IOCTL_BOOST_PRIORITY       0x22200Cu
#define CODEX_IOCTL_GET_GPU_STATUS       0x222010u
#define CODEX_IOCTL_GET_MEMORY_POOL      0x222014u
#define CODEX_IOCTL_GET_SCHEDULER_STATS  0x222018u
#define CODEX_IOCTL_ALLOC_PINNED         0x22201Cu
#define CODEX_IOCTL_FREE_PINNED          0x222020u

/* Table 2: codex-integration. */
#define CODEX2_IOCTL_GET_GPU_STATUS      0x22300Cu
#define CODEX2_IOCTL_GET_MEMORY_POOL     0x223010u
#define CODEX2_IOCTL_GET_SCHEDULER_STATS 0x223014u
#define CODEX2_IOCTL_ALLOC_PINNED        0x223018u
#define CODEX2_IOCTL_FREE_PINNED         0x22301Cu
#define CODEX2_IOCTL_REGISTER_WINAI      0x223020u
#define CODEX2_IOCTL_GET_OPTIMIZED_PATH  0x223024u

/* Out of GET_STATS. */
struct codex_driver_stats {
    uint32_t ai_task_count;   /* AI processes */
    uint32_t gpu_utilization; /* per cent */
    _Alignas(8) uint64_t memory_pool_size;
    uint64_t memory_allocated;
    uint64_t priority_boosts;
};
_Static_assert(offsetof(struct codex_driver_stats, memory_pool_size) == 8, "wire layout");
_Static_assert(sizeof(struct codex_driver_stats) == 32, "wire layout");

/* Out of GET_GPU_STATUS: the busiest adapter. */
struct codex_gpu_status {
    uint32_t utilization_percent; /* IEEE 754 single */
    uint32_t padding;
    _Alignas(8) uint64_t memory_used_bytes;
    uint64_t memory_total_bytes;
    uint32_t temperature_celsius; /* IEEE 754 single */
    uint32_t padding_2;
};
_Static_assert(offsetof(struct codex_gpu_status, memory_used_bytes) == 8, "wire layout");
_Static_assert(offsetof(struct codex_gpu_status, temperature_celsius) == 24, "wire layout");
_Static_assert(sizeof(struct codex_gpu_status) == 32, "wire layout");

/* Out of GET_MEMORY_POOL. */
struct codex_memory_pool_status {
    _Alignas(8) uint64_t total_size;
    uint64_t used_size;
    uint64_t free_size;
    uint32_t block_count;
    uint32_t fragmentation_ratio; /* IEEE 754 single, 0 ... 1 */
};
_Static_assert(sizeof(struct codex_memory_pool_status) == 32, "wire layout");

/* Out of GET_SCHEDULER_STATS. */
struct codex_scheduler_stats {
    uint32_t ai_processes;
    uint32_t scheduled_tasks;    /* threads of AI processes */
    uint32_t average_latency_ms; /* IEEE 754 single */
};
_Static_assert(sizeof(struct codex_scheduler_stats) == 12, "wire layout");

/*
 * In of SET_GPU_UTIL: uint32_t per cent, more than 100 counts as 100. In of BOOST_PRIORITY: uint32_t thread id. In of
 * ALLOC_PINNED: uint64_t size; out: uint64_t address in the caller. In of FREE_PINNED: that address. In of
 * REGISTER_WINAI: uint64_t, any but 0. Out of GET_OPTIMIZED_PATH: uint32_t flags:
 */
#define CODEX_PATH_GPU_PRESENT      0x1u /* an adapter that is not a software one */
#define CODEX_PATH_PINNED_AVAILABLE 0x2u /* the pool has room */

#define CODEX_MAXIMUM_PINNED_BYTES  268435456u

#endif
