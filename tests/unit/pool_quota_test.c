/* SPDX-License-Identifier: MIT */
/* The pool's quotas of processes and users, what is reserved, and what each may see. */
#include "core/mem/pool_internal.h"
#include "tests/unit/pool_world.h"

#include <pthread.h>
#include <time.h>

static struct pool *limited_pool(uint64_t process, uint64_t user, uint64_t reserve)
{
    struct pool *pool = NULL;
    struct pool_limits limits = {.total = 16 * MIB,
                                 .process = process,
                                 .user = user,
                                 .small_process = MIB,
                                 .small_user = 2 * MIB,
                                 .reserve = reserve};
    world_limit = limits.total;
    world_broken = 0;
    operation_countdown = -1;
    CHECK_EQUAL(pool_create(&world, &limits, &pool), BALLAST_SUCCESS);
    viewer = open_owner(pool);
    return pool;
}

static ballast_status try(struct pool_owner *owner, struct process *process, uint64_t size)
{
    struct pool_result result;
    return pool_allocate(owner, caller(process), size, 0, false, &result);
}

/* 256 handles of one process took the whole pool. */
static void many_handles_have_what_one_has(void)
{
    enum { HANDLES = 256 };
    static struct pool_owner *owner[HANDLES];
    struct process process = process_new(7);
    struct pool *pool = limited_pool(4 * MIB, 16 * MIB, 0);
    unsigned got = 0;
    for (unsigned i = 0; i < HANDLES; i++) {
        owner[i] = open_as(pool, &process, "a", false, false);
        got += try(owner[i], &process, MIB) == BALLAST_SUCCESS;
    }
    CHECK_EQUAL(got, 4);
    CHECK_EQUAL(status_of(pool).used_bytes, 4 * MIB);
    pool_owner_close(owner[0]);
    CHECK_EQUAL(try(owner[200], &process, MIB), BALLAST_SUCCESS);
    CHECK_EQUAL(try(owner[201], &process, 1), BALLAST_INSUFFICIENT_RESOURCES);
    for (unsigned i = 1; i < HANDLES; i++) {
        pool_owner_close(owner[i]);
    }
    CHECK_EQUAL(process.references, 0);
    CHECK_EQUAL(status_of(pool).used_bytes, 0);
    pool_end(pool);
}

struct asking {
    struct pool_owner *owner;
    struct process *process;
    ballast_status status;
    bool answered; /* atomic */
};

static void *ask(void *context)
{
    struct asking *asking = context;
    asking->status = try(asking->owner, asking->process, UNIT + 1);
    __atomic_store_n(&asking->answered, true, __ATOMIC_RELEASE);
    return NULL;
}

/* Whether that is answered, within ten seconds, while somebody else has the lock of another process's shard. */
static bool answered_beside(struct pool_shard *shard, struct asking *asking)
{
    struct timespec pause = {0, 1000000};
    pthread_t thread;
    platform_mutex_lock(&shard->lock);
    CHECK_EQUAL(pthread_create(&thread, NULL, ask, asking), 0);
    for (unsigned i = 0; i < 10000 && !__atomic_load_n(&asking->answered, __ATOMIC_ACQUIRE); i++) {
        (void)nanosleep(&pause, NULL);
    }
    bool answered = __atomic_load_n(&asking->answered, __ATOMIC_ACQUIRE);
    platform_mutex_unlock(&shard->lock);
    pthread_join(thread, NULL);
    return answered;
}

/* A refusal is remembered until something of the user's is freed: only the first one needs all shards. */
static void who_is_refused_again_stops_nobody(void)
{
    struct process a = process_new(1);
    struct process b = process_new(2);
    struct pool *pool = limited_pool(4 * MIB, 4 * MIB, 0);
    struct pool_owner *first = open_as(pool, &a, "a", false, false);
    struct pool_owner *second = open_as(pool, &b, "a", false, false);
    struct asking asking = {.owner = second, .process = &b};
    CHECK(first->shard != second->shard);
    struct pool_result block = allocate(first, &a, 4 * MIB - 2 * UNIT);
    CHECK_EQUAL(try(second, &b, 4 * UNIT), BALLAST_INSUFFICIENT_RESOURCES); /* two are left */
    CHECK_EQUAL(try(second, &b, UNIT), BALLAST_SUCCESS);
    CHECK_EQUAL(try(second, &b, UNIT + 1), BALLAST_INSUFFICIENT_RESOURCES);
    CHECK(answered_beside(first->shard, &asking));
    CHECK_EQUAL(asking.status, BALLAST_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(try(second, &b, UNIT), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_free(first, block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(try(second, &b, 4 * MIB - 2 * UNIT), BALLAST_SUCCESS);
    pool_end(pool);
}

/* And 256 processes of one user. What one of them has given back the others have, to the last byte. */
static void many_processes_have_what_their_user_has(void)
{
    enum { PROCESSES = 256 };
    static struct process process[PROCESSES];
    static struct pool_owner *owner[PROCESSES];
    struct process other = process_new(1000);
    struct pool *pool = limited_pool(4 * MIB, 8 * MIB, 0);
    unsigned got = 0;
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct pool_result result;
        process[i] = process_new(i + 1);
        owner[i] = open_as(pool, &process[i], "a", false, false);
        if (pool_allocate(owner[i], caller(&process[i]), UNIT, 0, false, &result) == BALLAST_SUCCESS) {
            CHECK_EQUAL(pool_free(owner[i], result.id), BALLAST_SUCCESS); /* leaves credit */
        }
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        got += try(owner[i], &process[i], MIB) == BALLAST_SUCCESS;
    }
    CHECK_EQUAL(got, 8);
    struct pool_owner *polite = open_as(pool, &other, "b", false, false);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQUAL(try(polite, &other, MIB), BALLAST_SUCCESS);
    }
    CHECK_EQUAL(try(polite, &other, 1), BALLAST_INSUFFICIENT_RESOURCES); /* its process's quota */
    pool_owner_close(owner[0]);
    CHECK_EQUAL(try(owner[100], &process[100], MIB), BALLAST_SUCCESS);
    CHECK_EQUAL(try(owner[101], &process[101], UNIT), BALLAST_INSUFFICIENT_RESOURCES);
    pool_end(pool);
}

static void administrators_have_a_reserve(void)
{
    struct process users[3] = {process_new(1), process_new(2), process_new(3)};
    struct process administrator = process_new(4);
    struct pool *pool = limited_pool(8 * MIB, 8 * MIB, 3 * MIB);
    struct pool_owner *owner[3] = {open_as(pool, &users[0], "a", false, false),
                                   open_as(pool, &users[1], "b", false, false),
                                   open_as(pool, &users[2], "c", false, false)};
    struct pool_owner *his = open_as(pool, &administrator, "d", true, false);
    CHECK_EQUAL(try(owner[0], &users[0], 8 * MIB), BALLAST_SUCCESS);
    CHECK_EQUAL(try(owner[1], &users[1], 5 * MIB + 1), BALLAST_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(try(owner[1], &users[1], 4 * MIB), BALLAST_SUCCESS);
    CHECK_EQUAL(try(owner[2], &users[2], MIB), BALLAST_SUCCESS);
    CHECK_EQUAL(try(owner[2], &users[2], 1), BALLAST_INSUFFICIENT_RESOURCES);
    struct ballast_ai_pool_reply reply = {0};
    pool_query(pool, owner[2], &reply);
    CHECK_EQUAL(reply.free_bytes, 3 * MIB);
    CHECK_EQUAL(reply.largest_free_bytes, 0);
    CHECK_EQUAL(reply.limited, 1);
    CHECK_EQUAL(reply.reserve_bytes, 3 * MIB);
    pool_query(pool, his, &reply);
    CHECK_EQUAL(reply.largest_free_bytes, 3 * MIB);
    CHECK_EQUAL(reply.limited, 0);
    CHECK_EQUAL(try(his, &administrator, 3 * MIB), BALLAST_SUCCESS);
    CHECK_EQUAL(try(his, &administrator, 1), BALLAST_INSUFFICIENT_RESOURCES);
    pool_end(pool);
}

/* What is said to be free for somebody is what it can have, and not a unit more. */
static void what_is_free_is_free_for_the_caller(void)
{
    struct process process[2] = {process_new(1), process_new(2)};
    struct pool *pool = limited_pool(5 * MIB, 6 * MIB, 0);
    struct pool_owner *first = open_as(pool, &process[0], "a", false, false);
    struct pool_owner *second = open_as(pool, &process[1], "a", false, false);
    struct ballast_ai_pool_reply reply = {0};
    CHECK_EQUAL(try(first, &process[0], 2 * MIB), BALLAST_SUCCESS);
    pool_query(pool, first, &reply);
    CHECK_EQUAL(reply.owner_quota_bytes, 5 * MIB);
    CHECK_EQUAL(reply.owner_used_bytes, 2 * MIB);
    CHECK_EQUAL(reply.user_quota_bytes, 6 * MIB);
    CHECK_EQUAL(reply.user_used_bytes, 2 * MIB);
    CHECK_EQUAL(reply.largest_free_bytes, 3 * MIB);
    pool_query(pool, second, &reply);
    CHECK_EQUAL(reply.owner_used_bytes, 0);
    CHECK_EQUAL(reply.largest_free_bytes, 4 * MIB);
    CHECK_EQUAL(try(second, &process[1], 4 * MIB + 1), BALLAST_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(try(second, &process[1], 4 * MIB), BALLAST_SUCCESS);
    pool_end(pool);
}

/* Handles that were not opened for writing share little, and take nothing from what the same process has otherwise. */
static void small_owners_have_little(void)
{
    struct process process[4] = {process_new(1), process_new(2), process_new(3), process_new(4)};
    struct pool *pool = limited_pool(4 * MIB, 8 * MIB, 0);
    unsigned got = 0;
    for (unsigned i = 0; i < 16; i++) {
        struct pool_owner *small = open_as(pool, &process[i % 4], "a", false, true);
        got += try(small, &process[i % 4], MIB / 2) == BALLAST_SUCCESS;
    }
    CHECK_EQUAL(got, 4); /* 2 MiB for the user */
    struct pool_owner *owner = open_as(pool, &process[0], "a", false, false);
    CHECK_EQUAL(try(owner, &process[0], 4 * MIB), BALLAST_SUCCESS);
    pool_end(pool);
}

static void only_administrators_see_what_others_have(void)
{
    struct process process[3] = {process_new(1), process_new(2), process_new(3)};
    struct pool *pool = limited_pool(4 * MIB, 8 * MIB, 0);
    struct pool_owner *owner[4] = {
        open_as(pool, &process[0], "a", false, false), open_as(pool, &process[1], "a", false, false),
        open_as(pool, &process[2], "b", false, false), open_as(pool, &process[0], "a", false, true)};
    struct ballast_ai_block blocks[8];
    struct ballast_ai_owner owners[8];
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQUAL(try(owner[i], &process[i], (i + 1) * UNIT), BALLAST_SUCCESS);
    }
    CHECK_EQUAL(pool_query_blocks(pool, owner[0], false, blocks, 8), 2);
    CHECK_EQUAL(pool_query_blocks(pool, owner[3], false, blocks, 8), 2);
    CHECK_EQUAL(pool_query_blocks(pool, owner[2], false, blocks, 8), 1);
    CHECK_EQUAL(blocks[0].owner_process_id, 3);
    CHECK_EQUAL(pool_query_blocks(pool, owner[2], true, blocks, 8), 3);
    CHECK_EQUAL(pool_query_owners(pool, owner[2], true, owners, 0), 5); /* and the viewer */
    CHECK_EQUAL(pool_query_owners(pool, owner[0], false, owners, 8), 3);
    CHECK_EQUAL(pool_query_owners(pool, owner[2], false, owners, 8), 1);
    CHECK_EQUAL(owners[0].process_id, 3);
    CHECK_EQUAL(owners[0].create_time, 3000);
    CHECK_EQUAL(owners[0].used_bytes, 3 * UNIT);
    CHECK_EQUAL(owners[0].quota_bytes, 4 * MIB);
    CHECK_EQUAL(owners[0].blocks, 1);
    CHECK_EQUAL(owners[0].handles, 1);
    CHECK_EQUAL(owners[0].flags, 0);
    pool_end(pool);
}

/* A grant ends with the process that it is for, so that nobody can keep others' objects. */
static void what_is_granted_to_a_process_ends_with_it(void)
{
    struct process a = process_new(1);
    struct process b = process_new(2);
    struct pool *pool = limited_pool(16 * MIB, 16 * MIB, 0);
    struct pool_owner *owner = open_as(pool, &a, "a", false, false);
    struct pool_owner *holder = open_as(pool, &b, "b", false, false);
    struct pool_result view;
    for (unsigned i = 0; i < 50; i++) {
        struct pool_result block = allocate(owner, &a, UNIT);
        CHECK_EQUAL(pool_grant(owner, block.id, caller(&b), BALLAST_AI_ACCESS_WRITE), BALLAST_SUCCESS);
        CHECK_EQUAL(pool_grant(owner, block.id, caller(&a), BALLAST_AI_ACCESS_WRITE), BALLAST_SUCCESS);
        CHECK_EQUAL(pool_map(holder, caller(&b), block.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_SUCCESS);
    }
    int64_t references = a.references;
    CHECK(b.references > 50);
    pool_forget_process(pool, &b);
    CHECK_EQUAL(b.views, 0);
    CHECK_EQUAL(b.references, 1); /* its handle's */
    CHECK_EQUAL(a.references, references);
    CHECK_EQUAL(pool_map(holder, caller(&b), view.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_NOT_FOUND);
    pool_owner_close(holder);
    CHECK_EQUAL(b.references, 0);
    pool_end(pool);
}

/* Records of grants and views are kernel memory: their number does not follow that of blocks. */
static void shares_of_a_process_are_limited(void)
{
    struct process a = process_new(1);
    struct process b = process_new(2);
    struct pool *pool = pool_new(64 * MIB, 64 * MIB);
    struct pool_owner *owner = open_as(pool, &a, "a", false, false);
    struct pool_result block = {0};
    unsigned granted = 0;
    for (unsigned i = 0; i < POOL_PROCESS_SHARES + 10; i++) {
        struct pool_result next = allocate(owner, &a, UNIT);
        granted += pool_grant(owner, next.id, caller(&b), BALLAST_AI_ACCESS_READ) == BALLAST_SUCCESS;
        block = i == 0 ? next : block;
    }
    CHECK_EQUAL(granted, POOL_PROCESS_SHARES);
    CHECK_EQUAL(pool_map(owner, caller(&a), block.id, BALLAST_AI_ACCESS_READ, 0, &block),
                BALLAST_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(pool_grant(owner, block.id, caller(&b), BALLAST_AI_ACCESS_NONE), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(owner, caller(&a), block.id, BALLAST_AI_ACCESS_READ, 0, &block), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_unmap(owner, caller(&a), block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_grant(owner, block.id, caller(&b), BALLAST_AI_ACCESS_READ), BALLAST_SUCCESS);
    pool_end(pool);
}

/* Nor does it follow that of processes: what one user's have together is limited. */
static void shares_of_a_user_are_limited(void)
{
    enum { PROCESSES = POOL_USER_SHARES / POOL_PROCESS_SHARES + 1 };
    static struct process process[PROCESSES];
    struct pool_owner *owner[PROCESSES];
    struct process other = process_new(1000);
    struct process b = process_new(1001);
    struct pool *pool = pool_new(256 * MIB, 256 * MIB);
    unsigned granted = 0;
    for (unsigned i = 0; i < PROCESSES; i++) {
        process[i] = process_new(i + 1);
        owner[i] = open_as(pool, &process[i], "a", false, false);
        for (unsigned j = 0; j < POOL_PROCESS_SHARES; j++) {
            struct pool_result next = allocate(owner[i], &process[i], UNIT);
            granted += pool_grant(owner[i], next.id, caller(&b), BALLAST_AI_ACCESS_READ) == BALLAST_SUCCESS;
        }
    }
    CHECK_EQUAL(granted, POOL_USER_SHARES);
    struct pool_owner *polite = open_as(pool, &other, "b", false, false);
    struct pool_result block = allocate(polite, &other, UNIT);
    CHECK_EQUAL(pool_grant(polite, block.id, caller(&b), BALLAST_AI_ACCESS_READ), BALLAST_SUCCESS);
    pool_owner_close(owner[0]);
    block = allocate(owner[PROCESSES - 1], &process[PROCESSES - 1], UNIT);
    CHECK_EQUAL(pool_grant(owner[PROCESSES - 1], block.id, caller(&b), BALLAST_AI_ACCESS_READ), BALLAST_SUCCESS);
    pool_end(pool);
}

/* An administrator's program is one user, the same one's without the rights another: what one has is not taken from the other. */
static void a_user_with_all_rights_is_another(void)
{
    struct process plain = process_new(1);
    struct process elevated = process_new(2);
    struct pool *pool = limited_pool(8 * MIB, 8 * MIB, 4 * MIB);
    struct pool_owner *his = open_as(pool, &plain, "a", false, false);
    struct pool_owner *all = open_as(pool, &elevated, "a", true, false);
    struct ballast_ai_pool_reply reply = {0};
    struct ballast_ai_owner owners[4];
    struct ballast_ai_block blocks[4];
    CHECK_EQUAL(try(his, &plain, 8 * MIB), BALLAST_SUCCESS);
    CHECK_EQUAL(try(all, &elevated, 8 * MIB), BALLAST_SUCCESS);
    pool_query(pool, his, &reply);
    CHECK_EQUAL(reply.user_used_bytes, 8 * MIB);
    pool_query(pool, all, &reply);
    CHECK_EQUAL(reply.user_used_bytes, 8 * MIB);
    CHECK_EQUAL(pool_query_owners(pool, his, false, owners, 4), 1); /* what runs with more rights is not its business */
    CHECK_EQUAL(owners[0].process_id, 1);
    CHECK_EQUAL(pool_query_blocks(pool, his, false, blocks, 4), 1);
    CHECK_EQUAL(blocks[0].owner_process_id, 1);
    CHECK_EQUAL(pool_query_owners(pool, all, false, owners, 4), 2);
    CHECK_EQUAL(pool_query_blocks(pool, all, false, blocks, 4), 2);
    pool_end(pool);
}

/* A process may unlock what was locked for it: whoever asks for it again gets it again, or is told. */
static void locked_is_looked_at_again(void)
{
    struct process a = process_new(1);
    struct pool *pool = pool_new(MIB, MIB);
    struct pool_owner *owner = open_owner(pool);
    struct pool_result block;
    struct pool_result again;
    CHECK_EQUAL(pool_allocate(owner, caller(&a), UNIT, BALLAST_AI_LOCK, false, &block), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(pool).locked_bytes, UNIT);
    lock_works = false;
    CHECK_EQUAL(pool_map(owner, caller(&a), block.id, BALLAST_AI_ACCESS_WRITE, BALLAST_AI_LOCK, &again),
                BALLAST_NOT_SUPPORTED);
    CHECK_EQUAL(status_of(pool).locked_bytes, 0);
    CHECK_EQUAL(pool_map(owner, caller(&a), block.id, BALLAST_AI_ACCESS_WRITE, 0, &again), BALLAST_SUCCESS);
    CHECK_EQUAL(again.view.state, 0);
    CHECK_EQUAL(pool_unmap(owner, caller(&a), block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(a.views, 1);
    lock_works = true;
    pool_end(pool);
}

TEST_MAIN({"many_handles_have_what_one_has", many_handles_have_what_one_has},
          {"many_processes_have_what_their_user_has", many_processes_have_what_their_user_has},
          {"who_is_refused_again_stops_nobody", who_is_refused_again_stops_nobody},
          {"administrators_have_a_reserve", administrators_have_a_reserve},
          {"what_is_free_is_free_for_the_caller", what_is_free_is_free_for_the_caller},
          {"small_owners_have_little", small_owners_have_little},
          {"only_administrators_see_what_others_have", only_administrators_see_what_others_have},
          {"what_is_granted_to_a_process_ends_with_it", what_is_granted_to_a_process_ends_with_it},
          {"shares_of_a_process_are_limited", shares_of_a_process_are_limited},
          {"shares_of_a_user_are_limited", shares_of_a_user_are_limited},
          {"a_user_with_all_rights_is_another", a_user_with_all_rights_is_another},
          {"locked_is_looked_at_again", locked_is_looked_at_again})
