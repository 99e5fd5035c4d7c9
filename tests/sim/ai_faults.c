/* SPDX-License-Identifier: MIT */
/*
 * Every kernel call of the AI driver that can fail is made to fail, one at a time; faults.h says how. ai_pool.c does it
 * for the pool.
 *
 * FAULT_AT=list sim-ai-faults gpus lists the points of that scenario.
 */

#include "ballast/codex_abi.h"
#include "tests/sim/ai_client.h"
#include "tests/sim/faults.h"

#include <string.h>

#define POOL_BYTES  (4u * MIB)
#define LIFETIME_MS 60000u
#define THREAD      4242u
#define NAME        "Card of the test"
#define NEW_NAME    "Another card"

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *process, *other;
static struct sim_file *device, *others_device;
static bool loaded;
static bool nt52; /* where the system does not say which adapters are there */

/* What the failure of this call may make of a request. */
static bool explain(const char *name, NTSTATUS status)
{
    return status == STATUS_INSUFFICIENT_RESOURCES ||
           (strcmp(name, "ZwMapViewOfSection") == 0 && status == STATUS_NO_MEMORY) ||
           (strcmp(name, "PsLookupThreadByThreadId") == 0 && status == STATUS_INVALID_PARAMETER);
}

static struct ballast_ai_driver_reply state(void)
{
    struct ballast_ai_driver_reply reply = ai_driver_state(device);
    CHECK(reply.version != 0);
    return reply;
}

static void set_up_nothing(void)
{
}

static void verify_nothing(NTSTATUS status)
{
    (void)status;
}

/* ---- loading ---- */

static NTSTATUS operate_load(void)
{
    NTSTATUS status = sim_load(DriverEntry);
    loaded = NT_SUCCESS(status);
    return status;
}

/* A driver that loads has read its parameters: it must not go on without them because memory was short for a moment. */
static void verify_loaded(NTSTATUS status)
{
    union ai_rule_list rules = {.head = {.rules = 0}};
    struct ballast_ai_pool_reply pool = {.blocks = 0};
    if (!NT_SUCCESS(status)) {
        CHECK(ai_open(process) == NULL);
        return;
    }
    device = ai_open(process);
    if (CHECK(device != NULL)) {
        CHECK_EQUAL(ai_get(device, BALLAST_IOCTL_AI_QUERY_RULES, &rules, sizeof(rules)), STATUS_SUCCESS);
        CHECK_EQUAL(ai_get(device, BALLAST_IOCTL_AI_QUERY_POOL, &pool, sizeof(pool)), STATUS_SUCCESS);
        CHECK_EQUAL(rules.head.from_registry, 1);
        CHECK_EQUAL(rules.head.rules, 2);
        CHECK_EQUAL(pool.total_bytes, POOL_BYTES);
        CHECK_EQUAL(pool.owner_quota_bytes, POOL_BYTES / 2);
        CHECK_EQUAL(state().sample_lifetime_ms, LIFETIME_MS);
    }
}

static NTSTATUS open_and_close_it(const char *path, ACCESS_MASK access)
{
    struct sim_file *file;
    NTSTATUS status = sim_create_file(process, path, access, &file);
    if (NT_SUCCESS(status)) {
        sim_close(file);
    }
    return status;
}

static NTSTATUS operate_open(void)
{
    return open_and_close_it("\\Device\\BallastAi", GENERIC_READ);
}

static NTSTATUS operate_open_for_nothing(void)
{
    return open_and_close_it("\\??\\AIDriver", 0);
}

static NTSTATUS operate_unload(void)
{
    sim_close(device);
    sim_close(others_device);
    device = NULL;
    sim_unload();
    loaded = false;
    return STATUS_SUCCESS;
}

/* ---- adapters ---- */

static void check_adapters(const char *name)
{
    union ai_gpu_list list;
    CHECK_EQUAL(ai_get_gpus(device, false, &list), STATUS_SUCCESS);
    if (CHECK_EQUAL(list.head.adapters_returned, 2)) {
        for (unsigned i = 0; i < 2; i++) {
            const struct ballast_ai_adapter *adapter = &list.head.adapter[i];
            const struct ballast_ai_value *memory = &adapter->values[BALLAST_AI_GPU_DEDICATED_TOTAL_BYTES];
            CHECK(ai_is_text(adapter->name, i == 0 ? name : "Second"));
            CHECK(ai_is_text(adapter->driver_version, "31.0.1"));
            CHECK(ai_is_text(adapter->driver_date, "1-2-2026"));
            CHECK_EQUAL(adapter->valid, BALLAST_AI_ADAPTER_PCI_IDS | BALLAST_AI_KIND_HARDWARE << 8);
            CHECK_EQUAL(memory->state, BALLAST_AI_MEASURED);
            CHECK_EQUAL(memory->value, AI_ADAPTER_MEMORY);
        }
    }
}

static NTSTATUS operate_gpus(void)
{
    union ai_gpu_list list;
    return ai_get_gpus(device, false, &list);
}

/* What is cached is complete: a text that could not be read for want of memory is no missing text. */
static void verify_gpus(NTSTATUS status)
{
    (void)status;
    check_adapters(NAME);
}

/* One is taken out, after the adapters have been read. */
static void set_up_departure(void)
{
    check_adapters(NAME);
    ai_plug_adapter(1, false);
}

/* What is outdated is not passed off as what there is. */
static void verify_departed(NTSTATUS status)
{
    union ai_gpu_list list;
    (void)status;
    CHECK_EQUAL(ai_get_gpus(device, false, &list), STATUS_SUCCESS);
    CHECK_EQUAL(list.head.adapters_returned, nt52 ? 2 : 1);
}

static void set_up_change(void)
{
    check_adapters(NAME);
    ai_add_adapter(0, NEW_NAME);
}

static NTSTATUS operate_refresh(void)
{
    union ai_gpu_list list;
    return ai_get_gpus(device, true, &list);
}

/* One step more than is asked for may have been done: the adapters are read, and then the list of processes fails. */
static void verify_refreshed(NTSTATUS status)
{
    check_adapters(NT_SUCCESS(status) || state().inventory_reads == 2 ? NEW_NAME : NAME);
}

static void check_utilization(NTSTATUS status, int64_t permille, uint64_t pushes)
{
    union ai_gpu_list list;
    CHECK_EQUAL(state().samples_pushed, NT_SUCCESS(status) ? pushes : 0);
    CHECK_EQUAL(ai_get_gpus(device, false, &list), STATUS_SUCCESS);
    const struct ballast_ai_value *value = &list.head.adapter[0].values[BALLAST_AI_GPU_UTILIZATION_PERMILLE];
    CHECK_EQUAL(value->state, NT_SUCCESS(status) ? BALLAST_AI_MEASURED : BALLAST_AI_ESTIMATED);
    CHECK(!NT_SUCCESS(status) || value->value == permille);
}

static NTSTATUS operate_push(void)
{
    return ai_push(device, 0, 123);
}

/* As a service does that feeds: it opens the device of its own. */
static NTSTATUS operate_feed(void)
{
    struct sim_file *feed;
    NTSTATUS status = sim_create_file(process, "\\??\\BallastAiFeed", GENERIC_READ | GENERIC_WRITE, &feed);
    if (NT_SUCCESS(status)) {
        status = ai_push(feed, 0, 123);
        sim_close(feed);
    }
    return status;
}

static void verify_pushed(NTSTATUS status)
{
    check_utilization(status, 123, 1);
}

static NTSTATUS operate_set_gpu_util(void)
{
    uint32_t percent = 42;
    return sim_ioctl(device, CODEX_IOCTL_SET_GPU_UTIL, &percent, sizeof(percent), NULL, 0, NULL);
}

static void verify_gpu_util(NTSTATUS status)
{
    check_utilization(status, 420, 2);
}

/* ---- processes, scheduler ---- */

static NTSTATUS operate_processes(void)
{
    union ai_process_list list;
    NTSTATUS status = ai_get_processes(device, 0, &list);
    if (NT_SUCCESS(status)) {
        CHECK_EQUAL(list.head.processes, 2);
        CHECK_EQUAL(list.head.system_processes, 5);
    }
    return status;
}

static void verify_enumerated(NTSTATUS status)
{
    CHECK_EQUAL(state().enumerations, NT_SUCCESS(status) ? 1 : 0);
}

static void set_up_list(void)
{
    CHECK_EQUAL(operate_processes(), STATUS_SUCCESS);
    ai_pause_ms(3);
}

static NTSTATUS operate_fresh_processes(void)
{
    union ai_process_list list;
    return ai_get_processes(device, 1, &list);
}

/* The list of before is there as long as there is no new one. */
static void verify_list_kept(NTSTATUS status)
{
    union ai_process_list list;
    CHECK_EQUAL(ai_get_processes(device, UINT32_MAX, &list), STATUS_SUCCESS);
    CHECK_EQUAL(list.head.processes, 2);
    CHECK_EQUAL(state().enumerations, NT_SUCCESS(status) ? 2 : 1);
}

static NTSTATUS operate_growing(void)
{
    union ai_process_list list;
    sim_system_grow(2);
    NTSTATUS status = ai_get_processes(device, 0, &list);
    sim_system_grow(0);
    return status;
}

static NTSTATUS operate_scheduler(void)
{
    struct ballast_ai_scheduler_reply reply;
    NTSTATUS status = ai_get_scheduler(device, 0, &reply);
    if (NT_SUCCESS(status)) {
        CHECK_EQUAL(reply.ai_processes.value, 2);
        CHECK_EQUAL(reply.ai_threads.value, 5);
    }
    return status;
}

/* ---- rules ---- */

static NTSTATUS operate_rules(void)
{
    union ai_rule_list rules;
    return ai_get(device, BALLAST_IOCTL_AI_QUERY_RULES, &rules, sizeof(rules));
}

static void set_up_other_rules(void)
{
    ai_set_rules("exact:other.exe\nsubstring:two\nglob:t*ree");
}

static NTSTATUS operate_reload(void)
{
    union ai_rule_list rules;
    return ai_get(device, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules));
}

static void verify_rules(NTSTATUS status)
{
    union ai_rule_list rules = {.head = {.rules = 0}};
    CHECK_EQUAL(ai_get(device, BALLAST_IOCTL_AI_QUERY_RULES, &rules, sizeof(rules)), STATUS_SUCCESS);
    CHECK_EQUAL(rules.head.from_registry, 1);
    CHECK_EQUAL(rules.head.rules, NT_SUCCESS(status) ? 3 : 2);
    CHECK_EQUAL(rules.head.generation, NT_SUCCESS(status) ? 2 : 1);
    CHECK_EQUAL(state().rule_reloads, NT_SUCCESS(status) ? 1 : 0);
}

static void set_up_no_rules(void)
{
    ai_set_rules(NULL);
}

static void verify_default_rules(NTSTATUS status)
{
    union ai_rule_list rules = {.head = {.rules = 0}};
    CHECK_EQUAL(ai_get(device, BALLAST_IOCTL_AI_QUERY_RULES, &rules, sizeof(rules)), STATUS_SUCCESS);
    CHECK_EQUAL(rules.head.from_registry, NT_SUCCESS(status) ? 0 : 1);
    CHECK_EQUAL(rules.head.rules, NT_SUCCESS(status) ? 21 : 2);
}

/* ---- the pool and the Codex clients ---- */

static NTSTATUS operate_cached_queries(void)
{
    static const struct {
        ULONG code;
        ULONG size;
    } queries[] = {
        {BALLAST_IOCTL_AI_QUERY_POOL, sizeof(struct ballast_ai_pool_reply)},
        {BALLAST_IOCTL_AI_QUERY_BLOCKS, 256},
        {BALLAST_IOCTL_AI_QUERY_OWNERS, 256},
        {BALLAST_IOCTL_AI_QUERY_DRIVER, sizeof(struct ballast_ai_driver_reply)},
    };
    _Alignas(8) unsigned char reply[sizeof(struct ballast_ai_driver_reply)];
    NTSTATUS status = STATUS_SUCCESS;
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]) && NT_SUCCESS(status); i++) {
        status = ai_get(device, queries[i].code, reply, queries[i].size);
    }
    return status;
}

static NTSTATUS pin_and_free(ULONG allocate, ULONG release)
{
    uint64_t bytes = 100000;
    uint64_t address = 0;
    NTSTATUS status = sim_ioctl(device, allocate, &bytes, 8, &address, 8, NULL);
    if (NT_SUCCESS(status)) {
        CHECK(sim_process_memory(process, address, bytes, true) != NULL);
        status = sim_ioctl(device, release, &address, 8, NULL, 0, NULL);
    }
    return status;
}

static NTSTATUS operate_pinned(void)
{
    NTSTATUS status = pin_and_free(CODEX_IOCTL_ALLOC_PINNED, CODEX_IOCTL_FREE_PINNED);
    return NT_SUCCESS(status) ? pin_and_free(CODEX2_IOCTL_ALLOC_PINNED, CODEX2_IOCTL_FREE_PINNED) : status;
}

/* ---- sharing ---- */

/* By number, by number and creation time, by handle: each is another way to the process. */
static NTSTATUS grant(uint64_t id, unsigned form, uint32_t access)
{
    struct ballast_ai_grant input = {.id = id, .access = access};
    ULONG size = form == 0 ? sizeof(struct ballast_ai_block_request) : sizeof(input);
    input.header = (struct ballast_header){(uint16_t)size, BALLAST_AI_VERSION, 0};
    if (form == 2) {
        input.process_handle = sim_process_open_process(process, other, true); /* closed with the process */
    } else {
        input.process_id = sim_process_id(other);
        input.create_time = form == 1 ? sim_process_create_time(other) : 0;
    }
    return sim_ioctl(device, BALLAST_IOCTL_AI_GRANT, &input, size, NULL, 0, NULL);
}

static NTSTATUS map_and_unmap(uint64_t id)
{
    struct ballast_ai_block_request input = {
        {sizeof(input), BALLAST_AI_VERSION, BALLAST_AI_LOCK_IF_POSSIBLE}, id, 0, BALLAST_AI_ACCESS_READ};
    struct ballast_ai_mapping mapping;
    NTSTATUS status =
        sim_ioctl(others_device, BALLAST_IOCTL_AI_MAP, &input, sizeof(input), &mapping, sizeof(mapping), NULL);
    if (NT_SUCCESS(status)) {
        CHECK(sim_process_memory(other, mapping.address, 1, false) != NULL);
        status = ai_block(others_device, BALLAST_IOCTL_AI_UNMAP, id, 0, 0);
    }
    return status;
}

/* Nothing is left of it if a step fails. */
static NTSTATUS share(unsigned form)
{
    struct ballast_ai_mapping mapping;
    NTSTATUS status = ai_allocate(device, 100000, &mapping);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = grant(mapping.id, form, BALLAST_AI_ACCESS_READ);
    if (NT_SUCCESS(status)) {
        status = map_and_unmap(mapping.id);
    }
    if (NT_SUCCESS(status)) {
        status = grant(mapping.id, form, BALLAST_AI_ACCESS_NONE);
    }
    NTSTATUS freed = ai_block(device, BALLAST_IOCTL_AI_FREE, mapping.id, 0, 0);
    return NT_SUCCESS(status) ? freed : status;
}

static NTSTATUS operate_share_by_number(void)
{
    return share(0);
}

static NTSTATUS operate_share_by_time(void)
{
    return share(1);
}

static NTSTATUS operate_share_by_handle(void)
{
    return share(2);
}

static void verify_pool_empty(NTSTATUS status)
{
    struct ballast_ai_pool_reply pool = {.blocks = 1};
    (void)status;
    CHECK_EQUAL(ai_get(device, BALLAST_IOCTL_AI_QUERY_POOL, &pool, sizeof(pool)), STATUS_SUCCESS);
    CHECK_EQUAL(pool.blocks, 0);
    CHECK_EQUAL(pool.used_bytes, 0);
    CHECK_EQUAL(pool.owners, 0);
}

static NTSTATUS operate_codex_queries(void)
{
    static const struct {
        ULONG code;
        ULONG size;
    } queries[] = {
        {CODEX_IOCTL_GET_STATS, sizeof(struct codex_driver_stats)},
        {CODEX_IOCTL_GET_GPU_STATUS, sizeof(struct codex_gpu_status)},
        {CODEX2_IOCTL_GET_GPU_STATUS, sizeof(struct codex_gpu_status)},
        {CODEX_IOCTL_GET_MEMORY_POOL, sizeof(struct codex_memory_pool_status)},
        {CODEX2_IOCTL_GET_MEMORY_POOL, sizeof(struct codex_memory_pool_status)},
        {CODEX_IOCTL_GET_SCHEDULER_STATS, sizeof(struct codex_scheduler_stats)},
        {CODEX2_IOCTL_GET_SCHEDULER_STATS, sizeof(struct codex_scheduler_stats)},
        {CODEX2_IOCTL_GET_OPTIMIZED_PATH, sizeof(uint32_t)},
    };
    unsigned char reply[64];
    NTSTATUS status = STATUS_SUCCESS;
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]) && NT_SUCCESS(status); i++) {
        status = ai_get(device, queries[i].code, reply, queries[i].size);
    }
    return status;
}

static NTSTATUS operate_register(void)
{
    uint64_t runtime = 1;
    return sim_ioctl(device, CODEX2_IOCTL_REGISTER_WINAI, &runtime, sizeof(runtime), NULL, 0, NULL);
}

static void verify_registered(NTSTATUS status)
{
    CHECK_EQUAL(state().registered_runtimes, NT_SUCCESS(status) ? 1 : 0);
}

static void set_up_thread(void)
{
    sim_user_thread_set(THREAD, false);
}

static NTSTATUS operate_boost(void)
{
    uint32_t thread = THREAD;
    return sim_ioctl(device, CODEX_IOCTL_BOOST_PRIORITY, &thread, sizeof(thread), NULL, 0, NULL);
}

static void verify_boosted(NTSTATUS status)
{
    CHECK_EQUAL(state().priority_boosts, NT_SUCCESS(status) ? 1 : 0);
    CHECK_EQUAL(sim_user_thread_priority(), NT_SUCCESS(status) ? 2 : 0);
}

/* ---- running ---- */

static void make_system(void)
{
    ai_set_number("PoolBytes", POOL_BYTES);
    ai_set_number("OwnerPoolBytes", POOL_BYTES / 2);
    ai_set_number("SampleLifetimeMs", LIFETIME_MS);
    ai_set_rules("python\nexact:torch.exe");
    ai_add_adapter(0, NAME);
    ai_add_adapter(1, "Second");
    ai_add_process("python3.exe", 100, 2);
    ai_add_process("torch.exe", 104, 3);
    ai_add_process("explorer.exe", 108, 4);
}

static void begin(const struct sim_options *options, bool load)
{
    sim_reset(options);
    nt52 = options->nt52;
    make_system();
    process = sim_process_create(true);
    other = sim_process_create(false);
    device = NULL;
    loaded = false;
    if (load) {
        CHECK_EQUAL(operate_load(), STATUS_SUCCESS);
        device = ai_open(process);
        others_device = ai_open(other);
        CHECK(device != NULL && others_device != NULL);
    }
}

static void end(void)
{
    sim_kill_process(process);
    sim_kill_process(other);
    if (loaded) {
        sim_unload();
    }
}

static const struct faults faults = {begin, end, explain};

SCENARIO_OF(load, set_up_nothing, operate_load, verify_loaded, true)
SCENARIO(open_and_close, set_up_nothing, operate_open, verify_nothing)
SCENARIO(open_for_nothing, set_up_nothing, operate_open_for_nothing, verify_nothing)
SCENARIO(unload, set_up_list, operate_unload, verify_nothing)
SCENARIO(gpus, set_up_nothing, operate_gpus, verify_gpus)
SCENARIO(gpus_refresh, set_up_change, operate_refresh, verify_refreshed)
SCENARIO(gpus_departed, set_up_departure, operate_gpus, verify_departed)
SCENARIO(push_through_feed, set_up_nothing, operate_feed, verify_pushed)
SCENARIO(push, set_up_nothing, operate_push, verify_pushed)
SCENARIO(set_gpu_util, set_up_nothing, operate_set_gpu_util, verify_gpu_util)
SCENARIO(processes, set_up_nothing, operate_processes, verify_enumerated)
SCENARIO(processes_again, set_up_list, operate_fresh_processes, verify_list_kept)
SCENARIO(processes_growing, set_up_nothing, operate_growing, verify_enumerated)
SCENARIO(scheduler, set_up_nothing, operate_scheduler, verify_enumerated)
SCENARIO(query_rules, set_up_nothing, operate_rules, verify_nothing)
SCENARIO(reload, set_up_other_rules, operate_reload, verify_rules)
SCENARIO(reload_defaults, set_up_no_rules, operate_reload, verify_default_rules)
SCENARIO(cached_queries, set_up_nothing, operate_cached_queries, verify_pool_empty)
SCENARIO(pinned, set_up_nothing, operate_pinned, verify_pool_empty)
SCENARIO(share_by_number, set_up_nothing, operate_share_by_number, verify_pool_empty)
SCENARIO(share_by_time, set_up_nothing, operate_share_by_time, verify_pool_empty)
SCENARIO(share_by_handle, set_up_nothing, operate_share_by_handle, verify_pool_empty)
SCENARIO(codex_queries, set_up_nothing, operate_codex_queries, verify_gpus)
SCENARIO(register_runtime, set_up_nothing, operate_register, verify_registered)
SCENARIO(boost_priority, set_up_thread, operate_boost, verify_boosted)

TEST_MAIN({"load", load}, {"open_and_close", open_and_close}, {"open_for_nothing", open_for_nothing},
          {"unload", unload}, {"gpus", gpus}, {"gpus_refresh", gpus_refresh}, {"gpus_departed", gpus_departed},
          {"push_through_feed", push_through_feed}, {"push", push}, {"set_gpu_util", set_gpu_util},
          {"processes", processes}, {"processes_again", processes_again}, {"processes_growing", processes_growing},
          {"scheduler", scheduler}, {"query_rules", query_rules}, {"reload", reload},
          {"reload_defaults", reload_defaults}, {"cached_queries", cached_queries}, {"pinned", pinned},
          {"share_by_number", share_by_number}, {"share_by_time", share_by_time}, {"share_by_handle", share_by_handle},
          {"codex_queries", codex_queries}, {"register_runtime", register_runtime}, {"boost_priority", boost_priority},
          {"all_were_failed", faults_report})
