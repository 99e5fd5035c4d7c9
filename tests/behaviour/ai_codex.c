/* SPDX-License-Identifier: MIT */
/*
 * A client of the Codex AI driver, written from the published tables alone: codes, layouts and statuses are spelled out
 * here again on purpose.
 */

#include "tests/behaviour/ai_table.h"

#include <math.h>
#include <string.h>

struct driver_stats {
    uint32_t ai_task_count;
    uint32_t gpu_utilization;
    uint64_t memory_pool_size;
    uint64_t memory_allocated;
    uint64_t priority_boosts;
};

struct gpu_status {
    float utilization;
    uint64_t memory_used;
    uint64_t memory_total;
    float temperature;
};

struct memory_pool_status {
    uint64_t total_size;
    uint64_t used_size;
    uint64_t free_size;
    uint32_t block_count;
    float fragmentation_ratio;
};

struct scheduler_stats {
    uint32_t ai_processes;
    uint32_t scheduled_tasks;
    float average_latency_ms;
};

enum function { GET_STATS, SET_GPU_UTIL, BOOST_PRIORITY, GPU, POOL, SCHEDULER, ALLOC, FREE, REGISTER, PATH };

/* The two tables; 0: the table does not have it. */
static const uint32_t codes[2][10] = {
    {0x222004, 0x222008, 0x22200C, 0x222010, 0x222014, 0x222018, 0x22201C, 0x222020, 0, 0},
    {0, 0, 0, 0x22300C, 0x223010, 0x223014, 0x223018, 0x22301C, 0x223020, 0x223024},
};

static uint32_t call(int table, enum function function, const void *input, size_t input_length, void *output,
                     size_t output_length, size_t *information)
{
    return ai_request(codes[table][function], input, input_length, output, output_length, information);
}

void codex_stats(void)
{
    struct driver_stats stats;
    size_t information;
    uint32_t python = system_process_start("python.exe");
    system_pause_ms(1100); /* processes are counted once a second */
    CHECK_EQUAL(call(0, GET_STATS, NULL, 0, &stats, sizeof(stats), &information), SUCCESS);
    CHECK_EQUAL(information, 32);
    CHECK(stats.ai_task_count >= 1 && stats.memory_pool_size == 256 * MIB && stats.memory_allocated == 0);
    system_process_stop(python);
}

void codex_gpu(void)
{
    struct gpu_status status;
    struct driver_stats stats;
    union ai_gpus gpus;
    static const uint64_t memory = 8ull << 30;
    size_t information;
    uint32_t percent = 1000; /* counts as 100 */
    CHECK(
        system_registry_set_text(SYSTEM_DISPLAY_CLASS, "0095", "MatchingDeviceId", SYSTEM_TEXT, "PCI\\VEN_10DE&DEV_1"));
    CHECK(system_registry_set(SYSTEM_DISPLAY_CLASS, "0095", "HardwareInformation.qwMemorySize", SYSTEM_QWORD, &memory,
                              sizeof(memory)));
    CHECK_EQUAL(ai_gpus(&gpus, true), SUCCESS);
    for (int table = 0; table < 2; table++) {
        memset(&status, 0, sizeof(status));
        CHECK_EQUAL(call(table, GPU, NULL, 0, &status, sizeof(status), &information), SUCCESS);
        CHECK_EQUAL(information, 32);
        CHECK(isnan(status.temperature));
        CHECK(status.utilization == 5.0f || status.utilization == 35.0f || status.utilization == 60.0f ||
              status.utilization == 85.0f);
    }
    CHECK_EQUAL(call(0, SET_GPU_UTIL, &percent, sizeof(percent), NULL, 0, &information), SUCCESS);
    CHECK_EQUAL(call(1, GPU, NULL, 0, &status, sizeof(status), NULL), SUCCESS);
    CHECK(status.utilization == 100.0f);
    percent = 37;
    CHECK_EQUAL(call(0, SET_GPU_UTIL, &percent, sizeof(percent), NULL, 0, &information), SUCCESS);
    CHECK_EQUAL(call(0, GPU, NULL, 0, &status, sizeof(status), NULL), SUCCESS);
    CHECK(status.utilization == 37.0f);
    CHECK_EQUAL(call(0, GET_STATS, NULL, 0, &stats, sizeof(stats), NULL), SUCCESS);
    CHECK_EQUAL(stats.gpu_utilization, 37);
    if (gpus.head.adapters == 1) {
        CHECK_EQUAL(status.memory_total, memory);
    }
    system_registry_delete(SYSTEM_DISPLAY_CLASS, "0095", NULL);
    CHECK_EQUAL(ai_gpus(&gpus, true), SUCCESS);
}

void codex_pool(void)
{
    struct memory_pool_status status;
    size_t information;
    for (int table = 0; table < 2; table++) {
        memset(&status, 0xEE, sizeof(status));
        CHECK_EQUAL(call(table, POOL, NULL, 0, &status, sizeof(status), &information), SUCCESS);
        CHECK_EQUAL(information, 32);
        CHECK(status.total_size == 256 * MIB && status.used_size == 0 &&
              status.free_size == 64 * MIB && /* for this process */
              status.block_count == 0 && status.fragmentation_ratio == 0.0f);
    }
}

void codex_scheduler(void)
{
    struct scheduler_stats status;
    size_t information;
    uint32_t python = system_process_start("python.exe");
    system_pause_ms(1100);
    for (int table = 0; table < 2; table++) {
        CHECK_EQUAL(call(table, SCHEDULER, NULL, 0, &status, sizeof(status), &information), SUCCESS);
        CHECK_EQUAL(information, 12);
        CHECK(status.ai_processes >= 1 && status.scheduled_tasks >= status.ai_processes &&
              status.average_latency_ms > 0.0f && status.average_latency_ms < 10000.0f);
    }
    system_process_stop(python);
}

void codex_pinned(void)
{
    for (int table = 0; table < 2; table++) {
        struct memory_pool_status status;
        uint64_t size = 10 * MIB;
        uint64_t address = 0;
        uint64_t zero = 0;
        size_t information;
        CHECK_EQUAL(call(table, ALLOC, &size, sizeof(size), &address, sizeof(address), &information), SUCCESS);
        CHECK(information == 8 && address != 0);
        void *memory = target_memory(address, 10 * MIB);
        if (!CHECK(memory != NULL)) {
            return;
        }
        memset(memory, 0xA5, 10 * MIB);
        CHECK_EQUAL(call(table, POOL, NULL, 0, &status, sizeof(status), NULL), SUCCESS);
        CHECK(status.used_size == 10 * MIB && status.block_count == 1);
        CHECK_EQUAL(call(table, FREE, &zero, sizeof(zero), NULL, 0, NULL), INVALID_PARAMETER);
        address += 4096;
        CHECK_EQUAL(call(table, FREE, &address, sizeof(address), NULL, 0, NULL), NOT_FOUND);
        address -= 4096;
        CHECK_EQUAL(call(1 - table, FREE, &address, sizeof(address), NULL, 0, NULL), SUCCESS);
        CHECK_EQUAL(call(table, FREE, &address, sizeof(address), NULL, 0, NULL), NOT_FOUND);
        CHECK_EQUAL(call(table, POOL, NULL, 0, &status, sizeof(status), NULL), SUCCESS);
        CHECK_EQUAL(status.used_size, 0);
        CHECK_EQUAL(call(table, ALLOC, &zero, sizeof(zero), &address, sizeof(address), NULL), INVALID_PARAMETER);
        size = 268435457;
        CHECK_EQUAL(call(table, ALLOC, &size, sizeof(size), &address, sizeof(address), NULL), INVALID_PARAMETER);
    }
}

void codex_runtime(void)
{
    struct ballast_ai_driver_reply driver;
    uint64_t runtime = 0x1234;
    uint32_t flags = 0;
    size_t information;
    CHECK_EQUAL(call(1, REGISTER, &runtime, sizeof(runtime), NULL, 0, &information), SUCCESS);
    CHECK_EQUAL(call(1, REGISTER, &runtime, sizeof(runtime), NULL, 0, &information), SUCCESS);
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_DRIVER, NULL, 0, &driver, sizeof(driver), NULL), SUCCESS);
    CHECK_EQUAL(driver.registered_runtimes, 1);
    CHECK_EQUAL(call(1, PATH, NULL, 0, &flags, sizeof(flags), &information), SUCCESS);
    CHECK(information == 4 && (flags & 2) != 0 && (flags & ~3u) == 0);
}

void codex_priority(void)
{
    struct driver_stats before;
    struct driver_stats after;
    uint32_t thread = system_thread_id();
    CHECK_EQUAL(call(0, GET_STATS, NULL, 0, &before, sizeof(before), NULL), SUCCESS);
    CHECK_EQUAL(call(0, BOOST_PRIORITY, &thread, sizeof(thread), NULL, 0, NULL), SUCCESS);
    CHECK_EQUAL(system_thread_priority(), 2);
    thread = 0xFFFFFFF0u;
    CHECK_EQUAL(call(0, BOOST_PRIORITY, &thread, sizeof(thread), NULL, 0, NULL), INVALID_PARAMETER);
    CHECK_EQUAL(call(0, GET_STATS, NULL, 0, &after, sizeof(after), NULL), SUCCESS);
    CHECK_EQUAL(after.priority_boosts, before.priority_boosts + 1);
}

void codex_lengths(void)
{
    static const struct {
        enum function function;
        uint32_t input, output;
        uint32_t short_output;
    } lengths[] = {
        {GET_STATS, 0, 32, BUFFER_TOO_SMALL}, {SET_GPU_UTIL, 4, 0, SUCCESS},   {BOOST_PRIORITY, 4, 0, SUCCESS},
        {GPU, 0, 32, BUFFER_TOO_SMALL},       {POOL, 0, 32, BUFFER_TOO_SMALL}, {SCHEDULER, 0, 12, BUFFER_TOO_SMALL},
        {ALLOC, 8, 8, INVALID_PARAMETER},     {FREE, 8, 0, SUCCESS},           {REGISTER, 8, 0, SUCCESS},
        {PATH, 0, 4, BUFFER_TOO_SMALL},
    };
    for (int table = 0; table < 2; table++) {
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            unsigned char buffer[64] = {1};
            if (codes[table][lengths[i].function] == 0) {
                continue;
            }
            test_note("table %d, function %d", table, (int)lengths[i].function);
            for (uint32_t length = 0; length < lengths[i].input; length++) {
                CHECK_EQUAL(call(table, lengths[i].function, buffer, length, buffer, 64, NULL), INVALID_PARAMETER);
            }
            for (uint32_t length = 0; length < lengths[i].output; length++) {
                size_t information = 1;
                CHECK_EQUAL(call(table, lengths[i].function, buffer, lengths[i].input, buffer, length, &information),
                            lengths[i].short_output);
                CHECK_EQUAL(information, 0);
            }
        }
    }
}
