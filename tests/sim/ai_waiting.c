/* SPDX-License-Identifier: MIT */
/* Whom one client of the AI driver can keep waiting, in the simulated kernel: itself. */

#include "tests/sim/ai_users.h"

#include <pthread.h>

static void begin(void)
{
    ai_users_begin();
    sim_process_open_to_all(other);
}

struct job {
    struct sim_file *file;
    NTSTATUS status;
    bool done; /* atomic */
};

static void *allocate_and_free(void *context)
{
    struct job *job = context;
    struct ballast_ai_mapping block;
    job->status = ai_allocate(job->file, MIB, &block);
    if (NT_SUCCESS(job->status)) {
        job->status = ai_block(job->file, BALLAST_IOCTL_AI_FREE, block.id, 0, 0);
    }
    __atomic_store_n(&job->done, true, __ATOMIC_RELEASE);
    return NULL;
}

static void *close_it(void *context)
{
    struct job *job = context;
    sim_close(job->file);
    __atomic_store_n(&job->done, true, __ATOMIC_RELEASE);
    return NULL;
}

static void wait_for_waiting(struct sim_process *process, unsigned count)
{
    for (unsigned i = 0; i < 10000 && sim_process_waiting(process) < count; i++) {
        ai_pause_ms(1);
    }
    CHECK_EQUAL(sim_process_waiting(process), count);
}

/* Everything that another client does, it can do meanwhile. */
static void check_others_go_on(void)
{
    struct ballast_ai_mapping block;
    struct ballast_ai_scheduler_reply scheduler;
    union ai_process_list list;
    union ai_gpu_list gpus;
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQUAL(VALUE(ai_allocate(others, MIB, &block)), STATUS_SUCCESS);
        CHECK_EQUAL(VALUE(ai_block(others, BALLAST_IOCTL_AI_FREE, block.id, 0, 0)), STATUS_SUCCESS);
    }
    CHECK_EQUAL(VALUE(ai_get_processes(file, 1, &list)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get_scheduler(others, 1, &scheduler)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get_gpus(file, true, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(pool_of(others).owner_used_bytes, 0);
}

/* A process that keeps its address space busy keeps itself waiting. */
static void busy_address_spaces_hold_up_nobody_else(void)
{
    struct job jobs[6] = {{.file = NULL}};
    pthread_t threads[6];
    struct ballast_ai_mapping block;
    begin();
    struct sim_file *closing[2] = {ai_open(user), ai_open(user)};
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQUAL(VALUE(ai_allocate(closing[i], MIB, &block)), STATUS_SUCCESS);
    }
    sim_process_hold(user, true);
    for (unsigned i = 0; i < 6; i++) {
        jobs[i].file = i < 4 ? users : closing[i - 4];
        CHECK_EQUAL(pthread_create(&threads[i], NULL, i < 4 ? allocate_and_free : close_it, &jobs[i]), 0);
    }
    wait_for_waiting(user, 6);
    check_others_go_on();
    struct sim_process *third = sim_process_create(false); /* that others' handles are closed goes on, too */
    CHECK_EQUAL(VALUE(ai_allocate(ai_open(third), MIB, &block)), STATUS_SUCCESS);
    uint64_t used = pool_of(file).used_bytes;
    sim_kill_process(third);
    CHECK_EQUAL(pool_of(file).used_bytes, used - MIB);
    for (unsigned i = 0; i < 6; i++) {
        CHECK(!__atomic_load_n(&jobs[i].done, __ATOMIC_ACQUIRE));
    }
    sim_process_hold(user, false);
    for (unsigned i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQUAL(VALUE(jobs[i].status), STATUS_SUCCESS);
    }
    CHECK_EQUAL(pool_of(file).used_bytes, 0);
    ai_users_end();
}

struct mapping {
    uint64_t id;
    NTSTATUS status;
    bool done; /* atomic */
};

static void *map_it(void *context)
{
    struct mapping *mapping = context;
    struct ballast_ai_mapping view;
    struct ballast_ai_block_request map = {{sizeof(map), BALLAST_AI_VERSION, 0}, mapping->id, 0, 2};
    mapping->status = sim_ioctl(others, BALLAST_IOCTL_AI_MAP, &map, sizeof(map), &view, sizeof(view), NULL);
    __atomic_store_n(&mapping->done, true, __ATOMIC_RELEASE);
    return NULL;
}

static void *free_mapping(void *context)
{
    const struct mapping *mapping = context;
    CHECK_EQUAL(VALUE(ai_block(users, BALLAST_IOCTL_AI_FREE, mapping->id, 0, 0)), STATUS_SUCCESS);
    return NULL;
}

/* Who frees a block while another maps it takes it out of its own address space itself, however busy that is. */
static void who_frees_holds_up_nobody_who_maps(void)
{
    struct ballast_ai_mapping block;
    pthread_t threads[2];
    begin();
    CHECK_EQUAL(VALUE(ai_allocate(users, MIB, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_block(users, BALLAST_IOCTL_AI_GRANT, block.id, sim_process_id(other), 2)), STATUS_SUCCESS);
    struct mapping mapping = {.id = block.id};
    sim_process_hold(user, true);
    sim_process_hold(other, true);
    CHECK_EQUAL(pthread_create(&threads[0], NULL, map_it, &mapping), 0);
    wait_for_waiting(other, 1);
    CHECK_EQUAL(pthread_create(&threads[1], NULL, free_mapping, &mapping), 0);
    wait_for_waiting(user, 1);
    sim_process_hold(other, false);
    for (unsigned i = 0; i < 10000 && !__atomic_load_n(&mapping.done, __ATOMIC_ACQUIRE); i++) {
        ai_pause_ms(1);
    }
    CHECK(__atomic_load_n(&mapping.done, __ATOMIC_ACQUIRE));
    CHECK_EQUAL(VALUE(mapping.status), VALUE(STATUS_NOT_FOUND));
    sim_process_hold(user, false);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    CHECK_EQUAL(pool_of(file).used_bytes, 0);
    ai_users_end();
}

/* Looking at the processes of the system takes as long as it takes: for who asked. */
static void a_slow_system_holds_up_only_who_asks_for_it(void)
{
    struct ballast_ai_process_query fresh = {{sizeof(fresh), BALLAST_AI_VERSION, 0}, 1, 0};
    static union ai_process_list list;
    struct ballast_ai_mapping block;
    struct ballast_ai_scheduler_reply scheduler;
    union ai_gpu_list gpus;
    begin();
    CHECK_EQUAL(VALUE(ai_get_scheduler(file, 1, &scheduler)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_push(file, 0, 5)), STATUS_SUCCESS);
    ai_pause_ms(3);
    sim_system_hold(true);
    struct sim_request *request =
        sim_ioctl_begin(file, BALLAST_IOCTL_AI_QUERY_PROCESSES, &fresh, sizeof(fresh), &list, sizeof(list));
    for (unsigned i = 0; i < 10000 && sim_system_waiting() == 0; i++) {
        ai_pause_ms(1);
    }
    CHECK_EQUAL(VALUE(ai_allocate(others, MIB, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_block(others, BALLAST_IOCTL_AI_FREE, block.id, 0, 0)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get_gpus(file, true, &gpus)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get_scheduler(others, 60000, &scheduler)), STATUS_SUCCESS);
    CHECK(!sim_request_done(request));
    sim_system_hold(false);
    CHECK_EQUAL(VALUE(sim_request_wait(request, NULL)), STATUS_SUCCESS);
    ai_users_end();
}

static void a_handle_keeps_only_so_many_requests_waiting(void)
{
    struct ballast_ai_process_query fresh = {{sizeof(fresh), BALLAST_AI_VERSION, 0}, 1, 0};
    static union ai_process_list lists[BALLAST_AI_MAXIMUM_PENDED + 2];
    struct sim_request *requests[BALLAST_AI_MAXIMUM_PENDED + 1];
    begin();
    sim_system_hold(true);
    for (unsigned i = 0; i <= BALLAST_AI_MAXIMUM_PENDED; i++) {
        requests[i] = sim_ioctl_begin(users, BALLAST_IOCTL_AI_QUERY_PROCESSES, &fresh, sizeof(fresh), &lists[i],
                                      sizeof(lists[i]));
    }
    CHECK(sim_request_done(requests[BALLAST_AI_MAXIMUM_PENDED]));
    struct sim_request *polite =
        sim_ioctl_begin(others, BALLAST_IOCTL_AI_QUERY_PROCESSES, &fresh, sizeof(fresh), &lists[65], sizeof(lists[65]));
    CHECK(!sim_request_done(polite));
    sim_system_hold(false);
    for (unsigned i = 0; i <= BALLAST_AI_MAXIMUM_PENDED; i++) {
        CHECK_EQUAL(VALUE(sim_request_wait(requests[i], NULL)),
                    i < BALLAST_AI_MAXIMUM_PENDED ? STATUS_SUCCESS : VALUE(STATUS_QUOTA_EXCEEDED));
    }
    CHECK_EQUAL(VALUE(sim_request_wait(polite, NULL)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_get_processes(users, 1, &lists[0])), STATUS_SUCCESS);
    ai_users_end();
}

/* Nor do many handles of one process keep more; another one is not refused for that. */
static void a_process_keeps_only_so_many_requests_waiting(void)
{
    enum { COUNT = BALLAST_AI_MAXIMUM_PROCESS_PENDED + BALLAST_AI_MAXIMUM_PENDED };
    struct ballast_ai_process_query fresh = {{sizeof(fresh), BALLAST_AI_VERSION, 0}, 1, 0};
    static struct ballast_ai_process_reply replies[COUNT + 1];
    static struct sim_request *requests[COUNT + 1];
    struct sim_file *opened = NULL;
    unsigned refused = 0;
    begin();
    sim_system_hold(true);
    for (unsigned i = 0; i <= COUNT; i++) {
        opened = i == COUNT ? others : i % BALLAST_AI_MAXIMUM_PENDED == 0 ? ai_open(user) : opened;
        requests[i] = sim_ioctl_begin(opened, BALLAST_IOCTL_AI_QUERY_PROCESSES, &fresh, sizeof(fresh), &replies[i],
                                      sizeof(replies[i]));
    }
    CHECK(!sim_request_done(requests[COUNT]));
    sim_system_hold(false);
    for (unsigned i = 0; i < COUNT; i++) {
        NTSTATUS status = sim_request_wait(requests[i], NULL);
        CHECK(status == STATUS_SUCCESS || status == STATUS_QUOTA_EXCEEDED);
        refused += status == STATUS_QUOTA_EXCEEDED;
    }
    CHECK_EQUAL(refused, BALLAST_AI_MAXIMUM_PENDED);
    CHECK_EQUAL(VALUE(sim_request_wait(requests[COUNT], NULL)), STATUS_SUCCESS);
    ai_pause_ms(3);
    CHECK_EQUAL(VALUE(ai_get(users, BALLAST_IOCTL_AI_QUERY_PROCESSES, &replies[0], sizeof(replies[0]))),
                STATUS_SUCCESS);
    ai_users_end();
}

/*
 * Nor do many processes of one user, with all rights or without; those of the other kind and another user are not refused for
 * that. What has ended does not count any more, however it did.
 */
static void check_user_keeps_only_so_many_waiting(bool all_rights)
{
    enum { EACH = BALLAST_AI_MAXIMUM_PENDED, COUNT = BALLAST_AI_MAXIMUM_USER_PENDED + EACH, PROCESSES = COUNT / EACH };
    struct ballast_ai_process_query fresh = {{sizeof(fresh), BALLAST_AI_VERSION, 0}, 1, 0};
    static struct ballast_ai_process_reply replies[COUNT + 2];
    static struct sim_request *requests[COUNT + 2];
    struct sim_process *processes[PROCESSES + 1];
    struct sim_file *files[PROCESSES + 2];
    begin();
    for (unsigned i = 0; i <= PROCESSES; i++) {
        processes[i] = sim_process_create(i < PROCESSES ? all_rights : !all_rights);
        sim_process_set_token(processes[i], 7, 0);
        files[i] = ai_open(processes[i]);
    }
    files[PROCESSES + 1] = others;
    for (unsigned round = 0; round < 3; round++) {
        sim_system_hold(true);
        for (unsigned i = 0; i < COUNT + 2; i++) {
            bool refused = i >= BALLAST_AI_MAXIMUM_USER_PENDED && i < COUNT;
            requests[i] =
                sim_ioctl_begin(files[i < COUNT ? i / EACH : PROCESSES + i - COUNT], BALLAST_IOCTL_AI_QUERY_PROCESSES,
                                &fresh, sizeof(fresh), &replies[i], sizeof(replies[i]));
            CHECK_EQUAL(sim_request_done(requests[i]), refused);
        }
        for (unsigned i = 0; round == 1 && i < BALLAST_AI_MAXIMUM_USER_PENDED; i++) {
            sim_cancel(requests[i]);
        }
        sim_system_hold(false);
        for (unsigned i = 0; i < COUNT + 2; i++) {
            bool refused = i >= BALLAST_AI_MAXIMUM_USER_PENDED && i < COUNT;
            NTSTATUS status = sim_request_wait(requests[i], NULL);
            CHECK_EQUAL(status == STATUS_QUOTA_EXCEEDED, refused);
            CHECK(refused || status == STATUS_SUCCESS || (round == 1 && status == STATUS_CANCELLED));
        }
        ai_pause_ms(BALLAST_AI_MINIMUM_AGE_MS + 10); /* the list is too old for who asks next */
    }
    for (unsigned i = 0; i <= PROCESSES; i++) {
        sim_kill_process(processes[i]);
    }
    ai_users_end();
}

static void a_user_keeps_only_so_many_requests_waiting(void)
{
    check_user_keeps_only_so_many_waiting(false);
    check_user_keeps_only_so_many_waiting(true);
}

/* Handles without write access, which a program of low integrity gets, use up nothing of what the others may. */
static void handles_that_cannot_write_wait_apart(void)
{
    enum { COUNT = BALLAST_AI_MAXIMUM_PROCESS_PENDED };
    struct ballast_ai_process_query fresh = {{sizeof(fresh), BALLAST_AI_VERSION, 0}, 1, 0};
    static struct ballast_ai_process_reply replies[COUNT + 1];
    struct sim_request *requests[COUNT + 1];
    struct sim_file *opened = NULL;
    begin();
    sim_system_hold(true);
    for (unsigned i = 0; i <= COUNT; i++) {
        if (i % BALLAST_AI_MAXIMUM_PENDED == 0 && i < COUNT) {
            CHECK_EQUAL(VALUE(sim_create_file(user, "\\Device\\BallastAi", GENERIC_READ, &opened)), STATUS_SUCCESS);
        }
        requests[i] = sim_ioctl_begin(i < COUNT ? opened : users, BALLAST_IOCTL_AI_QUERY_PROCESSES, &fresh,
                                      sizeof(fresh), &replies[i], sizeof(replies[i]));
        CHECK(!sim_request_done(requests[i]));
    }
    sim_system_hold(false);
    for (unsigned i = 0; i <= COUNT; i++) {
        CHECK_EQUAL(VALUE(sim_request_wait(requests[i], NULL)), STATUS_SUCCESS);
    }
    ai_users_end();
}

/* Closing a handle takes no lock of those who wait if it has nothing there, and otherwise not one for each request. */
static void closing_a_handle_takes_few_locks(void)
{
    enum { STAGES_OF_REQUESTS = 4 };
    struct ballast_ai_process_query fresh = {{sizeof(fresh), BALLAST_AI_VERSION, 0}, 1, 0};
    static struct ballast_ai_process_reply replies[2][BALLAST_AI_MAXIMUM_PENDED];
    struct sim_request *requests[2][BALLAST_AI_MAXIMUM_PENDED];
    begin();
    struct sim_file *idle = ai_open(user);
    sim_system_hold(true);
    for (unsigned i = 0; i < BALLAST_AI_MAXIMUM_PENDED; i++) {
        for (unsigned j = 0; j < 2; j++) {
            requests[j][i] = sim_ioctl_begin(j == 0 ? others : users, BALLAST_IOCTL_AI_QUERY_PROCESSES, &fresh,
                                             sizeof(fresh), &replies[j][i], sizeof(replies[j][i]));
        }
        while (sim_system_waiting() == 0) { /* the first is being answered */
            ai_pause_ms(1);
        }
    }
    unsigned before = sim_spin_locks_taken();
    sim_close_handle(idle);
    CHECK_EQUAL(sim_spin_locks_taken() - before, 0);
    before = sim_spin_locks_taken();
    sim_close_handle(users);
    CHECK_EQUAL(sim_spin_locks_taken() - before, STAGES_OF_REQUESTS + 1); /* once more where there was something */
    for (unsigned i = 0; i < BALLAST_AI_MAXIMUM_PENDED; i++) {
        CHECK_EQUAL(VALUE(sim_request_wait(requests[1][i], NULL)), VALUE(STATUS_CANCELLED));
        CHECK(!sim_request_done(requests[0][i]));
    }
    sim_system_hold(false);
    for (unsigned i = 0; i < BALLAST_AI_MAXIMUM_PENDED; i++) {
        CHECK_EQUAL(VALUE(sim_request_wait(requests[0][i], NULL)), STATUS_SUCCESS);
    }
    sim_close(idle);
    sim_close(users);
    ai_users_end();
}

/* ---- views ---- */

static bool sharing;      /* atomic */
static uint32_t other_id; /* `other` changes meanwhile */

static void *share(void *context)
{
    struct ballast_ai_mapping block;
    (void)context;
    while (__atomic_load_n(&sharing, __ATOMIC_RELAXED)) {
        CHECK_EQUAL(VALUE(ai_allocate(users, 4096, &block)), STATUS_SUCCESS);
        (void)ai_block(users, BALLAST_IOCTL_AI_GRANT, block.id, other_id, 2);
        ai_pause_ms(1);
        CHECK_EQUAL(VALUE(ai_block(users, BALLAST_IOCTL_AI_FREE, block.id, 0, 0)), STATUS_SUCCESS);
    }
    return NULL;
}

/* While somebody unmaps in a process, it exits: nothing is done to it once it is gone. */
static void processes_exit_while_others_unmap_in_them(void)
{
    union block_list blocks;
    struct ballast_ai_mapping view;
    pthread_t thread;
    begin();
    other_id = sim_process_id(other);
    for (unsigned i = 0; i < 60; i++) {
        __atomic_store_n(&sharing, true, __ATOMIC_RELAXED);
        CHECK_EQUAL(pthread_create(&thread, NULL, share, NULL), 0);
        for (unsigned j = 0; j < 20; j++) {
            if (ai_get(file, BALLAST_IOCTL_AI_QUERY_BLOCKS, &blocks, sizeof(blocks)) == STATUS_SUCCESS &&
                blocks.head.blocks_returned != 0) {
                struct ballast_ai_block_request map = {
                    {sizeof(map), BALLAST_AI_VERSION, 0}, blocks.head.block[0].id, 0, 2};
                (void)sim_ioctl(others, BALLAST_IOCTL_AI_MAP, &map, sizeof(map), &view, sizeof(view), NULL);
            }
        }
        sim_kill_process(other);
        other = sim_process_create(false);
        sim_process_open_to_all(other);
        sim_process_set(other, other_id, false, 0);
        others = ai_open(other);
        __atomic_store_n(&sharing, false, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
    }
    ai_users_end();
}

static void *free_it(void *context)
{
    const struct ballast_ai_mapping *block = context;
    CHECK_EQUAL(VALUE(ai_block(users, BALLAST_IOCTL_AI_FREE, block->id, 0, 0)), STATUS_SUCCESS);
    return NULL;
}

static void *kill_it(void *context)
{
    struct job *job = context;
    sim_kill_process(other);
    __atomic_store_n(&job->done, true, __ATOMIC_RELEASE);
    return NULL;
}

/* Who is in it already is waited for. */
static void exits_wait_for_who_unmaps(void)
{
    struct ballast_ai_mapping block, view;
    struct job job = {.file = NULL};
    pthread_t threads[2];
    begin();
    CHECK_EQUAL(VALUE(ai_allocate(users, MIB, &block)), STATUS_SUCCESS);
    CHECK_EQUAL(VALUE(ai_block(users, BALLAST_IOCTL_AI_GRANT, block.id, sim_process_id(other), 2)), STATUS_SUCCESS);
    struct ballast_ai_block_request map = {{sizeof(map), BALLAST_AI_VERSION, 0}, block.id, 0, 2};
    CHECK_EQUAL(VALUE(sim_ioctl(others, BALLAST_IOCTL_AI_MAP, &map, sizeof(map), &view, sizeof(view), NULL)),
                STATUS_SUCCESS);
    sim_process_hold(other, true);
    CHECK_EQUAL(pthread_create(&threads[0], NULL, free_it, &block), 0);
    wait_for_waiting(other, 1);
    CHECK_EQUAL(pthread_create(&threads[1], NULL, kill_it, &job), 0);
    ai_pause_ms(100);
    CHECK(!__atomic_load_n(&job.done, __ATOMIC_ACQUIRE));
    sim_process_hold(other, false);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    other = sim_process_create(false);
    CHECK_EQUAL(pool_of(file).used_bytes, 0);
    ai_users_end();
}

TEST_MAIN({"busy_address_spaces_hold_up_nobody_else", busy_address_spaces_hold_up_nobody_else},
          {"who_frees_holds_up_nobody_who_maps", who_frees_holds_up_nobody_who_maps},
          {"a_slow_system_holds_up_only_who_asks_for_it", a_slow_system_holds_up_only_who_asks_for_it},
          {"a_handle_keeps_only_so_many_requests_waiting", a_handle_keeps_only_so_many_requests_waiting},
          {"a_process_keeps_only_so_many_requests_waiting", a_process_keeps_only_so_many_requests_waiting},
          {"a_user_keeps_only_so_many_requests_waiting", a_user_keeps_only_so_many_requests_waiting},
          {"handles_that_cannot_write_wait_apart", handles_that_cannot_write_wait_apart},
          {"closing_a_handle_takes_few_locks", closing_a_handle_takes_few_locks},
          {"processes_exit_while_others_unmap_in_them", processes_exit_while_others_unmap_in_them},
          {"exits_wait_for_who_unmaps", exits_wait_for_who_unmaps})
