/* SPDX-License-Identifier: MIT */
/* The AI part of libballast against the real driver: what ballast.h promises of each function. */
#include <windows.h>

#include <stdio.h>
#include <string.h>

#include "ballast/ballast.h"
#include "tests/harness/test.h"

static ballast_ai *open_driver(uint32_t how)
{
    ballast_ai *ai = NULL;
    ballast_error error = {0};
    if (!CHECK_EQUAL(ballast_ai_open(how, &ai, &error), BALLAST_OK)) {
        test_note("%s", error.message);
    }
    return ai;
}

static uint64_t used(ballast_ai *ai)
{
    struct ballast_ai_pool_reply pool = {0};
    CHECK_EQUAL(ballast_ai_pool(ai, &pool, NULL), BALLAST_OK);
    CHECK_EQUAL(pool.used_bytes + pool.free_bytes, pool.total_bytes);
    return pool.used_bytes;
}

static void opening(void)
{
    ballast_ai *ai = (ballast_ai *)(uintptr_t)1;
    ballast_error error = {0};
    CHECK_EQUAL(ballast_ai_open(2, &ai, &error), BALLAST_INVALID_ARGUMENT);
    CHECK(ai == (ballast_ai *)(uintptr_t)1); /* outputs stay after a failure */
    CHECK(error.message[0] != 0);
    ballast_ai_close(NULL);
    ballast_ai_release(NULL);
    ai = open_driver(BALLAST_AI_OPEN_QUERIES);
    struct ballast_ai_driver_reply driver = {0};
    CHECK_EQUAL(ballast_ai_driver(ai, &driver, &error), BALLAST_OK);
    CHECK(driver.version != 0);
    ballast_ai_close(ai);
}

static void a_handle_for_queries_changes_nothing(void)
{
    struct ballast_ai_mapping mapping = {0};
    struct ballast_ai_sample sample = {.mask = 1, .source = BALLAST_AI_SOURCE_MANUAL};
    struct ballast_ai_rule_reply *rules = NULL;
    ballast_ai *ai = open_driver(BALLAST_AI_OPEN_QUERIES);
    CHECK_EQUAL(ballast_ai_allocate(ai, 4096, 0, 0, &mapping, NULL), BALLAST_NO_ACCESS);
    CHECK_EQUAL(mapping.id, 0);
    CHECK_EQUAL(ballast_ai_push_sample(ai, &sample, NULL), BALLAST_NO_ACCESS);
    CHECK_EQUAL(ballast_ai_reload_rules(ai, &rules, NULL), BALLAST_NO_ACCESS);
    CHECK(rules == NULL);
    ballast_ai_close(ai);
}

/* The original's own plan: 10 MiB, used is 10 MiB, freed, 0. */
static void allocating_and_freeing(void)
{
    struct ballast_ai_mapping mapping = {0};
    ballast_ai *ai = open_driver(BALLAST_AI_OPEN_CHANGES);
    uint64_t before = used(ai);
    CHECK_EQUAL(ballast_ai_allocate(ai, (10u << 20) - 1, 65536, BALLAST_AI_LOCK_IF_POSSIBLE, &mapping, NULL),
                BALLAST_OK);
    CHECK_EQUAL(mapping.size_bytes, 10u << 20);
    CHECK_EQUAL(mapping.address % 65536, 0);
    CHECK_EQUAL(used(ai), before + (10u << 20));
    unsigned char *memory = (unsigned char *)(uintptr_t)mapping.address;
    if (memory != NULL) {
        CHECK(memory[0] == 0 && memory[(10u << 20) - 1] == 0);
        memset(memory, 0xA5, 10u << 20);
        CHECK_EQUAL(memory[12345], 0xA5);
    }
    CHECK_EQUAL(ballast_ai_free(ai, mapping.id, NULL), BALLAST_OK);
    CHECK_EQUAL(used(ai), before);
    CHECK_EQUAL(ballast_ai_free(ai, mapping.id, NULL), BALLAST_NOT_FOUND);
    ballast_ai_close(ai);
}

static void closing_frees(void)
{
    struct ballast_ai_mapping mapping;
    ballast_ai *watcher = open_driver(BALLAST_AI_OPEN_QUERIES);
    ballast_ai *ai = open_driver(BALLAST_AI_OPEN_CHANGES);
    uint64_t before = used(watcher);
    for (int i = 0; i < 10; i++) {
        CHECK_EQUAL(ballast_ai_allocate(ai, 65536, 0, 0, &mapping, NULL), BALLAST_OK);
    }
    CHECK_EQUAL(used(watcher), before + 10 * 65536);
    ballast_ai_close(ai);
    for (int i = 0; i < 100 && used(watcher) != before; i++) {
        Sleep(20);
    }
    CHECK_EQUAL(used(watcher), before);
    ballast_ai_close(watcher);
}

static void what_cannot_be_allocated(void)
{
    struct ballast_ai_pool_reply pool = {0};
    struct ballast_ai_mapping mapping = {0};
    ballast_error error = {0};
    ballast_ai *ai = open_driver(BALLAST_AI_OPEN_CHANGES);
    CHECK_EQUAL(ballast_ai_pool(ai, &pool, NULL), BALLAST_OK);
    CHECK_EQUAL(ballast_ai_allocate(ai, 0, 0, 0, &mapping, &error), BALLAST_INVALID_ARGUMENT);
    CHECK_EQUAL(ballast_ai_allocate(ai, 4096, 3, 0, &mapping, &error), BALLAST_INVALID_ARGUMENT);
    CHECK_EQUAL(ballast_ai_allocate(ai, 4096, 0, 0x80, &mapping, &error), BALLAST_INVALID_ARGUMENT);
    CHECK_EQUAL(ballast_ai_allocate(ai, 4096, 0, 0x10000, &mapping, &error), BALLAST_INVALID_ARGUMENT);
    CHECK(ballast_ai_allocate(ai, pool.total_bytes + 1, 0, 0, &mapping, &error) != BALLAST_OK);
    CHECK(strstr(error.message, "pinned bytes") != NULL);
    CHECK(pool.owner_quota_bytes < pool.total_bytes);
    CHECK_EQUAL(ballast_ai_allocate(ai, pool.owner_quota_bytes + 1, 0, 0, &mapping, &error), BALLAST_FAILED);
    CHECK(strstr(error.message, "OwnerPoolBytes") != NULL); /* what is to be raised */
    CHECK_EQUAL(mapping.id, 0);
    ballast_ai_close(ai);
}

static void blocks_of_others(void)
{
    struct ballast_ai_mapping mapping;
    struct ballast_ai_mapping mapped = {0};
    ballast_ai *owner = open_driver(BALLAST_AI_OPEN_CHANGES);
    ballast_ai *other = open_driver(BALLAST_AI_OPEN_CHANGES);
    CHECK_EQUAL(ballast_ai_allocate(owner, 4096, 0, 0, &mapping, NULL), BALLAST_OK);
    CHECK_EQUAL(ballast_ai_free(other, mapping.id, NULL), BALLAST_NOT_FOUND);
    CHECK_EQUAL(ballast_ai_map(other, mapping.id, BALLAST_AI_ACCESS_READ, 0, &mapped, NULL), BALLAST_NOT_FOUND);
    CHECK_EQUAL(ballast_ai_grant(other, mapping.id, GetCurrentProcessId(), BALLAST_AI_ACCESS_READ, NULL),
                BALLAST_NOT_FOUND);
    CHECK_EQUAL(ballast_ai_map(other, mapping.id + 12345678, BALLAST_AI_ACCESS_READ, 0, &mapped, NULL),
                BALLAST_NOT_FOUND);
    CHECK_EQUAL(ballast_ai_unmap(other, mapping.id + 12345678, NULL), BALLAST_NOT_FOUND);
    CHECK_EQUAL(ballast_ai_grant(owner, mapping.id, 0x7FFFFFF0, BALLAST_AI_ACCESS_READ, NULL), BALLAST_NOT_FOUND);
    CHECK_EQUAL(ballast_ai_grant(owner, mapping.id, GetCurrentProcessId(), 9, NULL), BALLAST_INVALID_ARGUMENT);
    HANDLE self = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    CHECK_EQUAL(ballast_ai_grant_process(owner, mapping.id, self, BALLAST_AI_ACCESS_READ, NULL), BALLAST_OK);
    CHECK_EQUAL(ballast_ai_map(other, mapping.id, BALLAST_AI_ACCESS_READ, 0, &mapped, NULL), BALLAST_OK);
    CHECK_EQUAL(ballast_ai_unmap(other, mapping.id, NULL), BALLAST_OK);
    mapped.id = 0;
    CloseHandle(self);
    CHECK_EQUAL(mapped.id, 0);
    CHECK_EQUAL(ballast_ai_free(owner, mapping.id, NULL), BALLAST_OK);
    ballast_ai_close(other);
    ballast_ai_close(owner);
}

/* What each process has, ours among them. */
static void owners_of_the_pool(void)
{
    struct ballast_ai_owner_reply *owners = NULL;
    struct ballast_ai_mapping mapping;
    bool found = false;
    ballast_ai *ai = open_driver(BALLAST_AI_OPEN_CHANGES);
    CHECK_EQUAL(ballast_ai_allocate(ai, 4096, 0, 0, &mapping, NULL), BALLAST_OK);
    CHECK_EQUAL(ballast_ai_owners(ai, &owners, NULL), BALLAST_OK);
    for (uint32_t i = 0; owners != NULL && i < owners->owners_returned; i++) {
        const struct ballast_ai_owner *owner = &owners->owner[i];
        found |= owner->process_id == GetCurrentProcessId() && owner->used_bytes >= 4096 && owner->create_time != 0;
    }
    CHECK(found);
    ballast_ai_release(owners);
    ballast_ai_close(ai);
}

/* More than the library first makes room for. */
static void long_lists(void)
{
    struct ballast_ai_block_reply *blocks = NULL;
    struct ballast_ai_mapping mapping;
    ballast_ai *ai = open_driver(BALLAST_AI_OPEN_CHANGES);
    for (int i = 0; i < 150; i++) {
        CHECK_EQUAL(ballast_ai_allocate(ai, 4096, 0, 0, &mapping, NULL), BALLAST_OK);
    }
    CHECK_EQUAL(ballast_ai_blocks(ai, &blocks, NULL), BALLAST_OK);
    if (blocks != NULL) {
        CHECK_EQUAL(blocks->blocks, 150);
        CHECK_EQUAL(blocks->blocks_returned, 150);
        for (uint32_t i = 0; i < blocks->blocks_returned; i++) {
            CHECK_EQUAL(blocks->block[i].owner_process_id, GetCurrentProcessId());
            CHECK(i == 0 || blocks->block[i].id > blocks->block[i - 1].id);
        }
    }
    ballast_ai_release(blocks);
    ballast_ai_close(ai);
}

static void gpus_and_samples(void)
{
    struct ballast_ai_gpu_reply *gpus = NULL;
    struct ballast_ai_sample sample = {.source = BALLAST_AI_SOURCE_NVML, .mask = 1u << BALLAST_AI_GPU_FAN_RPM};
    ballast_ai *ai = open_driver(BALLAST_AI_OPEN_CHANGES);
    CHECK_EQUAL(ballast_ai_gpus(ai, BALLAST_AI_GPU_REFRESH, &gpus, NULL), BALLAST_OK);
    if (gpus == NULL || gpus->adapters_returned == 0) {
        ballast_ai_release(gpus);
        ballast_ai_close(ai);
        test_skip("there is no GPU");
        return;
    }
    sample.adapter_index = gpus->adapter[0].index;
    sample.values[BALLAST_AI_GPU_FAN_RPM] = 1234;
    ballast_ai_release(gpus);
    CHECK_EQUAL(ballast_ai_push_sample(ai, &sample, NULL), BALLAST_OK);
    CHECK_EQUAL(ballast_ai_gpus(ai, 0, &gpus, NULL), BALLAST_OK);
    const struct ballast_ai_value *fan = &gpus->adapter[0].values[BALLAST_AI_GPU_FAN_RPM];
    CHECK_EQUAL(fan->value, 1234);
    CHECK_EQUAL(fan->state, BALLAST_AI_MEASURED);
    CHECK_EQUAL(fan->source, BALLAST_AI_SOURCE_NVML);
    ballast_ai_release(gpus);
    sample.values[BALLAST_AI_GPU_FAN_RPM] = -1;
    CHECK_EQUAL(ballast_ai_push_sample(ai, &sample, NULL), BALLAST_INVALID_ARGUMENT);
    sample.mask = 0;
    CHECK_EQUAL(ballast_ai_push_sample(ai, &sample, NULL), BALLAST_INVALID_ARGUMENT);
    sample = (struct ballast_ai_sample){.adapter_index = 4711, .source = BALLAST_AI_SOURCE_NVML, .mask = 1};
    CHECK_EQUAL(ballast_ai_push_sample(ai, &sample, NULL), BALLAST_NOT_FOUND);
    gpus = NULL;
    CHECK_EQUAL(ballast_ai_gpus(ai, 0x8000, &gpus, NULL), BALLAST_INVALID_ARGUMENT);
    CHECK_EQUAL(ballast_ai_gpus(ai, 0x10000, &gpus, NULL), BALLAST_INVALID_ARGUMENT);
    CHECK(gpus == NULL);
    ballast_ai_close(ai);
}

/* 1000 rounds of the three queries: no handle is lost, and nothing that the driver counts. */
static void queries_do_not_leak(void)
{
    DWORD before = 0;
    DWORD after = 0;
    ballast_ai *ai = open_driver(BALLAST_AI_OPEN_QUERIES);
    for (int i = 0; i < 1000; i++) {
        struct ballast_ai_gpu_reply *gpus = NULL;
        struct ballast_ai_process_reply *processes = NULL;
        struct ballast_ai_scheduler_reply scheduler;
        CHECK_EQUAL(ballast_ai_gpus(ai, 0, &gpus, NULL), BALLAST_OK);
        CHECK_EQUAL(ballast_ai_processes(ai, 0, &processes, NULL), BALLAST_OK);
        CHECK_EQUAL(ballast_ai_scheduler(ai, 0, &scheduler, NULL), BALLAST_OK);
        CHECK(processes->age_ms <= BALLAST_AI_DEFAULT_AGE_MS + 1000);
        ballast_ai_release(gpus);
        ballast_ai_release(processes);
        if (i == 10) {
            (void)GetProcessHandleCount(GetCurrentProcess(), &before);
        }
    }
    (void)GetProcessHandleCount(GetCurrentProcess(), &after);
    CHECK_EQUAL(after, before);
    ballast_ai_close(ai);
}

TEST_MAIN({"opening", opening}, {"a_handle_for_queries_changes_nothing", a_handle_for_queries_changes_nothing},
          {"allocating_and_freeing", allocating_and_freeing}, {"closing_frees", closing_frees},
          {"what_cannot_be_allocated", what_cannot_be_allocated}, {"blocks_of_others", blocks_of_others},
          {"owners_of_the_pool", owners_of_the_pool}, {"long_lists", long_lists},
          {"gpus_and_samples", gpus_and_samples}, {"queries_do_not_leak", queries_do_not_leak})
