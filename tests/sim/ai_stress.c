/* SPDX-License-Identifier: MIT */
/*
 * Threads, each a process of its own, do everything at once to the AI driver: open and close, all queries, feed, reload
 * rules, allocate, share, map, write and free, several requests at a time, cancel, and be killed in the middle, while the
 * system's processes and the registry change. Delays at locks, waits and completions push the threads into each other's
 * way. After each round the driver is unloaded. The oracle: statuses that the race explains, replies that agree with
 * themselves, memory that holds what its owner wrote, and the simulation's rules; under ThreadSanitizer, its.
 *
 * sim-ai-stress [SECONDS [SEED]]: the first round has this seed, each following one the next.
 */

#include "ballast/codex_abi.h"
#include "tests/sim/ai_client.h"
#include "tests/sim/stress.h"

#include <stdlib.h>
#include <string.h>

#define IN_FLIGHT  5
#define POOL_BYTES MIB
#define ROOM       16384u /* for a reply */
#define THREAD     4242u

struct actor {
    struct test_random random;
    uint64_t index;
    struct sim_process *process;
    struct sim_file *file;
    struct ballast_ai_mapping block; /* its own; id 0: none */
};

/* The id of the block that each thread has now, atomic, for the others to ask about. */
static uint64_t blocks[STRESS_THREADS];
/* Processes that the others may grant to, atomic. */
static uint32_t process_ids[STRESS_THREADS];

/* A request that is under way, and where its reply goes. */
struct flight {
    struct sim_request *request;
    ULONG code;
    bool cancelled;
    _Alignas(8) unsigned char input[256];
    _Alignas(8) unsigned char output[ROOM];
};

static void account(ULONG code, NTSTATUS status)
{
    static const NTSTATUS explained[] = {
        STATUS_SUCCESS,
        STATUS_CANCELLED,
        STATUS_ACCESS_DENIED,          /* not an administrator, not granted */
        STATUS_NOT_FOUND,              /* the block is gone, or the adapter */
        STATUS_INSUFFICIENT_RESOURCES, /* the quota */
        STATUS_INVALID_PARAMETER,      /* the rules of now are wrong */
    };
    if (!stress_explained(status, explained, sizeof(explained) / sizeof(explained[0]))) {
        stress_complain("code 0x%08x: unexpected status 0x%08x", (unsigned)code, (unsigned)status);
    }
}

/* ---- replies that agree with themselves ---- */

/* Rules of odd sizes take alpha, of even ones beta, as set_up writes them. */
static void check_processes(const struct ballast_ai_process_reply *reply)
{
    uint32_t threads = 0;
    for (uint32_t i = 0; i < reply->processes_returned; i++) {
        threads += reply->process[i].threads;
        if (reply->process[i].name[0] != 'a' && reply->process[i].name[0] != 'b') {
            stress_complain("a process that no rule takes: 0x%08x", reply->process[i].name[0]);
        }
    }
    if (reply->processes_returned != reply->processes || threads != reply->threads) {
        stress_complain("threads of a list: 0x%08x", threads);
    }
}

static void check_pool(const struct ballast_ai_pool_reply *reply)
{
    if (reply->used_bytes > reply->total_bytes || reply->used_bytes + reply->free_bytes != reply->total_bytes ||
        reply->class_blocks[0] + reply->class_blocks[1] + reply->class_blocks[2] != reply->blocks) {
        stress_complain("a pool that does not add up: 0x%08x", reply->blocks);
    }
}

static void check_gpus(const struct ballast_ai_gpu_reply *reply)
{
    for (uint32_t i = 0; i < reply->adapters_returned; i++) {
        const struct ballast_ai_adapter *adapter = &reply->adapter[i];
        const struct ballast_ai_value *value = &adapter->values[BALLAST_AI_GPU_UTILIZATION_PERMILLE];
        const struct ballast_ai_value *temperature = &adapter->values[BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS];
        /* Samples have both, and the temperature is a hundred times the utilization; SET_GPU_UTIL has multiples of 10. */
        if (value->source == BALLAST_AI_SOURCE_VENDOR && value->value * 100 != temperature->value &&
            value->age_ms == temperature->age_ms) {
            stress_complain("half a sample: 0x%08x", (unsigned)value->value);
        }
    }
}

static void check_reply(const struct flight *flight)
{
    const void *output = flight->output;
    switch (flight->code) {
    case BALLAST_IOCTL_AI_QUERY_PROCESSES:
        check_processes(output);
        break;
    case BALLAST_IOCTL_AI_QUERY_POOL:
        check_pool(output);
        break;
    case BALLAST_IOCTL_AI_QUERY_GPUS:
        check_gpus(output);
        break;
    default:
        break;
    }
}

/* ---- requests ---- */

static ULONG put(struct flight *flight, const void *input, size_t length)
{
    memcpy(flight->input, input, length);
    return (ULONG)length;
}

static ULONG put_sample(struct flight *flight, struct actor *actor)
{
    struct ballast_ai_sample sample = {.header = {sizeof(sample), BALLAST_AI_VERSION, 0},
                                       .adapter_index = (uint32_t)test_random_below(&actor->random, 3),
                                       .mask = 1u << BALLAST_AI_GPU_UTILIZATION_PERMILLE |
                                               1u << BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS,
                                       .source = BALLAST_AI_SOURCE_VENDOR};
    int64_t value = (int64_t)test_random_below(&actor->random, 1000);
    sample.values[BALLAST_AI_GPU_UTILIZATION_PERMILLE] = value;
    sample.values[BALLAST_AI_GPU_TEMPERATURE_MILLICELSIUS] = value * 100;
    return put(flight, &sample, sizeof(sample));
}

/* Somebody's block, maybe no more, and somebody's process. */
static ULONG put_block(struct flight *flight, struct actor *actor)
{
    struct ballast_ai_block_request request = {.header = {sizeof(request), BALLAST_AI_VERSION, 0}};
    uint64_t of = test_random_below(&actor->random, STRESS_THREADS);
    request.id = __atomic_load_n(&blocks[of], __ATOMIC_RELAXED);
    if (flight->code == BALLAST_IOCTL_AI_GRANT) {
        uint64_t to = test_random_below(&actor->random, STRESS_THREADS);
        request.process_id = __atomic_load_n(&process_ids[to], __ATOMIC_RELAXED);
        request.access = (uint32_t)test_random_below(&actor->random, 3);
    } else if (flight->code == BALLAST_IOCTL_AI_MAP) {
        request.access = 1 + (uint32_t)test_random_below(&actor->random, 2);
    }
    return put(flight, &request, sizeof(request));
}

static ULONG put_age(struct flight *flight, struct actor *actor)
{
    struct ballast_ai_process_query query = {.header = {sizeof(query), BALLAST_AI_VERSION, 0}};
    query.maximum_age_ms = (uint32_t)test_random_below(&actor->random, 3) * 5;
    return put(flight, &query, sizeof(query));
}

static ULONG put_refresh(struct flight *flight, struct actor *actor)
{
    struct ballast_ai_gpu_query query = {.header = {sizeof(query), BALLAST_AI_VERSION, 0}};
    query.header.flags = (uint16_t)(test_random_below(&actor->random, 4) == 0 ? BALLAST_AI_GPU_REFRESH : 0);
    return put(flight, &query, sizeof(query));
}

static ULONG put_number(struct flight *flight, struct actor *actor)
{
    uint64_t number = flight->code == CODEX_IOCTL_BOOST_PRIORITY ? THREAD : 1 + test_random_below(&actor->random, 90);
    return put(flight, &number, sizeof(number));
}

static ULONG put_nothing(struct flight *flight, struct actor *actor)
{
    (void)flight;
    (void)actor;
    return 0;
}

static const struct {
    ULONG code;
    ULONG (*put)(struct flight *flight, struct actor *actor);
} kinds[] = {
    {BALLAST_IOCTL_AI_QUERY_GPUS, put_refresh},
    {BALLAST_IOCTL_AI_QUERY_PROCESSES, put_age},
    {BALLAST_IOCTL_AI_QUERY_SCHEDULER, put_age},
    {BALLAST_IOCTL_AI_QUERY_RULES, put_nothing},
    {BALLAST_IOCTL_AI_QUERY_POOL, put_nothing},
    {BALLAST_IOCTL_AI_QUERY_BLOCKS, put_nothing},
    {BALLAST_IOCTL_AI_QUERY_OWNERS, put_nothing},
    {BALLAST_IOCTL_AI_QUERY_DRIVER, put_nothing},
    {BALLAST_IOCTL_AI_GRANT, put_block},
    {BALLAST_IOCTL_AI_MAP, put_block},
    {BALLAST_IOCTL_AI_UNMAP, put_block},
    {BALLAST_IOCTL_AI_PUSH_SAMPLE, put_sample},
    {BALLAST_IOCTL_AI_RELOAD_RULES, put_nothing},
    {CODEX_IOCTL_GET_STATS, put_nothing},
    {CODEX_IOCTL_SET_GPU_UTIL, put_number},
    {CODEX_IOCTL_BOOST_PRIORITY, put_number},
    {CODEX2_IOCTL_GET_GPU_STATUS, put_nothing},
    {CODEX_IOCTL_GET_MEMORY_POOL, put_nothing},
    {CODEX2_IOCTL_GET_SCHEDULER_STATS, put_nothing},
    {CODEX2_IOCTL_REGISTER_WINAI, put_number},
    {CODEX2_IOCTL_GET_OPTIMIZED_PATH, put_nothing},
    {CODEX_IOCTL_ALLOC_PINNED, put_number},
    {CODEX2_IOCTL_FREE_PINNED, put_number},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void begin(struct actor *actor, struct flight *flight)
{
    size_t kind = test_random_below(&actor->random, KINDS);
    flight->code = kinds[kind].code;
    flight->cancelled = false;
    ULONG length = kinds[kind].put(flight, actor);
    flight->request = sim_ioctl_begin(actor->file, flight->code, flight->input, length, flight->output, ROOM);
}

/* ---- threads ---- */

static void drop_block(struct actor *actor)
{
    const unsigned char *bytes = sim_process_memory(actor->process, actor->block.address, 1, true);
    if (bytes != NULL && *bytes != actor->index) { /* NULL: unmapped by a request of our own */
        stress_complain("a block that another has written to: 0x%08x", *bytes);
    }
    NTSTATUS status = ai_block(actor->file, BALLAST_IOCTL_AI_FREE, actor->block.id, 0, 0);
    account(BALLAST_IOCTL_AI_FREE, status);
    if (status != STATUS_SUCCESS) {
        stress_complain("freeing one's own block: 0x%08x", (unsigned)status);
    }
    actor->block.id = 0;
}

/* A block that is new is zero; it is marked with its owner, and nobody else writes the first byte. */
static void take_block(struct actor *actor)
{
    uint64_t size = 1 + test_random_below(&actor->random, POOL_BYTES / 3);
    NTSTATUS status = ai_allocate(actor->file, size, &actor->block);
    account(BALLAST_IOCTL_AI_ALLOCATE, status);
    if (status != STATUS_SUCCESS) {
        actor->block.id = 0;
        return;
    }
    unsigned char *bytes = sim_process_memory(actor->process, actor->block.address, size, true);
    if (bytes == NULL || bytes[0] != 0 || bytes[size - 1] != 0) {
        stress_complain("a new block that is not zero, or not there: 0x%08x", (unsigned)size);
    } else {
        bytes[0] = (unsigned char)actor->index;
    }
}

static void change_block(struct actor *actor)
{
    if (actor->block.id != 0) {
        __atomic_store_n(&blocks[actor->index], 0, __ATOMIC_RELAXED);
        drop_block(actor);
    } else {
        take_block(actor);
        __atomic_store_n(&blocks[actor->index], actor->block.id, __ATOMIC_RELAXED);
    }
}

/* False: it has been killed. */
static bool several_requests(struct actor *actor, struct flight *flights)
{
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        begin(actor, &flights[i]);
    }
    if (test_random_below(&actor->random, 100) == 0) {
        sim_kill_process(actor->process);
        return false;
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        if (test_random_below(&actor->random, 4) == 0) {
            flights[i].cancelled = true;
            sim_cancel(flights[i].request);
        }
        NTSTATUS status = sim_request_wait(flights[i].request, NULL);
        account(flights[i].code, status);
        if (status == STATUS_CANCELLED && !flights[i].cancelled) {
            stress_complain("cancelled by nobody: 0x%08x", (unsigned)flights[i].code);
        }
        if (status == STATUS_SUCCESS) {
            check_reply(&flights[i]);
        }
    }
    return true;
}

static void open_and_close(struct actor *actor)
{
    struct sim_file *file = ai_open(actor->process);
    struct ballast_ai_mapping block;
    if (file == NULL) {
        stress_complain("opening");
        return;
    }
    account(BALLAST_IOCTL_AI_ALLOCATE, ai_allocate(file, 1, &block)); /* closing frees it */
    sim_close(file);
}

static void change_the_system(struct actor *actor)
{
    static const char *const rules[] = {"alpha", "alpha\nbeta", "beta", "exact:alpha.exe\nglob:b*", "a*"};
    uint64_t choice = test_random_below(&actor->random, 8);
    if (choice < 5) {
        ai_set_rules(rules[choice]);
    } else if (choice == 5) {
        sim_system_grow(1 + (unsigned)test_random_below(&actor->random, 3));
    } else {
        ai_add_adapter((uint32_t)test_random_below(&actor->random, 3), choice == 6 ? "Card" : "Another");
    }
}

static void act(struct test_random random, uint64_t index)
{
    struct actor actor = {.random = random, .index = index};
    struct flight *flights = calloc(IN_FLIGHT, sizeof(*flights));
    actor.process = sim_process_create(actor.index % 2 == 0);
    actor.file = ai_open(actor.process);
    __atomic_store_n(&process_ids[actor.index], sim_process_id(actor.process), __ATOMIC_RELAXED);
    bool alive = actor.file != NULL;
    for (unsigned i = 0; i < STRESS_STEPS && alive; i++) {
        switch (test_random_below(&actor.random, 8)) {
        case 0:
        case 1:
            change_block(&actor);
            break;
        case 2:
            open_and_close(&actor);
            break;
        case 3:
            change_the_system(&actor);
            break;
        default:
            alive = several_requests(&actor, flights);
            break;
        }
    }
    __atomic_store_n(&blocks[actor.index], 0, __ATOMIC_RELAXED);
    if (alive) {
        sim_kill_process(actor.process);
    }
    free(flights);
}

static void set_up(void)
{
    sim_user_thread_set(THREAD, true);
    for (uint32_t i = 0; i < 30; i++) {
        ai_add_process(i % 3 == 0 ? "alpha.exe" : i % 3 == 1 ? "beta.exe" : "other.exe", 100 + 4 * i, 1 + i % 4);
    }
    ai_set_number("PoolBytes", POOL_BYTES);
    ai_set_rules("alpha\nbeta");
    ai_add_adapter(0, "Card");
    ai_add_adapter(1, "Card");
}

int main(int argc, char **argv)
{
    static const struct stress stress = {.hurry = 20, .set_up = set_up, .act = act};
    return stress_main(&stress, argc, argv);
}
