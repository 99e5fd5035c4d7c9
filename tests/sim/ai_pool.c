/* SPDX-License-Identifier: MIT */
/*
 * The pinned pool with simulated processes: what one writes the other reads, what is taken back is gone, what is killed
 * leaves nothing, and nothing is lost when any kernel call fails.
 */

#include "ballast/ai_abi.h"
#include "sim/sim.h"
#include "tests/harness/test.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define KIB           1024u
#define MIB           (1024u * KIB)
#define POOL_BYTES    (4u * MIB)
#define THREADS       4u
#define POINTS        400u /* fault points at most */
#define REG_DWORD     4u
#define VALUE(status) ((uint32_t)(status))

DRIVER_INITIALIZE DriverEntry;

static struct sim_process *a, *b;
static struct sim_file *file_a, *file_b;

static struct sim_file *open_device(struct sim_process *process)
{
    struct sim_file *file = NULL;
    CHECK_EQUAL(sim_create_file(process, "\\Device\\BallastAi", GENERIC_READ | GENERIC_WRITE, &file), STATUS_SUCCESS);
    return file;
}

static void load(void)
{
    CHECK_EQUAL(sim_load(DriverEntry), STATUS_SUCCESS);
    a = sim_process_create(false);
    b = sim_process_create(false);
    file_a = open_device(a);
    file_b = open_device(b);
}

static void begin_with(const struct sim_options *options)
{
    uint32_t total = POOL_BYTES;
    uint32_t none = 0;
    sim_reset(options);
    sim_registry_set(SIM_SERVICE_KEY "\\Parameters", "PoolBytes", REG_DWORD, &total, sizeof(total));
    sim_registry_set(SIM_SERVICE_KEY "\\Parameters", "OwnerPoolBytes", REG_DWORD, &total, sizeof(total));
    sim_registry_set(SIM_SERVICE_KEY "\\Parameters", "ReservePoolBytes", REG_DWORD, &none, sizeof(none));
    load();
}

static void begin(void)
{
    struct sim_options options = {.seed = 1};
    begin_with(&options);
}

static void end(void)
{
    if (a != NULL) {
        sim_kill_process(a);
    }
    if (b != NULL) {
        sim_kill_process(b);
    }
    sim_unload();
}

/* ---- requests ---- */

static NTSTATUS allocate_with(struct sim_file *file, uint64_t size, uint16_t flags, struct ballast_ai_mapping *mapping)
{
    struct ballast_ai_allocate input = {{sizeof(input), BALLAST_AI_VERSION, flags}, size, 0, 0};
    return sim_ioctl(file, BALLAST_IOCTL_AI_ALLOCATE, &input, sizeof(input), mapping, sizeof(*mapping), NULL);
}

static struct ballast_ai_mapping allocate(struct sim_file *file, uint64_t size)
{
    struct ballast_ai_mapping mapping = {.id = 0};
    CHECK_EQUAL(VALUE(allocate_with(file, size, 0, &mapping)), STATUS_SUCCESS);
    return mapping;
}

static NTSTATUS request(struct sim_file *file, ULONG code, uint64_t id, uint32_t process_id, uint32_t access)
{
    struct ballast_ai_block_request input = {{sizeof(input), BALLAST_AI_VERSION, 0}, id, process_id, access};
    return sim_ioctl(file, code, &input, sizeof(input), NULL, 0, NULL);
}

static NTSTATUS free_block(struct sim_file *file, uint64_t id)
{
    return request(file, BALLAST_IOCTL_AI_FREE, id, 0, 0);
}

static NTSTATUS grant(uint64_t id, struct sim_process *to, uint32_t access)
{
    return request(file_a, BALLAST_IOCTL_AI_GRANT, id, sim_process_id(to), access);
}

static NTSTATUS unmap(struct sim_file *file, uint64_t id)
{
    return request(file, BALLAST_IOCTL_AI_UNMAP, id, 0, 0);
}

static NTSTATUS map(struct sim_file *file, uint64_t id, uint32_t access, struct ballast_ai_mapping *mapping)
{
    struct ballast_ai_block_request input = {{sizeof(input), BALLAST_AI_VERSION, 0}, id, 0, access};
    return sim_ioctl(file, BALLAST_IOCTL_AI_MAP, &input, sizeof(input), mapping, sizeof(*mapping), NULL);
}

static struct ballast_ai_pool_reply pool_status(struct sim_file *file)
{
    struct ballast_ai_pool_reply reply = {.blocks = 0};
    CHECK_EQUAL(VALUE(sim_ioctl(file, BALLAST_IOCTL_AI_QUERY_POOL, NULL, 0, &reply, sizeof(reply), NULL)),
                STATUS_SUCCESS);
    return reply;
}

/* Closed handles are cleaned up by a thread: waits until so much is used, two seconds at most. */
static bool soon_used(struct sim_file *file, uint64_t used)
{
    struct timespec pause = {0, 1000000};
    for (unsigned i = 0; i < 2000 && pool_status(file).used_bytes != used; i++) {
        (void)nanosleep(&pause, NULL);
    }
    return pool_status(file).used_bytes == used;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* ---- behaviours ---- */

static void two_processes_share_bytes(void)
{
    struct ballast_ai_mapping there = {.id = 0};
    begin();
    struct ballast_ai_mapping here = allocate(file_a, 100 * KIB - 1);
    CHECK_EQUAL(here.size_bytes, 100 * KIB);
    CHECK_EQUAL(here.address % BALLAST_AI_MAXIMUM_ALIGNMENT, 0);
    unsigned char *bytes = sim_process_memory(a, here.address, 100 * KIB, true);
    if (CHECK(bytes != NULL) && CHECK(is_zero(bytes, 100 * KIB))) {
        CHECK(sim_process_memory(b, here.address, 1, false) == NULL);
        memset(bytes, 0x5A, 100 * KIB);
        CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_READ, &there)), VALUE(STATUS_NOT_FOUND));
        CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_READ)), STATUS_SUCCESS);
        CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_READ, &there)), STATUS_SUCCESS);
        CHECK(sim_process_memory(b, there.address, 1, true) == NULL); /* it may only read */
        const unsigned char *seen = sim_process_memory(b, there.address, 100 * KIB, false);
        CHECK(seen != NULL && memcmp(seen, bytes, 100 * KIB) == 0);
        CHECK_EQUAL(VALUE(unmap(file_b, here.id)), STATUS_SUCCESS);
        CHECK(sim_process_memory(b, there.address, 1, false) == NULL);
        CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_WRITE)), STATUS_SUCCESS);
        CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_WRITE, &there)), STATUS_SUCCESS);
        unsigned char *written = sim_process_memory(b, there.address, 100 * KIB, true);
        if (CHECK(written != NULL)) {
            written[7] = 77;
            CHECK_EQUAL(bytes[7], 77);
        }
    }
    CHECK_EQUAL(VALUE(free_block(file_b, here.id)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(VALUE(free_block(file_a, here.id)), STATUS_SUCCESS);
    CHECK(sim_process_memory(a, here.address, 1, false) == NULL);
    CHECK(sim_process_memory(b, there.address, 1, false) == NULL);
    CHECK_EQUAL(pool_status(file_a).used_bytes, 0);
    end();
}

static void what_is_taken_back_is_gone(void)
{
    struct ballast_ai_mapping there = {.id = 0};
    begin();
    struct ballast_ai_mapping here = allocate(file_a, 1);
    CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_WRITE)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_WRITE, &there)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_NONE)), STATUS_SUCCESS);
    CHECK(sim_process_memory(b, there.address, 1, false) == NULL);
    CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_READ, &there)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(VALUE(unmap(file_b, here.id)), VALUE(STATUS_NOT_FOUND));
    CHECK(sim_process_memory(a, here.address, 1, true) != NULL);
    CHECK_EQUAL(VALUE(request(file_a, BALLAST_IOCTL_AI_GRANT, here.id, 4711, 1)), VALUE(STATUS_NOT_FOUND));
    end();
}

static void memory_is_zeroed_before_it_is_used_again(void)
{
    begin();
    for (unsigned i = 0; i < 20; i++) {
        struct ballast_ai_mapping block = allocate(file_a, POOL_BYTES / 2);
        unsigned char *bytes = sim_process_memory(a, block.address, POOL_BYTES / 2, true);
        if (CHECK(bytes != NULL)) {
            CHECK(is_zero(bytes, POOL_BYTES / 2));
            memset(bytes, 0xA5, POOL_BYTES / 2);
        }
        CHECK_EQUAL(VALUE(free_block(file_a, block.id)), STATUS_SUCCESS);
    }
    end();
}

static void killing_the_owner_frees_its_blocks_everywhere(void)
{
    for (uint64_t seed = 1; seed <= 4; seed++) { /* the views go before or after the handles */
        struct sim_options options = {.seed = seed, .delay_percent = 20};
        struct ballast_ai_mapping there = {.id = 0};
        begin_with(&options);
        for (unsigned i = 0; i < 4; i++) {
            struct ballast_ai_mapping here = allocate(file_a, 64 * KIB);
            CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_WRITE)), STATUS_SUCCESS);
            CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_WRITE, &there)), STATUS_SUCCESS);
        }
        (void)allocate(file_b, 4 * KIB);
        sim_kill_process(a);
        a = NULL;
        CHECK(soon_used(file_b, 4 * KIB));
        CHECK(sim_process_memory(b, there.address, 1, false) == NULL);
        CHECK_EQUAL(pool_status(file_b).blocks, 1);
        end();
    }
}

static void killing_who_has_it_mapped_leaves_the_block(void)
{
    struct ballast_ai_block_reply *reply;
    _Alignas(8) unsigned char buffer[sizeof(*reply) + sizeof(struct ballast_ai_block)];
    struct ballast_ai_mapping there = {.id = 0};
    struct timespec pause = {0, 1000000};
    begin();
    struct ballast_ai_mapping here = allocate(file_a, 64 * KIB);
    CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_WRITE)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_WRITE, &there)), STATUS_SUCCESS);
    unsigned char *bytes = sim_process_memory(b, there.address, 1, true);
    if (CHECK(bytes != NULL)) {
        *bytes = 99;
    }
    sim_kill_process(b);
    b = NULL;
    reply = (struct ballast_ai_block_reply *)buffer;
    for (unsigned i = 0; i < 2000; i++) {
        CHECK_EQUAL(VALUE(sim_ioctl(file_a, BALLAST_IOCTL_AI_QUERY_BLOCKS, NULL, 0, buffer, sizeof(buffer), NULL)),
                    STATUS_SUCCESS);
        if (reply->block[0].mappings == 1) {
            break;
        }
        (void)nanosleep(&pause, NULL);
    }
    CHECK_EQUAL(reply->blocks, 1);
    CHECK_EQUAL(reply->blocks_returned, 1);
    CHECK_EQUAL(reply->block[0].id, here.id);
    CHECK_EQUAL(reply->block[0].owner_process_id, sim_process_id(a));
    CHECK_EQUAL(reply->block[0].mappings, 1);
    CHECK_EQUAL(reply->block[0].grants, 0); /* ended with the process */
    bytes = sim_process_memory(a, here.address, 1, false);
    CHECK(bytes != NULL && *bytes == 99);
    end();
}

/* A new process may have the number of an old one. */
static void a_grant_is_for_the_process_and_not_for_its_number(void)
{
    struct ballast_ai_mapping there = {.id = 0};
    begin();
    struct ballast_ai_mapping here = allocate(file_a, 1);
    uint32_t number = sim_process_id(b);
    CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_WRITE)), STATUS_SUCCESS);
    sim_kill_process(b);
    b = sim_process_create(false);
    sim_process_set(b, number, false, 0);
    file_b = open_device(b);
    CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_READ, &there)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_READ)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_READ, &there)), STATUS_SUCCESS);
    end();
}

/* Of the first block. */
static uint32_t grants(void)
{
    _Alignas(8) unsigned char buffer[sizeof(struct ballast_ai_block_reply) + sizeof(struct ballast_ai_block)];
    const struct ballast_ai_block_reply *reply = (struct ballast_ai_block_reply *)buffer;
    CHECK_EQUAL(VALUE(sim_ioctl(file_a, BALLAST_IOCTL_AI_QUERY_BLOCKS, NULL, 0, buffer, sizeof(buffer), NULL)),
                STATUS_SUCCESS);
    CHECK_EQUAL(reply->blocks, 1);
    return reply->block[0].grants;
}

struct granting {
    struct ballast_ai_grant request;
    bool stop; /* atomic */
};

static NTSTATUS grant_by_handle(const struct granting *granting)
{
    return sim_ioctl(file_a, BALLAST_IOCTL_AI_GRANT, &granting->request, sizeof(granting->request), NULL, 0, NULL);
}

static void *grant_for_ever(void *context)
{
    const struct granting *granting = context;
    while (!__atomic_load_n(&granting->stop, __ATOMIC_RELAXED)) {
        NTSTATUS status = grant_by_handle(granting);
        CHECK(status == STATUS_SUCCESS || status == STATUS_NOT_FOUND);
    }
    return NULL;
}

/* Nobody's grant keeps a process that has exited, whenever that comes, and with any code: 259 is STATUS_PENDING, too. */
static void nothing_is_granted_to_who_has_exited(void)
{
    begin();
    struct ballast_ai_mapping block = allocate(file_a, 1);
    for (unsigned i = 0; i < 40; i++) {
        pthread_t thread;
        struct sim_process *victim = sim_process_create(false);
        sim_process_exit_with(victim, i % 4 < 2 ? STATUS_SUCCESS : STATUS_PENDING);
        struct granting granting = {{{sizeof(granting.request), BALLAST_AI_VERSION, 0},
                                     block.id,
                                     0,
                                     BALLAST_AI_ACCESS_WRITE,
                                     0,
                                     sim_process_open_process(a, victim, true)},
                                    false};
        CHECK_EQUAL(pthread_create(&thread, NULL, grant_for_ever, &granting), 0);
        while (i % 2 == 0 && grants() == 0) {
        }
        sim_kill_process(victim);
        __atomic_store_n(&granting.stop, true, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
        CHECK_EQUAL(grants(), 0);
        CHECK_EQUAL(VALUE(grant_by_handle(&granting)), VALUE(STATUS_NOT_FOUND));
        CHECK_EQUAL(grants(), 0);
    }
    end();
}

static void what_a_process_unmaps_itself_harms_nobody(void)
{
    struct ballast_ai_mapping there = {.id = 0};
    begin();
    struct ballast_ai_mapping here = allocate(file_a, 1);
    CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_WRITE)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_WRITE, &there)), STATUS_SUCCESS);
    /* It cannot, so that nothing else comes to be there before the block is freed. */
    CHECK(!sim_process_unmap(b, there.address));
    CHECK(!sim_process_unmap(a, here.address));
    CHECK(!sim_process_map_own(a, here.address, 4096));
    CHECK_EQUAL(VALUE(free_block(file_a, here.id)), STATUS_SUCCESS);
    CHECK_EQUAL(pool_status(file_a).used_bytes, 0);
    end();
}

static void locking_is_done_or_its_status_reported(void)
{
    struct ballast_ai_mapping block = {.id = 0};
    begin();
    sim_process_set(a, 0, false, 128 * KIB);
    CHECK_EQUAL(VALUE(allocate_with(file_a, 128 * KIB, BALLAST_AI_LOCK, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(block.state, BALLAST_AI_BLOCK_LOCKED);
    CHECK_EQUAL(pool_status(file_a).locked_bytes, 128 * KIB);
    struct ballast_ai_mapping next = {.id = 0};
    CHECK_EQUAL(VALUE(allocate_with(file_a, 1, BALLAST_AI_LOCK, &next)), VALUE(STATUS_WORKING_SET_QUOTA));
    CHECK_EQUAL(sim_process_views(a), 1);
    CHECK_EQUAL(VALUE(allocate_with(file_a, 1, BALLAST_AI_LOCK_IF_POSSIBLE, &next)), STATUS_SUCCESS);
    CHECK_EQUAL(next.state, 0);
    CHECK_EQUAL(next.lock_status, VALUE(STATUS_WORKING_SET_QUOTA));
    CHECK_EQUAL(VALUE(free_block(file_a, block.id)), STATUS_SUCCESS);
    CHECK_EQUAL(pool_status(file_a).locked_bytes, 0);
    CHECK_EQUAL(pool_status(file_a).blocks, 1);
    CHECK_EQUAL(VALUE(allocate_with(file_a, 1, BALLAST_AI_LOCK, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(allocate_with(file_a, 1, BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE, &block)),
                VALUE(STATUS_INVALID_PARAMETER));
    end();

    struct sim_options options = {.seed = 1, .nt52 = true}; /* which has no function for it */
    begin_with(&options);
    CHECK_EQUAL(VALUE(allocate_with(file_a, 1, BALLAST_AI_LOCK, &block)), VALUE(STATUS_NOT_SUPPORTED));
    CHECK_EQUAL(VALUE(allocate_with(file_a, 1, BALLAST_AI_LOCK_IF_POSSIBLE, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(block.lock_status, VALUE(STATUS_NOT_SUPPORTED));
    end();
}

static void pointers_of_32_bits_reach_their_blocks(void)
{
    begin();
    sim_process_set(a, 0, true, 0);
    struct ballast_ai_mapping block = allocate(file_a, MIB);
    CHECK(block.address < 0x80000000u);
    CHECK(sim_process_memory(a, block.address, MIB, true) != NULL);
    end();
}

#define MOST_ROUTINES 4u

static void NTAPI somebody_elses(HANDLE parent_id, HANDLE process_id, BOOLEAN create)
{
    UNREFERENCED_PARAMETER(parent_id);
    UNREFERENCED_PARAMETER(process_id);
    UNREFERENCED_PARAMETER(create);
}

/* Where others have taken all that the system has to be told of processes by: views are not secured, and nothing is lost. */
static void without_being_told_of_processes(void)
{
    struct sim_options options = {.seed = 1};
    struct ballast_ai_mapping there = {.id = 0};
    sim_reset(&options);
    for (unsigned i = 0; i < MOST_ROUTINES; i++) {
        CHECK_EQUAL(PsSetCreateProcessNotifyRoutine(somebody_elses, FALSE), STATUS_SUCCESS);
    }
    load();
    struct ballast_ai_mapping here = allocate(file_a, 1);
    CHECK_EQUAL(VALUE(grant(here.id, b, BALLAST_AI_ACCESS_READ)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_READ, &there)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(unmap(file_b, here.id)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_READ, &there)), STATUS_SUCCESS);
    CHECK(sim_process_unmap(b, there.address)); /* it may, then */
    CHECK_EQUAL(VALUE(unmap(file_b, here.id)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(map(file_b, here.id, BALLAST_AI_ACCESS_READ, &there)), STATUS_SUCCESS);
    sim_kill_process(b);
    b = NULL;
    CHECK_EQUAL(VALUE(free_block(file_a, here.id)), STATUS_SUCCESS);
    CHECK_EQUAL(pool_status(file_a).used_bytes, 0);
    for (unsigned i = 0; i < MOST_ROUTINES; i++) {
        CHECK_EQUAL(PsSetCreateProcessNotifyRoutine(somebody_elses, TRUE), STATUS_SUCCESS);
    }
    end();
}

static void requests_are_checked(void)
{
    static const struct ballast_ai_allocate wrong[] = {
        {{24, 1, 0}, 0, 0, 0},          {{24, 1, 0}, UINT64_MAX, 0, 0},     {{24, 1, 0}, UINT64_MAX - 4095, 0, 0},
        {{24, 1, 0}, 1ull << 63, 0, 0}, {{24, 1, 0}, POOL_BYTES + 1, 0, 0}, {{24, 1, 0}, 4096, 3, 0},
        {{24, 1, 0}, 4096, 131072, 0},  {{24, 1, 0}, 4096, 0x80000000u, 0}, {{24, 1, 0}, 4096, 0, 1},
    };
    struct ballast_ai_mapping block = {.id = 0};
    begin();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        test_note("row %zu", i);
        CHECK_EQUAL(VALUE(sim_ioctl(file_a, BALLAST_IOCTL_AI_ALLOCATE, &wrong[i], sizeof(wrong[i]), &block,
                                    sizeof(block), NULL)),
                    VALUE(STATUS_INVALID_PARAMETER));
    }
    block = allocate(file_a, 1);
    CHECK_EQUAL(VALUE(request(file_a, BALLAST_IOCTL_AI_FREE, block.id, 1, 0)), VALUE(STATUS_INVALID_PARAMETER));
    CHECK_EQUAL(VALUE(request(file_a, BALLAST_IOCTL_AI_FREE, block.id, 0, 1)), VALUE(STATUS_INVALID_PARAMETER));
    CHECK_EQUAL(VALUE(request(file_a, BALLAST_IOCTL_AI_UNMAP, block.id, 1, 0)), VALUE(STATUS_INVALID_PARAMETER));
    CHECK_EQUAL(VALUE(request(file_a, BALLAST_IOCTL_AI_UNMAP, block.id, 0, 1)), VALUE(STATUS_INVALID_PARAMETER));
    for (unsigned i = 0; i < 2; i++) {
        struct ballast_ai_block_request wrong_map = {
            {sizeof(wrong_map), BALLAST_AI_VERSION, i == 0 ? 0 : BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE},
            block.id,
            i == 0 ? sim_process_id(a) : 0,
            BALLAST_AI_ACCESS_READ};
        CHECK_EQUAL(
            VALUE(sim_ioctl(file_a, BALLAST_IOCTL_AI_MAP, &wrong_map, sizeof(wrong_map), &block, sizeof(block), NULL)),
            VALUE(STATUS_INVALID_PARAMETER));
    }
    CHECK_EQUAL(VALUE(grant(block.id, b, 3)), VALUE(STATUS_INVALID_PARAMETER));
    CHECK_EQUAL(VALUE(map(file_a, block.id, 0, &block)), VALUE(STATUS_INVALID_PARAMETER));
    CHECK_EQUAL(VALUE(map(file_a, block.id, 3, &block)), VALUE(STATUS_INVALID_PARAMETER));
    CHECK_EQUAL(VALUE(free_block(file_a, block.id ^ 1)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(VALUE(free_block(file_a, 0)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(VALUE(free_block(file_a, UINT64_MAX)), VALUE(STATUS_NOT_FOUND));
    CHECK_EQUAL(pool_status(file_a).blocks, 1);
    end();
}

/* ---- threads ---- */

/* A client: three blocks of a third of the pool at most fit, whatever the others do. */
static void *fight_for_quota(void *context)
{
    struct sim_file *file = context;
    uint64_t held = 0;
    for (unsigned i = 0; i < 150; i++) {
        struct ballast_ai_mapping block = {.id = 0};
        if (held != 0) {
            CHECK_EQUAL(VALUE(free_block(file, held)), STATUS_SUCCESS);
            held = 0;
        } else {
            NTSTATUS status = allocate_with(file, POOL_BYTES / 3, 0, &block);
            CHECK(status == STATUS_SUCCESS || status == STATUS_INSUFFICIENT_RESOURCES);
            held = block.id;
        }
        struct ballast_ai_pool_reply reply = pool_status(file);
        CHECK(reply.used_bytes <= POOL_BYTES && reply.blocks <= 3);
    }
    return NULL;
}

static void a_race_for_the_quota_is_won_by_as_many_as_fit(void)
{
    struct sim_options options = {.seed = 3, .delay_percent = 10};
    struct sim_process *process[THREADS];
    pthread_t threads[THREADS];
    begin_with(&options);
    for (unsigned i = 0; i < THREADS; i++) {
        process[i] = sim_process_create(false);
        CHECK_EQUAL(pthread_create(&threads[i], NULL, fight_for_quota, open_device(process[i])), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sim_kill_process(process[i]);
    }
    CHECK(soon_used(file_a, 0));
    CHECK(pool_status(file_a).peak_bytes > POOL_BYTES / 2);
    end();
}

/* ---- faults ---- */

static struct sim_fault_point passed[POINTS];
static size_t points; /* of them, in the last try */

/* Stops at the first failure. */
static NTSTATUS everything(void)
{
    struct ballast_ai_mapping here = {.id = 0};
    struct ballast_ai_mapping there = {.id = 0};
    NTSTATUS status = allocate_with(file_a, 100 * KIB, BALLAST_AI_LOCK, &here);
    if (NT_SUCCESS(status)) {
        status = grant(here.id, b, BALLAST_AI_ACCESS_READ);
    }
    if (NT_SUCCESS(status)) {
        status = map(file_b, here.id, BALLAST_AI_ACCESS_READ, &there);
    }
    if (NT_SUCCESS(status)) {
        status = grant(here.id, b, BALLAST_AI_ACCESS_NONE);
    }
    if (NT_SUCCESS(status)) {
        status = unmap(file_a, here.id);
    }
    if (NT_SUCCESS(status)) {
        status = map(file_a, here.id, BALLAST_AI_ACCESS_WRITE, &there);
    }
    if (NT_SUCCESS(status)) {
        status = free_block(file_a, here.id);
    }
    return status;
}

/* With this call failing; NULL: none. Whether one of the requests has failed. */
static bool try_everything(const struct sim_fault_point *point)
{
    begin();
    sim_settle();
    sim_fault_watch(point);
    NTSTATUS status = everything();
    sim_settle();
    points = sim_fault_stop(passed, POINTS);
    if (point != NULL) {
        test_note("%s:%u", point->place, point->occurrence);
        CHECK(sim_fault_hit());
    }
    struct ballast_ai_pool_reply reply = pool_status(file_a);
    CHECK_EQUAL(reply.used_bytes, reply.blocks * 100ull * KIB);
    CHECK(sim_process_views(a) + sim_process_views(b) <= 2 * reply.blocks);
    sim_kill_process(a);
    a = NULL;
    CHECK(soon_used(file_b, 0));
    CHECK_EQUAL(sim_process_views(b), 0);
    end();
    return !NT_SUCCESS(status);
}

static void any_call_may_fail(void)
{
    static struct sim_fault_point all[POINTS];
    unsigned failures = 0;
    CHECK(!try_everything(NULL));
    size_t count = points;
    CHECK(count <= POINTS);
    memcpy(all, passed, sizeof(all));
    for (size_t i = 0; i < count && i < POINTS; i++) {
        failures += try_everything(&all[i]);
    }
    CHECK(failures > 10);
}

TEST_MAIN({"two_processes_share_bytes", two_processes_share_bytes},
          {"what_is_taken_back_is_gone", what_is_taken_back_is_gone},
          {"memory_is_zeroed_before_it_is_used_again", memory_is_zeroed_before_it_is_used_again},
          {"killing_the_owner_frees_its_blocks_everywhere", killing_the_owner_frees_its_blocks_everywhere},
          {"killing_who_has_it_mapped_leaves_the_block", killing_who_has_it_mapped_leaves_the_block},
          {"a_grant_is_for_the_process_and_not_for_its_number", a_grant_is_for_the_process_and_not_for_its_number},
          {"nothing_is_granted_to_who_has_exited", nothing_is_granted_to_who_has_exited},
          {"what_a_process_unmaps_itself_harms_nobody", what_a_process_unmaps_itself_harms_nobody},
          {"locking_is_done_or_its_status_reported", locking_is_done_or_its_status_reported},
          {"pointers_of_32_bits_reach_their_blocks", pointers_of_32_bits_reach_their_blocks},
          {"without_being_told_of_processes", without_being_told_of_processes},
          {"requests_are_checked", requests_are_checked},
          {"a_race_for_the_quota_is_won_by_as_many_as_fit", a_race_for_the_quota_is_won_by_as_many_as_fit},
          {"any_call_may_fail", any_call_may_fail})
