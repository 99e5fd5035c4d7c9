/* SPDX-License-Identifier: MIT */
/*
 * Threads, each a process of its own, do everything at once to the AI driver: open and close both devices with all rights
 * and with few, send every code, feed, reload rules, allocate, grant by number, creation time and handle, map, lock, write and
 * free, several requests at a time, cancel, keep their address space busy, and be killed in the middle, while the system's
 * processes, the registry, the adapters and the clock change. Delays at locks, waits and completions push the threads into each other's
 * way. After each round the driver is unloaded. The oracle: statuses that the race explains, replies that agree with
 * themselves, memory that holds what its owner wrote, and the simulation's rules; under ThreadSanitizer, its.
 *
 * sim-ai-stress [SECONDS [SEED]]: the first round has this seed, each following one the next.
 */

#include "ballast/codex_abi.h"
#include "tests/sim/ai_client.h"
#include "tests/sim/stress.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define IN_FLIGHT  5
#define POOL_BYTES MIB
#define ROOM       16384u /* for a reply */
#define THREAD     4242u
#define HANDLES    8u /* of a process to others */
#define SERVICE    1u /* the index of whose process is the service's, */
#define NARROW     3u /* and of whose has 32-bit pointers */

struct actor {
    struct test_random random;
    uint64_t index;
    struct sim_process *process;
    struct sim_file *file;
    struct ballast_ai_mapping block; /* its own; id 0: none */
    uint64_t pinned;                 /* what a Codex client has been given last */
    uint64_t handle[HANDLES];        /* the processes they lead to may have exited; 0: none */
    bool hidden;                     /* its requests have no process that asks for them */
};

/* The id of the block that each thread has now, atomic, for the others to ask about. */
static uint64_t blocks[STRESS_THREADS];
/* Processes that the others may grant to; NULL: none. */
static struct sim_process *processes[STRESS_THREADS];
static pthread_mutex_t processes_lock = PTHREAD_MUTEX_INITIALIZER;

/* A request that is under way, and where its reply goes. */
struct flight {
    struct sim_request *request;
    ULONG code;
    ULONG room;
    bool cancelled;
    _Alignas(8) unsigned char input[256];
    _Alignas(8) unsigned char output[ROOM];
};

static void account(ULONG code, NTSTATUS status)
{
    static const NTSTATUS explained[] = {
        STATUS_SUCCESS,
        STATUS_CANCELLED,
        STATUS_ACCESS_DENIED,          /* not an administrator, not granted, a handle that may not query */
        STATUS_NOT_FOUND,              /* the block is gone, or the adapter, or the process */
        STATUS_INSUFFICIENT_RESOURCES, /* the quota */
        STATUS_INVALID_PARAMETER,      /* the rules of now are wrong */
        STATUS_WORKING_SET_QUOTA,      /* there is more to lock than the process may */
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

static void check_reply(struct actor *actor, const struct flight *flight)
{
    const void *output = flight->output;
    switch (flight->code) {
    case CODEX_IOCTL_ALLOC_PINNED:
    case CODEX2_IOCTL_ALLOC_PINNED:
        memcpy(&actor->pinned, output, sizeof(actor->pinned));
        break;
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

/* The block of one of the others, or of any of them if `own`; maybe it is there no more. */
static uint64_t some_block(struct actor *actor, bool own)
{
    uint64_t of = own ? test_random_below(&actor->random, STRESS_THREADS)
                      : (actor->index + 1 + test_random_below(&actor->random, STRESS_THREADS - 1)) % STRESS_THREADS;
    return __atomic_load_n(&blocks[of], __ATOMIC_RELAXED);
}

static uint16_t some_lock_options(struct actor *actor)
{
    static const uint16_t options[] = {0, 0, BALLAST_AI_LOCK, BALLAST_AI_LOCK_IF_POSSIBLE};
    return options[test_random_below(&actor->random, 4)];
}

static ULONG put_block(struct flight *flight, struct actor *actor)
{
    struct ballast_ai_block_request request = {.header = {sizeof(request), BALLAST_AI_VERSION, 0}};
    request.id = some_block(actor, flight->code != BALLAST_IOCTL_AI_FREE);
    if (flight->code == BALLAST_IOCTL_AI_MAP) {
        request.access = 1 + (uint32_t)test_random_below(&actor->random, 2);
        request.header.flags = some_lock_options(actor);
    }
    return put(flight, &request, sizeof(request));
}

/* One of the process's handles: an old one, or a new one to `to`, with the right to query it or without. */
static uint64_t some_handle(struct actor *actor, struct sim_process *to)
{
    uint64_t *handle = &actor->handle[test_random_below(&actor->random, HANDLES)];
    if (*handle == 0 && to != NULL) {
        *handle = sim_process_open_process(actor->process, to, test_random_below(&actor->random, 4) != 0);
    }
    return *handle;
}

/* Somebody's block for somebody, whom the request names in one of all ways; not always rightly. */
static ULONG put_grant(struct flight *flight, struct actor *actor)
{
    struct ballast_ai_grant grant = {.id = some_block(actor, true)};
    uint64_t form = test_random_below(&actor->random, 4);
    size_t size = form == 0 ? sizeof(struct ballast_ai_block_request) : sizeof(grant);
    grant.header = (struct ballast_header){(uint16_t)size, BALLAST_AI_VERSION, 0};
    grant.access = (uint32_t)test_random_below(&actor->random, 3);
    pthread_mutex_lock(&processes_lock); /* it cannot be killed meanwhile */
    struct sim_process *to = processes[test_random_below(&actor->random, STRESS_THREADS)];
    grant.process_id = to != NULL && form != 2 ? sim_process_id(to) : 0;
    grant.create_time = to != NULL && form % 2 == 1 ? sim_process_create_time(to) : 0;
    grant.process_handle = form >= 2 ? some_handle(actor, to) : 0;
    pthread_mutex_unlock(&processes_lock);
    return put(flight, &grant, size);
}

static ULONG put_allocate(struct flight *flight, struct actor *actor)
{
    struct ballast_ai_allocate request = {.header = {sizeof(request), BALLAST_AI_VERSION, some_lock_options(actor)},
                                          .size_bytes = 1 + test_random_below(&actor->random, 3 * 4096),
                                          .alignment_bytes = 1u << test_random_below(&actor->random, 17)};
    return put(flight, &request, sizeof(request));
}

static ULONG put_pinned(struct flight *flight, struct actor *actor)
{
    return put(flight, &actor->pinned, sizeof(actor->pinned));
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
    {BALLAST_IOCTL_AI_ALLOCATE, put_allocate},
    {BALLAST_IOCTL_AI_FREE, put_block},
    {BALLAST_IOCTL_AI_GRANT, put_grant},
    {BALLAST_IOCTL_AI_MAP, put_block},
    {BALLAST_IOCTL_AI_UNMAP, put_block},
    {BALLAST_IOCTL_AI_PUSH_SAMPLE, put_sample},
    {BALLAST_IOCTL_AI_RELOAD_RULES, put_nothing},
    {CODEX_IOCTL_GET_STATS, put_nothing},
    {CODEX_IOCTL_SET_GPU_UTIL, put_number},
    {CODEX_IOCTL_BOOST_PRIORITY, put_number},
    {CODEX_IOCTL_GET_GPU_STATUS, put_nothing},
    {CODEX_IOCTL_GET_MEMORY_POOL, put_nothing},
    {CODEX_IOCTL_GET_SCHEDULER_STATS, put_nothing},
    {CODEX_IOCTL_ALLOC_PINNED, put_number},
    {CODEX_IOCTL_FREE_PINNED, put_pinned},
    {CODEX2_IOCTL_GET_GPU_STATUS, put_nothing},
    {CODEX2_IOCTL_GET_MEMORY_POOL, put_nothing},
    {CODEX2_IOCTL_GET_SCHEDULER_STATS, put_nothing},
    {CODEX2_IOCTL_ALLOC_PINNED, put_number},
    {CODEX2_IOCTL_FREE_PINNED, put_pinned},
    {CODEX2_IOCTL_REGISTER_WINAI, put_number},
    {CODEX2_IOCTL_GET_OPTIMIZED_PATH, put_nothing},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void begin(struct actor *actor, struct flight *flight, struct sim_file *through)
{
    size_t kind = test_random_below(&actor->random, KINDS);
    flight->code = kinds[kind].code;
    flight->cancelled = false;
    flight->room = test_random_below(&actor->random, 8) != 0 ? ROOM : (ULONG)test_random_below(&actor->random, 256);
    ULONG length = kinds[kind].put(flight, actor);
    flight->request = sim_ioctl_begin(through, flight->code, flight->input, length, flight->output, flight->room);
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

/* Nobody grants to it any more, then it is killed. */
static void kill_actor(const struct actor *actor)
{
    pthread_mutex_lock(&processes_lock);
    processes[actor->index] = NULL;
    pthread_mutex_unlock(&processes_lock);
    sim_kill_process(actor->process);
}

/* What only this request explains of a status. */
static bool is_explained(const struct actor *actor, const struct flight *flight, NTSTATUS status)
{
    switch (status) {
    case STATUS_BUFFER_TOO_SMALL:
        return flight->room < ROOM;
    case STATUS_INVALID_DEVICE_REQUEST:
        return actor->hidden;
    case STATUS_NOT_SUPPORTED: /* locking, before NT 6 */
        return flight->code == BALLAST_IOCTL_AI_ALLOCATE || flight->code == BALLAST_IOCTL_AI_MAP;
    default:
        return false;
    }
}

/* False: it has been killed. */
static bool several_requests(struct actor *actor, struct flight *flights)
{
    actor->hidden = test_random_below(&actor->random, 16) == 0;
    sim_process_hide(actor->process, actor->hidden);
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        begin(actor, &flights[i], actor->file);
    }
    sim_process_hide(actor->process, false);
    if (test_random_below(&actor->random, 100) == 0) {
        kill_actor(actor);
        return false;
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        if (test_random_below(&actor->random, 4) == 0) {
            flights[i].cancelled = true;
            sim_cancel(flights[i].request);
        }
        NTSTATUS status = sim_request_wait(flights[i].request, NULL);
        if (!is_explained(actor, &flights[i], status)) {
            account(flights[i].code, status);
        }
        if (status == STATUS_CANCELLED && !flights[i].cancelled) {
            stress_complain("cancelled by nobody: 0x%08x", (unsigned)flights[i].code);
        }
        if (status == STATUS_SUCCESS && flights[i].room == ROOM) {
            check_reply(actor, &flights[i]);
        }
    }
    return true;
}

/* Its last handle goes while requests are under way: they are answered, or end by that. */
static void open_and_close(struct actor *actor, struct flight *flights)
{
    struct sim_file *file = ai_open(actor->process);
    struct ballast_ai_mapping block;
    if (file == NULL) {
        stress_complain("opening");
        return;
    }
    account(BALLAST_IOCTL_AI_ALLOCATE, ai_allocate(file, 1, &block)); /* closing frees it */
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        begin(actor, &flights[i], file);
    }
    sim_close_handle(file);
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        NTSTATUS status = sim_request_wait(flights[i].request, NULL);
        if (!is_explained(actor, &flights[i], status)) {
            account(flights[i].code, status);
        }
    }
    sim_close(file);
}

/* Through a handle that may nothing, as any process can have it. */
static void open_for_little(struct actor *actor)
{
    uint64_t number = 1;
    struct sim_file *file;
    NTSTATUS status = sim_create_file(actor->process, "\\??\\AIDriver", 0, &file);
    if (status != STATUS_SUCCESS) {
        stress_complain("opening for nothing: 0x%08x", (unsigned)status);
        return;
    }
    status = sim_ioctl(file, CODEX_IOCTL_ALLOC_PINNED, &number, sizeof(number), &number, sizeof(number), NULL);
    account(CODEX_IOCTL_ALLOC_PINNED, status);
    sim_close(file);
}

/* Administrators and the service may, nobody else. */
static void feed(struct actor *actor)
{
    bool may = actor->index % 2 == 0 || actor->index == SERVICE;
    union ai_rule_list rules;
    struct sim_file *file;
    NTSTATUS status = sim_create_file(actor->process, "\\??\\BallastAiFeed", GENERIC_READ | GENERIC_WRITE, &file);
    if (status != (may ? STATUS_SUCCESS : STATUS_ACCESS_DENIED)) {
        stress_complain("opening the feed: 0x%08x", (unsigned)status);
    }
    if (status != STATUS_SUCCESS) {
        return;
    }
    status = ai_push(file, (uint32_t)test_random_below(&actor->random, 3), 500);
    if (status != STATUS_SUCCESS && status != STATUS_NOT_FOUND) {
        stress_complain("feeding: 0x%08x", (unsigned)status);
    }
    account(BALLAST_IOCTL_AI_RELOAD_RULES, ai_get(file, BALLAST_IOCTL_AI_RELOAD_RULES, &rules, sizeof(rules)));
    sim_close(file);
}

/* Whoever unmaps in it meanwhile waits, and nobody else. */
static void keep_busy(const struct actor *actor)
{
    sim_process_hold(actor->process, true);
    ai_pause_ms(1);
    sim_process_hold(actor->process, false);
}

static void change_the_system(struct actor *actor)
{
    static const char *const rules[] = {"alpha", "alpha\nbeta", "beta", "exact:alpha.exe\nglob:b*", "a*"};
    uint64_t choice = test_random_below(&actor->random, 10);
    if (choice < 5) {
        ai_set_rules(rules[choice]);
    } else if (choice == 5) {
        sim_system_grow(1 + (unsigned)test_random_below(&actor->random, 3));
    } else if (choice == 8) {
        ai_plug_adapter((uint32_t)test_random_below(&actor->random, 3), test_random_below(&actor->random, 2) != 0);
    } else if (choice == 9) {
        sim_system_time_shift((int64_t)test_random_below(&actor->random, 200) * 10000000 - 1000000000);
    } else {
        ai_add_adapter((uint32_t)test_random_below(&actor->random, 3), choice == 6 ? "Card" : "Another");
    }
}

static struct actor begin_actor(struct test_random random, uint64_t index)
{
    struct actor actor = {.random = random, .index = index};
    actor.process = sim_process_create(index % 2 == 0);
    sim_process_set(actor.process, 0, index == NARROW, index % 3 == 0 ? 16384 : 0);
    sim_process_set_token(actor.process, (uint32_t)index / 2, index == SERVICE ? SIM_TOKEN_SERVICE : 0);
    actor.file = ai_open(actor.process);
    pthread_mutex_lock(&processes_lock);
    processes[index] = actor.process;
    pthread_mutex_unlock(&processes_lock);
    return actor;
}

/* False: it has been killed. */
static bool step(struct actor *actor, struct flight *flights)
{
    switch (test_random_below(&actor->random, 12)) {
    case 0:
    case 1:
    case 2:
        change_block(actor);
        break;
    case 3:
        open_and_close(actor, flights);
        break;
    case 4:
        open_for_little(actor);
        break;
    case 5:
        feed(actor);
        break;
    case 6:
        change_the_system(actor);
        break;
    case 7:
        keep_busy(actor);
        break;
    default:
        return several_requests(actor, flights);
    }
    return true;
}

static void act(struct test_random random, uint64_t index)
{
    struct actor actor = begin_actor(random, index);
    struct flight *flights = calloc(IN_FLIGHT, sizeof(*flights));
    bool alive = actor.file != NULL;
    if (!alive) {
        stress_complain("opening");
    }
    for (unsigned i = 0; i < STRESS_STEPS && alive; i++) {
        alive = step(&actor, flights);
    }
    __atomic_store_n(&blocks[actor.index], 0, __ATOMIC_RELAXED);
    if (alive) {
        kill_actor(&actor);
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
