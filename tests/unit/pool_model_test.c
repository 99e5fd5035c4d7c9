/* SPDX-License-Identifier: MIT */
/*
 * The pool against a naive model with random operations, and with threads: the model says what each operation must answer
 * and what must be mapped where after it.
 */
#include "tests/unit/pool_world.h"

#include <pthread.h>
#include <string.h>

/* ---- the model ---- */

#define HOLDERS   6u
#define PROCESSES 4u
#define BLOCKS    64u
#define STEPS     60000u

struct model_block {
    uint64_t id; /* 0: there is none */
    uint64_t address;
    struct section *section;
    uint64_t size;
    uint64_t requested;
    unsigned owner;
    unsigned process;
    bool by_address;
    uint32_t grant[PROCESSES];
    uint32_t count[HOLDERS][PROCESSES][3]; /* views by holder, process and access */
};

static struct model {
    struct pool *pool;
    uint64_t total, owner_quota;
    uint64_t peak, allocations, frees, failures;
    struct pool_owner *holder[HOLDERS];
    struct process process[PROCESSES];
    struct model_block block[BLOCKS];
    uint64_t stale; /* an id that has been freed */
    struct test_random random;
} model;

static unsigned below(unsigned bound)
{
    return (unsigned)test_random_below(&model.random, bound);
}

static uint64_t used_by(unsigned owner)
{
    uint64_t used = 0;
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (model.block[i].id != 0 && (owner == HOLDERS || model.block[i].owner == owner)) {
            used += model.block[i].size;
        }
    }
    return used;
}

static void model_allocate(void)
{
    struct model_block *block = &model.block[below(BLOCKS)];
    unsigned owner = below(HOLDERS);
    unsigned process = below(PROCESSES);
    uint64_t requested = 1 + (test_random_next(&model.random) >> (40 + below(24)));
    uint64_t size = (requested + UNIT - 1) / UNIT * UNIT;
    bool by_address = below(2) != 0;
    struct pool_result result;
    if (block->id != 0) {
        return;
    }
    ballast_status expected = BALLAST_SUCCESS;
    if (size > model.total) {
        expected = BALLAST_INVALID_PARAMETER;
    } else if (used_by(HOLDERS) + size > model.total || used_by(owner) + size > model.owner_quota) {
        expected = BALLAST_INSUFFICIENT_RESOURCES;
        model.failures++;
    }
    CHECK_EQUAL(pool_allocate(model.holder[owner], caller(&model.process[process]), requested, 0, by_address, &result),
                expected);
    if (expected == BALLAST_SUCCESS) {
        *block = (struct model_block){.id = result.id,
                                      .address = result.view.address,
                                      .section = view_at(result.view.address)->section,
                                      .size = size,
                                      .requested = requested,
                                      .owner = owner,
                                      .process = process,
                                      .by_address = by_address};
        block->count[owner][process][2] = 1;
        CHECK_EQUAL(result.size, size);
        model.allocations++;
        model.peak = used_by(HOLDERS) > model.peak ? used_by(HOLDERS) : model.peak;
    }
}

static void forget(struct model_block *block)
{
    model.stale = block->id;
    model.frees++;
    *block = (struct model_block){0};
}

static void model_free(struct model_block *block, unsigned holder, unsigned process)
{
    if (block->id == 0) {
        CHECK_EQUAL(pool_free(model.holder[holder], model.stale), BALLAST_NOT_FOUND);
        return;
    }
    if (below(3) == 0) {
        bool right = block->by_address && block->owner == holder && block->process == process;
        CHECK_EQUAL(pool_free_address(model.holder[holder], caller(&model.process[process]), block->address),
                    right ? BALLAST_SUCCESS : BALLAST_NOT_FOUND);
        if (right) {
            forget(block);
        }
        return;
    }
    bool right = block->owner == holder;
    CHECK_EQUAL(pool_free(model.holder[holder], block->id), right ? BALLAST_SUCCESS : BALLAST_NOT_FOUND);
    if (right) {
        forget(block);
    }
}

static void model_grant(struct model_block *block, unsigned holder, unsigned process)
{
    uint32_t access = below(4);
    uint64_t id = block->id != 0 ? block->id : model.stale;
    ballast_status expected = access > 2               ? BALLAST_INVALID_PARAMETER
                              : block->id == 0         ? BALLAST_NOT_FOUND
                              : block->owner != holder ? BALLAST_NOT_FOUND
                                                       : BALLAST_SUCCESS;
    CHECK_EQUAL(pool_grant(model.holder[holder], id, caller(&model.process[process]), access), expected);
    if (expected == BALLAST_SUCCESS) {
        block->grant[process] = access;
        for (unsigned h = 0; h < HOLDERS; h++) {
            for (uint32_t a = access + 1; a <= 2 && h != block->owner; a++) {
                block->count[h][process][a] = 0;
            }
        }
    }
}

static void model_map(struct model_block *block, unsigned holder, unsigned process)
{
    uint32_t access = 1 + below(2);
    uint64_t id = block->id != 0 ? block->id : model.stale;
    struct pool_result result;
    uint32_t may = block->owner == holder ? BALLAST_AI_ACCESS_WRITE : block->grant[process];
    ballast_status expected = block->id == 0 || may == 0 ? BALLAST_NOT_FOUND
                              : may < access             ? BALLAST_ACCESS_DENIED
                                                         : BALLAST_SUCCESS;
    CHECK_EQUAL(pool_map(model.holder[holder], caller(&model.process[process]), id, access, 0, &result), expected);
    if (expected == BALLAST_SUCCESS) {
        const struct view *view = view_at(result.view.address);
        CHECK_EQUAL(view->access, access);
        CHECK(view->process == &model.process[process]);
        CHECK(view->section == block->section);
        block->count[holder][process][access]++;
    }
}

/* Which of a holder's two kinds of views loses a use is the pool's business; the world says which it was. */
static void model_unmap(struct model_block *block, unsigned holder, unsigned process)
{
    uint64_t id = block->id != 0 ? block->id : model.stale;
    uint32_t *count = block->count[holder][process];
    bool right = block->id != 0 && count[1] + count[2] != 0;
    bool ambiguous = right && count[1] != 0 && count[2] != 0;
    if (!ambiguous) {
        CHECK_EQUAL(pool_unmap(model.holder[holder], caller(&model.process[process]), id),
                    right ? BALLAST_SUCCESS : BALLAST_NOT_FOUND);
        if (right) {
            count[count[1] != 0 ? 1 : 2]--;
        }
    }
    while (ambiguous && count[1] + count[2] != 0) {
        CHECK_EQUAL(pool_unmap(model.holder[holder], caller(&model.process[process]), id), BALLAST_SUCCESS);
        count[count[1] != 0 ? 1 : 2]--;
    }
    block->by_address = block->by_address && block->count[block->owner][block->process][2] != 0;
}

static void model_reopen(unsigned holder)
{
    pool_owner_close(model.holder[holder]);
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (model.block[i].id != 0 && model.block[i].owner == holder) {
            forget(&model.block[i]);
        }
        memset(model.block[i].count[holder], 0, sizeof(model.block[i].count[holder]));
    }
    model.holder[holder] = open_owner(model.pool);
}

/* ---- comparing ---- */

static void compare_views(void)
{
    for (unsigned p = 0; p < PROCESSES; p++) {
        int64_t mapped = 0;
        int64_t references = 0;
        for (unsigned i = 0; i < BLOCKS; i++) {
            const struct model_block *block = &model.block[i];
            references += block->id != 0 && block->process == p;
            references += block->grant[p] != 0;
            for (unsigned h = 0; h < HOLDERS; h++) {
                for (unsigned a = 1; a <= 2; a++) {
                    mapped += block->count[h][p][a] != 0;
                }
            }
        }
        CHECK_EQUAL(model.process[p].views, mapped);
        CHECK(model.process[p].references >= references);
    }
}

static void compare_list(void)
{
    struct ballast_ai_block list[BLOCKS];
    uint32_t listed = pool_query_blocks(model.pool, viewer, true, list, BLOCKS);
    uint32_t live = 0;
    for (unsigned i = 0; i < BLOCKS; i++) {
        const struct model_block *block = &model.block[i];
        uint32_t view_count = 0;
        uint32_t grants = 0;
        uint32_t entry = 0;
        if (block->id == 0) {
            continue;
        }
        live++;
        while (entry < listed && list[entry].id != block->id) {
            entry++;
        }
        if (!CHECK(entry < listed)) {
            continue;
        }
        for (unsigned p = 0; p < PROCESSES; p++) {
            grants += block->grant[p] != 0;
            for (unsigned h = 0; h < HOLDERS; h++) {
                view_count += block->count[h][p][1] != 0;
                view_count += block->count[h][p][2] != 0;
            }
        }
        CHECK_EQUAL(list[entry].size_bytes, block->size);
        CHECK_EQUAL(list[entry].owner_process_id, block->process + 1);
        CHECK_EQUAL(list[entry].mappings, view_count);
        CHECK_EQUAL(list[entry].grants, grants);
    }
    CHECK_EQUAL(listed, live);
}

static void compare(void)
{
    struct ballast_ai_pool_reply status = status_of(model.pool);
    uint64_t requested = 0;
    uint32_t blocks = 0;
    uint32_t owners = 0;
    for (unsigned i = 0; i < BLOCKS; i++) {
        requested += model.block[i].requested;
        blocks += model.block[i].id != 0;
    }
    for (unsigned h = 0; h < HOLDERS; h++) {
        owners += used_by(h) != 0;
    }
    uint64_t room = model.total - used_by(HOLDERS);
    uint64_t largest = room < model.owner_quota ? room : model.owner_quota;
    CHECK_EQUAL(status.used_bytes, used_by(HOLDERS));
    CHECK_EQUAL(status.used_bytes, world_bytes);
    CHECK_EQUAL(status.free_bytes, room);
    CHECK_EQUAL(status.largest_free_bytes, largest);
    CHECK_EQUAL(status.fragmentation_permille, 0);
    CHECK_EQUAL(status.requested_bytes, requested);
    CHECK_EQUAL(status.blocks, blocks);
    CHECK_EQUAL(status.owners, owners);
    CHECK_EQUAL(status.peak_bytes, model.peak);
    CHECK_EQUAL(status.allocations, model.allocations);
    CHECK_EQUAL(status.frees, model.frees);
    CHECK_EQUAL(status.failures, model.failures);
    CHECK_EQUAL(status.class_blocks[0] + status.class_blocks[1] + status.class_blocks[2], blocks);
    CHECK_EQUAL(status.class_bytes[0] + status.class_bytes[1] + status.class_bytes[2], status.used_bytes);
    compare_views();
    compare_list();
}

static void behaves_like_the_model(void)
{
    memset(&model, 0, sizeof(model));
    model.random.state = 42;
    model.total = 16 * MIB;
    model.owner_quota = 6 * MIB;
    model.pool = pool_new(model.total, model.owner_quota);
    for (unsigned i = 0; i < HOLDERS; i++) {
        model.holder[i] = open_owner(model.pool);
    }
    for (uint32_t i = 0; i < PROCESSES; i++) {
        model.process[i] = process_new(i + 1);
    }
    for (unsigned step = 0; step < STEPS; step++) {
        struct model_block *block = &model.block[below(BLOCKS)];
        unsigned holder = below(4) != 0 ? block->owner : below(HOLDERS);
        unsigned process = below(PROCESSES);
        unsigned what = below(100);
        if (what < 35) {
            model_allocate();
        } else if (what < 48) {
            model_free(block, holder, below(2) != 0 ? block->process : process);
        } else if (what < 65) {
            model_grant(block, holder, process);
        } else if (what < 85) {
            model_map(block, below(HOLDERS), process);
        } else if (what < 99) {
            model_unmap(block, below(HOLDERS), process);
        } else if (below(4) == 0) {
            model_reopen(below(HOLDERS));
        }
        if (step % 16 == 0) {
            compare();
        }
    }
    for (unsigned i = 0; i < HOLDERS; i++) {
        pool_owner_close(model.holder[i]);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        CHECK_EQUAL(model.process[i].views, 0);
        CHECK_EQUAL(model.process[i].references, 0);
    }
    CHECK(model.failures > 100 && model.frees > 1000);
    pool_end(model.pool);
}

/* ---- threads ---- */

#define THREADS 4u

struct worker {
    struct pool *pool;
    struct pool_owner *owner;
    struct process *self, *other;
    uint64_t *shared; /* ids that all threads try; atomic */
    unsigned index;
    unsigned succeeded;
    unsigned refused;
};

/* Each of them wants more than a fourth; what exists is never more than the quota, which the world checks. */
static void *fight_for_quota(void *context)
{
    struct worker *worker = context;
    struct test_random random = {worker->index + 1};
    uint64_t held[8] = {0};
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t *id = &held[test_random_below(&random, 8)];
        struct pool_result result;
        if (*id != 0) {
            CHECK_EQUAL(pool_free(worker->owner, *id), BALLAST_SUCCESS);
            *id = 0;
        } else if (pool_allocate(worker->owner, &worker->self->caller, 1 + test_random_below(&random, 32) * UNIT, 0,
                                 false, &result) == BALLAST_SUCCESS) {
            *id = result.id;
            worker->succeeded++;
        } else {
            worker->refused++;
        }
    }
    return NULL;
}

static void run_workers(struct worker *workers, void *(*routine)(void *))
{
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].index = i;
        CHECK_EQUAL(pthread_create(&threads[i], NULL, routine, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void threads_never_exceed_the_quota(void)
{
    for (unsigned round = 0; round < 2; round++) { /* an owner each, then one for all */
        struct process process = process_new(1);
        struct pool *pool = pool_new(256 * UNIT, round == 0 ? 256 * UNIT : 200 * UNIT);
        struct pool_owner *common = open_owner(pool);
        struct worker workers[THREADS] = {0};
        (void)caller(&process);
        for (unsigned i = 0; i < THREADS; i++) {
            workers[i] = (struct worker){.pool = pool, .self = &process};
            workers[i].owner = round == 0 ? open_owner(pool) : common;
        }
        world_limit = round == 0 ? 256 * UNIT : 200 * UNIT;
        run_workers(workers, fight_for_quota);
        uint64_t succeeded = 0;
        uint64_t refused = 0;
        for (unsigned i = 0; i < THREADS; i++) {
            succeeded += workers[i].succeeded;
            refused += workers[i].refused;
        }
        struct ballast_ai_pool_reply status = status_of(pool);
        CHECK_EQUAL(status.allocations, succeeded);
        CHECK_EQUAL(status.failures, refused);
        CHECK_EQUAL(status.used_bytes, world_bytes);
        CHECK(succeeded > 1000 && refused > 100);
        CHECK(status.peak_bytes <= world_limit && status.peak_bytes > world_limit / 2);
        pool_end(pool);
        CHECK_EQUAL(process.references, 0);
    }
}

/* Half of the threads allocate, grant, revoke and free; the others map and unmap what they see; all close and open. */
static void *share(void *context)
{
    struct worker *worker = context;
    struct test_random random = {worker->index + 100};
    for (unsigned i = 0; i < 8000; i++) {
        uint64_t *place = &worker->shared[test_random_below(&random, 8)];
        uint64_t id = __atomic_load_n(place, __ATOMIC_RELAXED);
        struct pool_result result;
        switch (test_random_below(&random, 8)) {
        case 0:
        case 1:
            if (pool_allocate(worker->owner, &worker->self->caller, UNIT, 0, false, &result) == BALLAST_SUCCESS) {
                (void)pool_grant(worker->owner, result.id, &worker->other->caller, 2);
                __atomic_store_n(place, result.id, __ATOMIC_RELAXED);
                worker->succeeded++;
            }
            break;
        case 2:
            worker->refused += pool_free(worker->owner, id) != BALLAST_SUCCESS;
            break;
        case 3:
            (void)pool_grant(worker->owner, id, &worker->other->caller, (uint32_t)test_random_below(&random, 3));
            break;
        case 4:
            (void)pool_unmap(worker->owner, &worker->self->caller, id);
            break;
        default:
            (void)pool_map(worker->owner, &worker->self->caller, id, 1 + (uint32_t)test_random_below(&random, 2), 0,
                           &result);
            break;
        }
        if (test_random_below(&random, 100) == 0) {
            struct ballast_ai_block list[16];
            pool_owner_close(worker->owner);
            worker->owner = open_owner(worker->pool);
            (void)status_of(worker->pool);
            (void)pool_query_blocks(worker->pool, viewer, true, list, 16);
        }
    }
    return NULL;
}

static void threads_share_without_leaving_anything(void)
{
    struct process process[2] = {process_new(1), process_new(2)};
    struct pool *pool = pool_new(4 * MIB, 4 * MIB);
    struct worker workers[THREADS];
    uint64_t shared[8] = {0};
    for (unsigned i = 0; i < THREADS; i++) {
        (void)caller(&process[i % 2]);
        workers[i] = (struct worker){.pool = pool,
                                     .owner = open_owner(pool),
                                     .self = &process[i % 2],
                                     .other = &process[1 - i % 2],
                                     .shared = shared};
    }
    run_workers(workers, share);
    for (unsigned i = 0; i < THREADS; i++) {
        pool_owner_close(workers[i].owner);
        CHECK(workers[i].succeeded > 500);
    }
    CHECK_EQUAL(status_of(pool).used_bytes, 0);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQUAL(process[i].views, 0);
        CHECK_EQUAL(process[i].references, 0);
    }
    pool_end(pool);
}

TEST_MAIN({"behaves_like_the_model", behaves_like_the_model},
          {"threads_never_exceed_the_quota", threads_never_exceed_the_quota},
          {"threads_share_without_leaving_anything", threads_share_without_leaving_anything})
