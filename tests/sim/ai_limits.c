/* SPDX-License-Identifier: MIT */
/*
 * What bounds the AI driver, in the simulated kernel: lists that grow or are too long, parameters of all kinds, what it
 * costs in memory, and in time when nobody asks.
 */

#include "core/base/platform.h"
#include "tests/harness/test.h"
#include "tests/sim/ai_client.h"

#include <stdio.h>

#define RESIDENT (64u << 10) /* bytes of kernel memory besides pool, list and rules */

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *administrator;
static struct sim_file *file;

static void load(void)
{
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    administrator = sim_process_create(true);
    file = ai_open(administrator);
    CHECK(file != NULL);
}

static void reset(void)
{
    struct sim_options options = {.seed = 1};
    sim_reset(&options);
    ai_add_process("python3.exe", 100, 2);
    ai_add_process("explorer.exe", 104, 4);
}

static void begin(void)
{
    reset();
    load();
}

static void end(void)
{
    sim_kill_process(administrator);
    sim_unload();
}

/* ---- lists ---- */

static void a_list_that_grows_is_asked_for_again(void)
{
    union ai_process_list list;
    begin();
    sim_system_grow(5);
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    CHECK_EQUAL(list.head.processes, 1);
    CHECK_EQUAL(ai_driver_state(file).enumeration_retries, 5);
    CHECK_EQUAL(ai_driver_state(file).enumerations, 1);
    end();
}

static void a_list_that_does_not_stop_growing_is_an_error(void)
{
    union ai_process_list list;
    begin();
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    ai_pause_ms(3);
    sim_system_grow(1000000);
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), VALUE(STATUS_INFO_LENGTH_MISMATCH));
    CHECK_EQUAL(ai_driver_state(file).enumeration_retries, 8);
    CHECK_EQUAL(VALUE(ai_get_processes(file, UINT32_MAX, &list)), STATUS_SUCCESS); /* the old one is still there */
    sim_system_grow(0);
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    CHECK_EQUAL(list.head.processes, 1);
    end();
}

/* Nothing in the system takes 64 MiB to describe its processes. */
static void a_list_beyond_all_bounds_is_an_error(void)
{
    union ai_process_list list;
    begin();
    for (uint32_t i = 0; i < 850; i++) {
        ai_add_process("python.exe", 1000 + 4 * i, 1000);
    }
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), VALUE(STATUS_INSUFFICIENT_RESOURCES));
    sim_system_clear();
    ai_add_process("python.exe", 100, 1);
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    CHECK_EQUAL(list.head.processes, 1);
    end();
}

/* An adapter's key is named by four digits. */
static void other_keys_are_no_adapters(void)
{
    static const char *const keys[] = {"Properties", "12x4", "12:4", "00001",
                                       "A key whose name is longer than any room"};
    union ai_gpu_list gpus;
    reset();
    ai_add_adapter(3, "Card");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char path[256];
        (void)snprintf(path, sizeof(path), "%s\\%s", AI_DISPLAY_CLASS, keys[i]);
        sim_registry_set(path, NULL, 0, NULL, 0);
    }
    load();
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(gpus.head.adapters, 1);
    CHECK_EQUAL(gpus.head.adapter[0].index, 3);
    end();
}

static void more_processes_than_are_listed_are_counted(void)
{
    static _Alignas(8) unsigned char room[sizeof(struct ballast_ai_process_reply) +
                                          (BALLAST_AI_MAXIMUM_PROCESSES + 10) * sizeof(struct ballast_ai_process)];
    struct ballast_ai_process_reply *reply = (struct ballast_ai_process_reply *)(void *)room;
    begin();
    for (uint32_t i = 0; i < BALLAST_AI_MAXIMUM_PROCESSES; i++) {
        ai_add_process("python.exe", 1000 + 4 * i, 1);
    }
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_QUERY_PROCESSES, room, sizeof(room))), STATUS_SUCCESS);
    CHECK_EQUAL(reply->processes, BALLAST_AI_MAXIMUM_PROCESSES + 1);
    CHECK_EQUAL(reply->threads, BALLAST_AI_MAXIMUM_PROCESSES + 2);
    CHECK_EQUAL(reply->processes_returned, BALLAST_AI_MAXIMUM_PROCESSES);
    CHECK_EQUAL(reply->process[0].process_id, 100);
    CHECK_EQUAL(reply->process[BALLAST_AI_MAXIMUM_PROCESSES - 1].process_id,
                1000 + 4 * (BALLAST_AI_MAXIMUM_PROCESSES - 2));
    end();
}

/* ---- parameters ---- */

static void parameters_of_the_registry(void)
{
    static const struct {
        ULONG type, length;
        uint64_t pool, owner, lifetime;         /* in the registry; UINT64_MAX: absent */
        uint64_t total, quota, sample_lifetime; /* in effect */
    } rows[] = {
        {REGISTRY_DWORD, 4, UINT64_MAX, UINT64_MAX, UINT64_MAX, 256 * MIB, 64 * MIB, 10000},
        {REGISTRY_DWORD, 4, 8 * MIB, 4 * MIB, 5000, 8 * MIB, 4 * MIB, 5000},
        {REGISTRY_QWORD, 8, 1ull << 33, 1ull << 32, 86400000, 1ull << 33, 1ull << 32, 86400000},
        {REGISTRY_DWORD, 4, 8 * MIB, UINT64_MAX, 1, 8 * MIB, 2 * MIB, 1},
        {REGISTRY_DWORD, 4, 4095, 4095, 0, 256 * MIB, 64 * MIB, 10000},
        {REGISTRY_QWORD, 8, (1ull << 40) + 1, 1ull << 63, 86400001, 256 * MIB, 64 * MIB, 10000},
        {REGISTRY_TEXT, 4, 8 * MIB, 8 * MIB, 5000, 256 * MIB, 64 * MIB, 10000},
        {REGISTRY_QWORD, 12, 8 * MIB, 8 * MIB, 5000, 256 * MIB, 64 * MIB, 10000},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const names[] = {"PoolBytes", "OwnerPoolBytes", "SampleLifetimeMs"};
        const uint64_t values[] = {rows[i].pool, rows[i].owner, rows[i].lifetime};
        struct ballast_ai_pool_reply pool = {.blocks = 0};
        test_note("row %zu", i);
        reset();
        for (size_t j = 0; j < 3; j++) {
            if (values[j] != UINT64_MAX) {
                const uint64_t value[2] = {values[j], 0};
                sim_registry_set(AI_PARAMETERS, names[j], rows[i].type, value, rows[i].length);
            }
        }
        load();
        CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_QUERY_POOL, &pool, sizeof(pool))), STATUS_SUCCESS);
        CHECK_EQUAL(pool.total_bytes, rows[i].total);
        CHECK_EQUAL(pool.owner_quota_bytes, rows[i].quota);
        CHECK_EQUAL(pool.user_quota_bytes, rows[i].quota);
        CHECK_EQUAL(pool.reserve_bytes, rows[i].total / 8);
        CHECK_EQUAL(ai_driver_state(file).sample_lifetime_ms, rows[i].sample_lifetime);
        end();
    }
}

/* Of users and of the reserve; what is more than the pool is that. */
static void more_parameters_of_the_pool(void)
{
    static const struct {
        uint32_t user, reserve;   /* in the registry */
        uint64_t users, reserved; /* in effect */
    } rows[] = {
        {16 * MIB, 0, 16 * MIB, 0},
        {1, 4096, 64 * MIB, 4096},
        {512 * MIB, 256 * MIB, 256 * MIB, 32 * MIB},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ballast_ai_pool_reply pool = {.blocks = 0};
        test_note("row %zu", i);
        reset();
        ai_set_number("UserPoolBytes", rows[i].user);
        ai_set_number("ReservePoolBytes", rows[i].reserve);
        load();
        CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_QUERY_POOL, &pool, sizeof(pool))), STATUS_SUCCESS);
        CHECK_EQUAL(pool.user_quota_bytes, rows[i].users);
        CHECK_EQUAL(pool.reserve_bytes, rows[i].reserved);
        end();
    }
}

/* What has no room below 2 GiB is refused before anything is made. */
static void what_32_bits_cannot_address_is_refused(void)
{
    const uint64_t bytes = 1ull << 33;
    struct ballast_ai_pool_reply pool = {.blocks = 1};
    struct ballast_ai_mapping block;
    reset();
    sim_registry_set(AI_PARAMETERS, "PoolBytes", REGISTRY_QWORD, &bytes, sizeof(bytes));
    sim_registry_set(AI_PARAMETERS, "OwnerPoolBytes", REGISTRY_QWORD, &bytes, sizeof(bytes));
    load();
    sim_process_set(administrator, 0, true, 0);
    CHECK_EQUAL(VALUE(ai_allocate(file, 0x7FFF0001u, &block)), VALUE(STATUS_INSUFFICIENT_RESOURCES));
    CHECK_EQUAL(VALUE(ai_get(file, BALLAST_IOCTL_AI_QUERY_POOL, &pool, sizeof(pool))), STATUS_SUCCESS);
    CHECK_EQUAL(pool.used_bytes, 0);
    CHECK_EQUAL(pool.blocks, 0);
    end();
}

/* Who knows version 1.0 only has room for that, and is told that it is that. */
static void the_pool_says_as_much_as_there_is_room_for(void)
{
    static const ULONG rooms[] = {BALLAST_AI_POOL_REPLY_SHORT, sizeof(struct ballast_ai_pool_reply) - 1,
                                  sizeof(struct ballast_ai_pool_reply)};
    begin();
    for (size_t i = 0; i < 3; i++) {
        struct ballast_ai_pool_reply pool = {.reserve_bytes = 4711};
        ULONG_PTR information = 0;
        ULONG expected = i == 2 ? sizeof(pool) : BALLAST_AI_POOL_REPLY_SHORT;
        CHECK_EQUAL(VALUE(sim_ioctl(file, BALLAST_IOCTL_AI_QUERY_POOL, NULL, 0, &pool, rooms[i], &information)),
                    STATUS_SUCCESS);
        CHECK_EQUAL(information, expected);
        CHECK_EQUAL(pool.header.size_bytes, expected);
        CHECK_EQUAL(pool.total_bytes, 256 * MIB);
        CHECK_EQUAL(pool.reserve_bytes, i == 2 ? 32 * MIB : 4711);
    }
    end();
}

/* ---- what the driver costs ---- */

/* Nothing runs before somebody asks, and nothing some time after; what is not about latency is no question. */
static void the_probe_runs_only_while_somebody_asks(void)
{
    struct ballast_ai_scheduler_reply reply;
    union ai_process_list list;
    union ai_gpu_list gpus;
    begin();
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get_gpus(file, true, &gpus)), STATUS_SUCCESS);
    ai_pause_ms(100);
    CHECK_EQUAL(ai_driver_state(file).probe_starts, 0);
    CHECK_EQUAL(ai_driver_state(file).probes, 0);
    CHECK_EQUAL(ai_driver_state(file).probe_armed, 0);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
    CHECK(reply.samples > 0);
    CHECK_EQUAL(ai_driver_state(file).probe_armed, 1);
    uint64_t enumerations = ai_driver_state(file).enumerations;
    for (unsigned i = 0; i < 200 && ai_driver_state(file).probe_armed != 0; i++) {
        CHECK(i > 0 || ai_driver_state(file).probe_armed == 1);
        ai_pause_ms(100);
    }
    uint64_t probes = ai_driver_state(file).probes;
    CHECK_EQUAL(ai_driver_state(file).probe_armed, 0);
    ai_pause_ms(200);
    CHECK_EQUAL(ai_driver_state(file).probes, probes);
    CHECK_EQUAL(ai_driver_state(file).probe_starts, 1);
    CHECK_EQUAL(ai_driver_state(file).enumerations, enumerations);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &reply)), STATUS_SUCCESS);
    CHECK_EQUAL(ai_driver_state(file).probe_starts, 2);
    CHECK(ai_driver_state(file).probes > probes);
    end();
}

/* A sample that is fed says nothing about processes: feeding must not enumerate them. */
static void feeding_looks_at_nothing(void)
{
    reset();
    ai_add_adapter(0, "Card");
    load();
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQUAL(VALUE(ai_push(file, 0, 10)), STATUS_SUCCESS);
    }
    CHECK_EQUAL(ai_driver_state(file).enumerations, 0);
    CHECK_EQUAL(ai_driver_state(file).inventory_reads, 1);
    end();
}

/* What is not the pool's, the list's or the rules'. */
static bool counts(uint32_t tag)
{
    static const uint32_t others[] = {PLATFORM_TAG('B', 'a', 'P', 'o'), PLATFORM_TAG('B', 'a', 'P', 'b'),
                                      PLATFORM_TAG('B', 'a', 'P', 'w'), PLATFORM_TAG('B', 'a', 'P', 's'),
                                      PLATFORM_TAG('B', 'a', 'P', 'l'), PLATFORM_TAG('B', 'a', 'R', 'u')};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (tag == others[i]) {
            return false;
        }
    }
    return true;
}

static void resident_memory_is_small(void)
{
    struct ballast_ai_scheduler_reply scheduler;
    union ai_gpu_list gpus;
    struct ballast_ai_mapping block;
    uint64_t bytes = 0;
    reset();
    for (uint32_t i = 0; i < BALLAST_AI_MAXIMUM_ADAPTERS; i++) {
        ai_add_adapter(i, "Card");
    }
    load();
    CHECK_EQUAL(VALUE(ai_get_gpus(file, false, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(gpus.head.adapters, BALLAST_AI_MAXIMUM_ADAPTERS);
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &scheduler)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_push(file, 31, 10)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_allocate(file, MIB, &block)), STATUS_SUCCESS);
    struct ballast_ai_driver_reply driver = ai_driver_state(file);
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        bytes += driver.pool[i].tag != 0 && counts(driver.pool[i].tag) ? driver.pool[i].bytes : 0;
    }
    printf("# note: %llu bytes resident with %u adapters\n", (unsigned long long)bytes, BALLAST_AI_MAXIMUM_ADAPTERS);
    CHECK(bytes != 0 && bytes <= RESIDENT);
    end();
}

TEST_MAIN({"a_list_that_grows_is_asked_for_again", a_list_that_grows_is_asked_for_again},
          {"a_list_that_does_not_stop_growing_is_an_error", a_list_that_does_not_stop_growing_is_an_error},
          {"a_list_beyond_all_bounds_is_an_error", a_list_beyond_all_bounds_is_an_error},
          {"other_keys_are_no_adapters", other_keys_are_no_adapters},
          {"more_processes_than_are_listed_are_counted", more_processes_than_are_listed_are_counted},
          {"parameters_of_the_registry", parameters_of_the_registry},
          {"more_parameters_of_the_pool", more_parameters_of_the_pool},
          {"what_32_bits_cannot_address_is_refused", what_32_bits_cannot_address_is_refused},
          {"the_pool_says_as_much_as_there_is_room_for", the_pool_says_as_much_as_there_is_room_for},
          {"the_probe_runs_only_while_somebody_asks", the_probe_runs_only_while_somebody_asks},
          {"feeding_looks_at_nothing", feeding_looks_at_nothing},
          {"resident_memory_is_small", resident_memory_is_small})
