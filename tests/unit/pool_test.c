/* SPDX-License-Identifier: MIT */
#include "tests/unit/pool_world.h"

static void allocating_counts_and_freeing_counts_back(void)
{
    struct process process = process_new(7);
    struct pool *pool = pool_new(256 * MIB, 256 * MIB);
    struct pool_owner *owner = open_owner(pool);
    struct pool_result block = allocate(owner, &process, 10 * MIB - 5);
    CHECK_EQUAL(block.size, 10 * MIB);
    CHECK(block.id != 0 && block.view.address != 0);
    struct ballast_ai_pool_reply status = status_of(pool);
    CHECK_EQUAL(status.used_bytes, 10 * MIB);
    CHECK_EQUAL(status.requested_bytes, 10 * MIB - 5);
    CHECK_EQUAL(status.free_bytes, 246 * MIB);
    CHECK_EQUAL(status.largest_free_bytes, 246 * MIB);
    CHECK_EQUAL(status.fragmentation_permille, 0);
    CHECK_EQUAL(status.blocks, 1);
    CHECK_EQUAL(status.owners, 1);
    CHECK_EQUAL(status.class_blocks[2], 1);
    CHECK_EQUAL(status.class_bytes[2], 10 * MIB);
    CHECK_EQUAL(status.unit_bytes, UNIT);
    CHECK_EQUAL(process.references, 1);
    CHECK_EQUAL(pool_free(owner, block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_free(owner, block.id), BALLAST_NOT_FOUND);
    status = status_of(pool);
    CHECK_EQUAL(status.used_bytes, 0);
    CHECK_EQUAL(status.requested_bytes, 0);
    CHECK_EQUAL(status.blocks, 0);
    CHECK_EQUAL(status.owners, 0);
    CHECK_EQUAL(status.peak_bytes, 10 * MIB);
    CHECK_EQUAL(status.allocations, 1);
    CHECK_EQUAL(status.frees, 1);
    CHECK_EQUAL(process.references, 0);
    CHECK_EQUAL(process.views, 0);
    pool_end(pool);
}

static void sizes_are_checked_before_they_overflow(void)
{
    static const uint64_t wrong[] = {0,
                                     UINT64_MAX,
                                     UINT64_MAX - UNIT + 1,
                                     UINT64_MAX - UNIT + 2,
                                     UINT64_MAX / 2,
                                     1ull << 63,
                                     MIB + 1,
                                     (1ull << 32) + 1,
                                     1ull << 32};
    struct process process = process_new(7);
    struct pool *pool = pool_new(MIB + 100, MIB / 2); /* rounded down */
    struct pool_owner *owner = open_owner(pool);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct pool_result result = {.id = 1};
        test_note("size 0x%llx", (unsigned long long)wrong[i]);
        CHECK_EQUAL(pool_allocate(owner, caller(&process), wrong[i], 0, false, &result), BALLAST_INVALID_PARAMETER);
        CHECK_EQUAL(result.id, 1);
    }
    struct pool_result result;
    CHECK_EQUAL(pool_allocate(owner, caller(&process), MIB / 2 + 1, 0, false, &result), BALLAST_INSUFFICIENT_RESOURCES);
    (void)allocate(owner, &process, MIB / 2);
    CHECK_EQUAL(pool_allocate(owner, caller(&process), 1, 0, false, &result), BALLAST_INSUFFICIENT_RESOURCES);
    struct ballast_ai_pool_reply status = status_of(pool);
    CHECK_EQUAL(status.failures, 2);
    CHECK_EQUAL(status.total_bytes, MIB);
    CHECK_EQUAL(status.used_bytes, MIB / 2);
    CHECK_EQUAL(status.peak_bytes, MIB / 2);
    pool_end(pool);
    struct pool *none = NULL;
    static const struct pool_limits refused[] = {
        {UNIT - 1, MIB, MIB, MIB, MIB, 0},
        {MIB, UNIT - 1, MIB, MIB, MIB, 0},
        {MIB, MIB, UNIT - 1, MIB, MIB, 0},
        {MIB, MIB, MIB, UNIT - 1, MIB, 0},
        {MIB, MIB, MIB, MIB, UNIT - 1, 0},
        {MIB, MIB, MIB, MIB, MIB, MIB},
        {POOL_MAXIMUM_BYTES + UNIT, MIB, MIB, MIB, MIB, 0},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        test_note("limits %zu", i);
        CHECK_EQUAL(pool_create(&world, &refused[i], &none), BALLAST_INVALID_PARAMETER);
    }
}

/* What idle owners keep as credit must be had by others to the last byte, and must not look like a peak. */
static void the_quota_is_exact_across_owners(void)
{
    enum { OWNERS = 11 };
    struct process process = process_new(7);
    struct pool *pool = pool_new(64 * MIB, 64 * MIB);
    struct pool_owner *owner[OWNERS];
    struct pool_result block[OWNERS];
    for (unsigned i = 0; i < OWNERS; i++) {
        owner[i] = open_owner(pool);
        block[i] = allocate(owner[i], &process, 64 * KIB);
    }
    for (unsigned i = 0; i < OWNERS; i++) {
        CHECK_EQUAL(pool_free(owner[i], block[i].id), BALLAST_SUCCESS);
    }
    CHECK_EQUAL(status_of(pool).peak_bytes, OWNERS * 64 * KIB);
    struct pool_result all = allocate(owner[3], &process, 64 * MIB);
    struct pool_result result;
    CHECK_EQUAL(pool_allocate(owner[4], caller(&process), 1, 0, false, &result), BALLAST_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(status_of(pool).largest_free_bytes, 0);
    CHECK_EQUAL(pool_free(owner[3], all.id), BALLAST_SUCCESS);
    (void)allocate(owner[4], &process, 64 * MIB - UNIT);
    (void)allocate(owner[5], &process, 1);
    CHECK_EQUAL(status_of(pool).peak_bytes, 64 * MIB);
    pool_end(pool);
}

static void ids_of_freed_blocks_stay_unknown(void)
{
    enum { ROUNDS = 20000 };
    static uint64_t seen[ROUNDS];
    unsigned known = 0;
    struct process process = process_new(7);
    struct pool *pool = pool_new(MIB, MIB);
    struct pool_owner *owner = open_owner(pool);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct pool_result block = allocate(owner, &process, 1);
        seen[i] = block.id;
        CHECK_EQUAL(pool_free(owner, block.id), BALLAST_SUCCESS);
    }
    (void)allocate(owner, &process, 1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        known += pool_free(owner, seen[i]) != BALLAST_NOT_FOUND;
    }
    for (uint64_t id = 0; id < 100000; id++) { /* ids that never were */
        known += pool_free(owner, id * 0x9E3779B97F4A7C15u) == BALLAST_SUCCESS;
    }
    CHECK_EQUAL(known, 0);
    CHECK_EQUAL(status_of(pool).blocks, 1);
    pool_end(pool);
}

/* Two processes with an owner each, and a block of the first. */
struct two {
    struct process a, b;
    struct pool *pool;
    struct pool_owner *owner, *other;
    struct pool_result block;
};

static void begin_two(struct two *two)
{
    two->a = process_new(1);
    two->b = process_new(2);
    two->pool = pool_new(MIB, MIB);
    two->owner = open_owner(two->pool);
    two->other = open_owner(two->pool);
    two->block = allocate(two->owner, &two->a, UNIT);
}

static void only_the_owner_frees_and_by_address_only_its_own(void)
{
    struct two two;
    begin_two(&two);
    struct pool_result block;
    CHECK_EQUAL(pool_free_address(two.owner, caller(&two.a), 65536), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_allocate(two.owner, caller(&two.a), 1, 0, true, &block), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_free(two.other, block.id), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_free_address(two.other, caller(&two.a), block.view.address), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_free_address(two.owner, caller(&two.b), block.view.address), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_free_address(two.owner, caller(&two.a), block.view.address + 1), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_free_address(two.owner, caller(&two.a), two.block.view.address), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_free_address(two.owner, caller(&two.a), block.view.address), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_free_address(two.owner, caller(&two.a), block.view.address), BALLAST_NOT_FOUND);
    for (unsigned i = 0; i < 200; i++) { /* grows the table */
        CHECK_EQUAL(pool_allocate(two.owner, caller(&two.a), 1, 0, true, &block), BALLAST_SUCCESS);
    }
    CHECK_EQUAL(pool_free_address(two.owner, caller(&two.a), block.view.address), BALLAST_SUCCESS);
    pool_end(two.pool);
}

/* What has been unmapped is not at its address any more; something else may be. */
static void an_address_is_its_latest_blocks(void)
{
    struct process a = process_new(1);
    struct pool *pool = pool_new(MIB, MIB);
    struct pool_owner *owner = open_owner(pool);
    struct pool_result first;
    struct pool_result second;
    CHECK_EQUAL(pool_allocate(owner, caller(&a), 1, 0, true, &first), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_unmap(owner, caller(&a), first.id), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_free_address(owner, caller(&a), first.view.address), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_free(owner, first.id), BALLAST_SUCCESS);

    /* The process unmaps it itself, and the system uses the address again. */
    CHECK_EQUAL(pool_allocate(owner, caller(&a), 1, 0, true, &first), BALLAST_SUCCESS);
    struct view *view = view_at(first.view.address);
    struct view unmapped = *view;
    next_address = first.view.address;
    CHECK_EQUAL(pool_allocate(owner, caller(&a), 1, 0, true, &second), BALLAST_SUCCESS);
    CHECK_EQUAL(second.view.address, first.view.address);
    CHECK_EQUAL(pool_free_address(owner, caller(&a), second.view.address), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_free(owner, second.id), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_free_address(owner, caller(&a), first.view.address), BALLAST_NOT_FOUND);
    *view = unmapped;
    CHECK_EQUAL(pool_free(owner, first.id), BALLAST_SUCCESS);
    pool_end(pool);
}

static void a_block_is_locked_while_a_view_is(void)
{
    struct two two;
    begin_two(&two);
    struct pool_result view;
    struct pool_result again;
    CHECK_EQUAL(pool_grant(two.owner, two.block.id, caller(&two.b), BALLAST_AI_ACCESS_WRITE), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(two.pool).locked_bytes, 0);

    /* The view that is there already does not do, neither for another process nor for the two.owner's. */
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_READ, BALLAST_AI_LOCK, &again),
                BALLAST_SUCCESS);
    CHECK_EQUAL(again.view.state, BALLAST_AI_BLOCK_LOCKED);
    CHECK(again.view.address != view.view.address);
    CHECK_EQUAL(status_of(two.pool).locked_bytes, UNIT);
    CHECK_EQUAL(
        pool_map(two.owner, caller(&two.a), two.block.id, BALLAST_AI_ACCESS_WRITE, BALLAST_AI_LOCK_IF_POSSIBLE, &again),
        BALLAST_SUCCESS);
    CHECK_EQUAL(again.view.state, BALLAST_AI_BLOCK_LOCKED);
    CHECK_EQUAL(status_of(two.pool).locked_bytes, UNIT); /* counted once */
    CHECK_EQUAL(pool_unmap(two.owner, caller(&two.a), two.block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(two.pool).locked_bytes, UNIT);
    CHECK_EQUAL(pool_grant(two.owner, two.block.id, caller(&two.b), BALLAST_AI_ACCESS_NONE), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(two.pool).locked_bytes, 0);

    lock_works = false; /* asked for twice, tried once */
    CHECK_EQUAL(
        pool_map(two.owner, caller(&two.a), two.block.id, BALLAST_AI_ACCESS_READ, BALLAST_AI_LOCK_IF_POSSIBLE, &view),
        BALLAST_SUCCESS);
    CHECK_EQUAL(
        pool_map(two.owner, caller(&two.a), two.block.id, BALLAST_AI_ACCESS_READ, BALLAST_AI_LOCK_IF_POSSIBLE, &again),
        BALLAST_SUCCESS);
    CHECK_EQUAL(again.view.address, view.view.address);
    CHECK_EQUAL(pool_map(two.owner, caller(&two.a), two.block.id, BALLAST_AI_ACCESS_READ, BALLAST_AI_LOCK, &again),
                BALLAST_NOT_SUPPORTED);
    lock_works = true;
    pool_end(two.pool);

    two.pool = pool_new(MIB, MIB);
    two.owner = open_owner(two.pool);
    CHECK_EQUAL(pool_allocate(two.owner, caller(&two.a), UNIT, BALLAST_AI_LOCK, false, &two.block), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_unmap(two.owner, caller(&two.a), two.block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(two.pool).locked_bytes, 0);
    CHECK_EQUAL(pool_free(two.owner, two.block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(two.pool).locked_bytes, 0);
    pool_end(two.pool);
}

static void locking_is_done_or_reported(void)
{
    struct process process = process_new(1);
    struct pool *pool = pool_new(MIB, MIB);
    struct pool_owner *owner = open_owner(pool);
    struct pool_result block;
    CHECK_EQUAL(pool_allocate(owner, caller(&process), 8 * KIB, BALLAST_AI_LOCK, false, &block), BALLAST_SUCCESS);
    CHECK_EQUAL(block.view.state, BALLAST_AI_BLOCK_LOCKED);
    CHECK_EQUAL(status_of(pool).locked_bytes, 8 * KIB);
    CHECK_EQUAL(pool_free(owner, block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(pool).locked_bytes, 0);
    lock_works = false;
    CHECK_EQUAL(pool_allocate(owner, caller(&process), 1, BALLAST_AI_LOCK, false, &block), BALLAST_NOT_SUPPORTED);
    CHECK_EQUAL(status_of(pool).used_bytes, 0);
    CHECK_EQUAL(pool_allocate(owner, caller(&process), 1, BALLAST_AI_LOCK_IF_POSSIBLE, false, &block), BALLAST_SUCCESS);
    CHECK_EQUAL(block.view.state, 0);
    CHECK_EQUAL(block.view.lock_status, BALLAST_NOT_SUPPORTED);
    CHECK_EQUAL(status_of(pool).locked_bytes, 0);
    pool_end(pool);
}

static void sharing_needs_a_grant_and_ends_with_it(void)
{
    struct two two;
    begin_two(&two);
    struct pool_result view;
    struct pool_result again;
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_grant(two.other, two.block.id, caller(&two.b), BALLAST_AI_ACCESS_WRITE), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_grant(two.owner, two.block.id, caller(&two.b), BALLAST_AI_ACCESS_WRITE + 1),
                BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(pool_grant(two.owner, two.block.id + 1, caller(&two.b), BALLAST_AI_ACCESS_READ), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_grant(two.owner, two.block.id, caller(&two.b), BALLAST_AI_ACCESS_READ), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_NONE, 0, &view),
                BALLAST_INVALID_PARAMETER);
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_WRITE, 0, &view),
                BALLAST_ACCESS_DENIED);
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_SUCCESS);
    CHECK_EQUAL(view_at(view.view.address)->access, BALLAST_AI_ACCESS_READ);
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_READ, 0, &again), BALLAST_SUCCESS);
    CHECK_EQUAL(again.view.address, view.view.address);
    CHECK_EQUAL(two.b.views, 1);
    CHECK_EQUAL(pool_unmap(two.other, caller(&two.b), two.block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(two.b.views, 1);
    CHECK_EQUAL(pool_unmap(two.owner, caller(&two.b), two.block.id), BALLAST_NOT_FOUND);
    CHECK_EQUAL(pool_unmap(two.other, caller(&two.b), two.block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_unmap(two.other, caller(&two.b), two.block.id), BALLAST_NOT_FOUND);
    CHECK_EQUAL(two.b.views, 0);
    CHECK_EQUAL(pool_grant(two.owner, two.block.id, caller(&two.b), BALLAST_AI_ACCESS_WRITE), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_WRITE, 0, &again), BALLAST_SUCCESS);
    CHECK_EQUAL(two.b.views, 2);
    CHECK_EQUAL(pool_grant(two.owner, two.block.id, caller(&two.b), BALLAST_AI_ACCESS_READ), BALLAST_SUCCESS);
    CHECK_EQUAL(two.b.views, 1); /* what may be written is gone, what is read stays */
    CHECK_EQUAL(pool_grant(two.owner, two.block.id, caller(&two.b), BALLAST_AI_ACCESS_NONE), BALLAST_SUCCESS);
    CHECK_EQUAL(two.b.views, 0);
    CHECK_EQUAL(two.b.references, 0);
    CHECK_EQUAL(pool_map(two.other, caller(&two.b), two.block.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_NOT_FOUND);
    pool_end(two.pool);
}

static void a_block_goes_from_everywhere_with_its_owner(void)
{
    struct process a = process_new(1);
    struct process b = process_new(2);
    struct pool *pool = pool_new(MIB, MIB);
    struct pool_owner *owner = open_owner(pool);
    struct pool_owner *other = open_owner(pool);
    struct pool_result view;
    for (unsigned i = 0; i < 5; i++) {
        struct pool_result block = allocate(owner, &a, UNIT);
        CHECK_EQUAL(pool_grant(owner, block.id, caller(&b), BALLAST_AI_ACCESS_WRITE), BALLAST_SUCCESS);
        CHECK_EQUAL(pool_map(other, caller(&b), block.id, BALLAST_AI_ACCESS_WRITE, 0, &view), BALLAST_SUCCESS);
    }
    struct pool_result kept = allocate(other, &b, UNIT);
    CHECK_EQUAL(pool_grant(other, kept.id, caller(&a), BALLAST_AI_ACCESS_READ), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(owner, caller(&a), kept.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_SUCCESS);
    CHECK_EQUAL(b.views, 6);
    CHECK_EQUAL(a.views, 6);
    pool_owner_close(owner);
    CHECK_EQUAL(b.views, 1);
    CHECK_EQUAL(a.views, 0);
    CHECK_EQUAL(a.references, 1); /* the grant for what `other` still has */
    CHECK_EQUAL(status_of(pool).used_bytes, UNIT);
    pool_owner_close(other);
    CHECK_EQUAL(a.references, 0);
    CHECK_EQUAL(b.references, 0);
    pool_end(pool);
}

static void shares_of_a_block_are_limited(void)
{
    static struct process many[POOL_MAXIMUM_SHARES + 1];
    struct process a = process_new(1);
    struct pool *pool = pool_new(MIB, MIB);
    struct pool_owner *owner = open_owner(pool);
    struct pool_result block = allocate(owner, &a, UNIT);
    struct pool_result view;
    for (uint32_t i = 0; i < POOL_MAXIMUM_SHARES; i++) {
        many[i] = process_new(i + 2);
        CHECK_EQUAL(pool_grant(owner, block.id, caller(&many[i]), BALLAST_AI_ACCESS_READ), BALLAST_SUCCESS);
        CHECK_EQUAL(pool_map(owner, caller(&many[i]), block.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_SUCCESS);
    }
    many[POOL_MAXIMUM_SHARES] = process_new(1000);
    struct pool_caller *last = caller(&many[POOL_MAXIMUM_SHARES]);
    CHECK_EQUAL(pool_grant(owner, block.id, last, BALLAST_AI_ACCESS_READ), BALLAST_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(pool_map(owner, last, block.id, BALLAST_AI_ACCESS_READ, 0, &view), BALLAST_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(many[POOL_MAXIMUM_SHARES].views, 0);
    CHECK_EQUAL(many[POOL_MAXIMUM_SHARES].references, 0);
    struct ballast_ai_block entry;
    CHECK_EQUAL(pool_query_blocks(pool, viewer, true, &entry, 1), 1);
    CHECK_EQUAL(entry.id, block.id);
    CHECK_EQUAL(entry.grants, POOL_MAXIMUM_SHARES);
    CHECK_EQUAL(entry.mappings, POOL_MAXIMUM_SHARES + 1);
    CHECK_EQUAL(entry.owner_process_id, 1);
    pool_end(pool);
}

/* Fails each allocation and each operation in turn; the pool must be as before. */
static void failures_leave_nothing_behind(void)
{
    struct process a = process_new(1);
    struct process b = process_new(2);
    for (unsigned kind = 0; kind < 2; kind++) {
        bool failed = true;
        for (int64_t n = 0; failed; n++) {
            struct pool *pool = pool_new(MIB, MIB);
            struct pool_owner *owner = open_owner(pool);
            struct pool_result block = {0};
            struct pool_result view = {0};
            if (kind == 0) {
                platform_host_fail_allocation(n);
            } else {
                operation_countdown = n;
            }
            failed = pool_allocate(owner, caller(&a), 1, BALLAST_AI_LOCK, true, &block) != BALLAST_SUCCESS ||
                     pool_grant(owner, block.id, caller(&b), BALLAST_AI_ACCESS_READ) != BALLAST_SUCCESS ||
                     pool_map(owner, caller(&b), block.id, BALLAST_AI_ACCESS_READ, 0, &view) != BALLAST_SUCCESS;
            platform_host_fail_allocation(-1);
            operation_countdown = -1;
            struct ballast_ai_pool_reply status = status_of(pool);
            CHECK_EQUAL(status.used_bytes, status.blocks * UNIT);
            CHECK_EQUAL(status.locked_bytes, status.blocks * UNIT);
            CHECK_EQUAL(status.allocations, status.blocks);
            CHECK_EQUAL(status.frees, 0);
            CHECK_EQUAL(a.views + b.views, (int64_t)(status.blocks + !failed));
            CHECK(failed || n > 1);
            pool_end(pool);
            CHECK_EQUAL(a.references + b.references, 0);
        }
    }
}

static void the_list_of_blocks_is_sorted_and_bounded(void)
{
    enum { BLOCKS = 1000 };
    static struct ballast_ai_block list[BLOCKS + 1];
    struct process process = process_new(1);
    struct pool *pool = pool_new(256 * MIB, 256 * MIB);
    struct pool_owner *owner[3];
    for (unsigned i = 0; i < 3; i++) {
        owner[i] = open_owner(pool);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct pool_result block = allocate(owner[i % 3], &process, UNIT);
        if (i % 7 == 0) {
            CHECK_EQUAL(pool_free(owner[i % 3], block.id), BALLAST_SUCCESS);
            (void)allocate(owner[i % 3], &process, UNIT);
        }
    }
    list[10].id = 4711;
    CHECK_EQUAL(pool_query_blocks(pool, viewer, true, list, 10), BLOCKS);
    CHECK_EQUAL(list[10].id, 4711);
    CHECK_EQUAL(pool_query_blocks(pool, viewer, true, NULL, 0), BLOCKS);
    CHECK_EQUAL(pool_query_blocks(pool, viewer, true, list, BLOCKS + 1), BLOCKS);
    for (unsigned i = 1; i < BLOCKS; i++) {
        CHECK(list[i - 1].id < list[i].id);
    }
    pool_end(pool);
}

static void a_hundred_thousand_blocks_are_found(void)
{
    enum { BLOCKS = 100000 };
    static struct pool_result block[BLOCKS];
    struct process process = process_new(1);
    struct pool *pool = pool_new(1ull << 40, 1ull << 40);
    struct pool_owner *owner = open_owner(pool);
    struct test_random random = {1};
    for (unsigned i = 0; i < BLOCKS; i++) {
        block[i] = allocate(owner, &process, 64 * KIB);
    }
    CHECK_EQUAL(status_of(pool).blocks, BLOCKS);
    CHECK_EQUAL(status_of(pool).used_bytes, BLOCKS * 64 * KIB);
    for (unsigned i = 0; i < BLOCKS; i++) {
        unsigned j = (unsigned)test_random_below(&random, BLOCKS);
        CHECK_EQUAL(pool_free(owner, block[j].id), BALLAST_SUCCESS);
        block[j] = allocate(owner, &process, 64 * KIB);
    }
    CHECK_EQUAL(pool_query_blocks(pool, viewer, true, NULL, 0), BLOCKS);
    pool_owner_close(owner);
    CHECK_EQUAL(status_of(pool).used_bytes, 0);
    pool_end(pool);
}

TEST_MAIN({"allocating_counts_and_freeing_counts_back", allocating_counts_and_freeing_counts_back},
          {"sizes_are_checked_before_they_overflow", sizes_are_checked_before_they_overflow},
          {"the_quota_is_exact_across_owners", the_quota_is_exact_across_owners},
          {"ids_of_freed_blocks_stay_unknown", ids_of_freed_blocks_stay_unknown},
          {"only_the_owner_frees_and_by_address_only_its_own", only_the_owner_frees_and_by_address_only_its_own},
          {"an_address_is_its_latest_blocks", an_address_is_its_latest_blocks},
          {"a_block_is_locked_while_a_view_is", a_block_is_locked_while_a_view_is},
          {"locking_is_done_or_reported", locking_is_done_or_reported},
          {"sharing_needs_a_grant_and_ends_with_it", sharing_needs_a_grant_and_ends_with_it},
          {"a_block_goes_from_everywhere_with_its_owner", a_block_goes_from_everywhere_with_its_owner},
          {"shares_of_a_block_are_limited", shares_of_a_block_are_limited},
          {"failures_leave_nothing_behind", failures_leave_nothing_behind},
          {"the_list_of_blocks_is_sorted_and_bounded", the_list_of_blocks_is_sorted_and_bounded},
          {"a_hundred_thousand_blocks_are_found", a_hundred_thousand_blocks_are_found})
