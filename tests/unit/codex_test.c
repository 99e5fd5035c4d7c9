/* SPDX-License-Identifier: MIT */
#include "core/ai/codex.h"
#include "core/ai/value.h"
#include "tests/harness/test.h"

#include <math.h>
#include <string.h>

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static struct ballast_ai_value measured(int64_t value)
{
    return ai_value(value, BALLAST_AI_MEASURED, BALLAST_AI_SOURCE_NVML, 0);
}

static struct gpu_summary known_gpu(void)
{
    return (struct gpu_summary){.adapters = 1,
                                .hardware_present = true,
                                .utilization_permille = measured(455),
                                .dedicated_used_bytes = measured(1000),
                                .dedicated_total_bytes = measured(4000),
                                .temperature_millicelsius = measured(62500)};
}

static struct gpu_summary unknown_gpu(void)
{
    struct ballast_ai_value unknown = ai_value_unknown(BALLAST_AI_REASON_NO_SAMPLE);
    return (struct gpu_summary){.utilization_permille = unknown,
                                .dedicated_used_bytes = unknown,
                                .dedicated_total_bytes = unknown,
                                .temperature_millicelsius = unknown};
}

static struct ballast_ai_pool_reply some_pool(void)
{
    return (struct ballast_ai_pool_reply){.blocks = 3,
                                          .total_bytes = 256 << 20,
                                          .used_bytes = 4096,
                                          .free_bytes = 1000,
                                          .largest_free_bytes = 750,
                                          .fragmentation_permille = 250};
}

static void driver_stats(void)
{
    struct codex_driver_stats stats;
    struct gpu_summary gpu = known_gpu();
    struct ballast_ai_pool_reply pool = some_pool();
    memset(&stats, 0xFF, sizeof(stats));
    codex_fill_driver_stats(&stats, 4, &gpu, &pool, 9);
    CHECK_EQUAL(stats.ai_task_count, 4);
    CHECK_EQUAL(stats.gpu_utilization, 46);
    CHECK_EQUAL(stats.memory_pool_size, 256 << 20);
    CHECK_EQUAL(stats.memory_allocated, 4096);
    CHECK_EQUAL(stats.priority_boosts, 9);
    gpu.utilization_permille = ai_value(900, BALLAST_AI_STALE, BALLAST_AI_SOURCE_NVML, 99999);
    codex_fill_driver_stats(&stats, 2, &gpu, &pool, 9); /* a number of yesterday is not today's, and neither is 0 */
    CHECK_EQUAL(stats.gpu_utilization, 60);
    gpu = unknown_gpu();
    codex_fill_driver_stats(&stats, -1, &gpu, &pool, 9);
    CHECK_EQUAL(stats.ai_task_count, 0);
    CHECK_EQUAL(stats.gpu_utilization, 0);
}

static void gpu_status(void)
{
    struct codex_gpu_status status;
    struct gpu_summary gpu = known_gpu();
    memset(&status, 0xFF, sizeof(status));
    codex_fill_gpu_status(&status, &gpu);
    CHECK(float_of(status.utilization_percent) == 45.5f);
    CHECK_EQUAL(status.memory_used_bytes, 1000);
    CHECK_EQUAL(status.memory_total_bytes, 4000);
    CHECK(float_of(status.temperature_celsius) == 62.5f);
    CHECK_EQUAL(status.padding | status.padding_2, 0);
    gpu = unknown_gpu();
    codex_fill_gpu_status(&status, &gpu);
    CHECK(isnan(float_of(status.utilization_percent)));
    CHECK(isnan(float_of(status.temperature_celsius)));
    CHECK_EQUAL(status.memory_used_bytes | status.memory_total_bytes, 0);
    gpu.utilization_permille = ai_value(350, BALLAST_AI_ESTIMATED, BALLAST_AI_SOURCE_PROCESS_COUNT, 0);
    gpu.temperature_millicelsius = ai_value(20000, BALLAST_AI_STALE, BALLAST_AI_SOURCE_NVML, 99999);
    codex_fill_gpu_status(&status, &gpu);
    CHECK(float_of(status.utilization_percent) == 35.0f);
    CHECK(isnan(float_of(status.temperature_celsius)));
}

static void memory_pool(void)
{
    struct codex_memory_pool_status status;
    struct ballast_ai_pool_reply pool = some_pool();
    codex_fill_memory_pool(&status, &pool);
    CHECK_EQUAL(status.total_size, 256 << 20);
    CHECK_EQUAL(status.used_size, 4096);
    CHECK_EQUAL(status.free_size, 750); /* for this client */
    CHECK_EQUAL(status.block_count, 3);
    CHECK(float_of(status.fragmentation_ratio) == 0.25f);
    pool.fragmentation_permille = 0;
    codex_fill_memory_pool(&status, &pool);
    CHECK(float_of(status.fragmentation_ratio) == 0.0f);
}

static void scheduler_stats(void)
{
    struct codex_scheduler_stats stats;
    struct ballast_ai_value processes = measured(2), threads = measured(INT64_MAX), mean = measured(2500000);
    codex_fill_scheduler_stats(&stats, &processes, &threads, &mean);
    CHECK_EQUAL(stats.ai_processes, 2);
    CHECK_EQUAL(stats.scheduled_tasks, UINT32_MAX);
    CHECK(float_of(stats.average_latency_ms) == 2.5f);
    mean = ai_value_unknown(BALLAST_AI_REASON_STARTING);
    codex_fill_scheduler_stats(&stats, &mean, &mean, &mean);
    CHECK_EQUAL(stats.ai_processes | stats.scheduled_tasks, 0);
    CHECK(isnan(float_of(stats.average_latency_ms)));
}

static void optimized_path(void)
{
    struct gpu_summary gpu = known_gpu();
    struct ballast_ai_pool_reply pool = some_pool();
    CHECK_EQUAL(codex_optimized_path(&gpu, &pool), CODEX_PATH_GPU_PRESENT | CODEX_PATH_PINNED_AVAILABLE);
    gpu.hardware_present = false;
    CHECK_EQUAL(codex_optimized_path(&gpu, &pool), CODEX_PATH_PINNED_AVAILABLE);
    pool.largest_free_bytes = 0;
    CHECK_EQUAL(codex_optimized_path(&gpu, &pool), 0);
}

static void set_utilization_is_a_sample_that_is_accepted(void)
{
    static const uint32_t rows[][2] = {{0, 0}, {57, 570}, {100, 1000}, {101, 1000}, {UINT32_MAX, 1000}};
    struct gpu_inventory inventory = {.index = 5};
    struct gpu_table table;
    gpu_table_initialize(&table);
    CHECK_EQUAL(gpu_replace(&table, &inventory, 1, 0, 0), BALLAST_SUCCESS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ballast_ai_sample sample;
        struct gpu_summary summary;
        memset(&sample, 0xFF, sizeof(sample));
        codex_fill_sample(&sample, 5, rows[i][0]);
        CHECK_EQUAL(gpu_push(&table, &sample, 0), BALLAST_SUCCESS);
        gpu_summarize(&table, 0, 1000, 0, &summary);
        CHECK_EQUAL(summary.utilization_permille.value, rows[i][1]);
        CHECK_EQUAL(summary.utilization_permille.source, BALLAST_AI_SOURCE_MANUAL);
    }
    gpu_table_destroy(&table);
}

TEST_MAIN({"driver_stats", driver_stats}, {"gpu_status", gpu_status}, {"memory_pool", memory_pool},
          {"scheduler_stats", scheduler_stats}, {"optimized_path", optimized_path},
          {"set_utilization_is_a_sample_that_is_accepted", set_utilization_is_a_sample_that_is_accepted})
