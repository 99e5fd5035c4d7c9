/* SPDX-License-Identifier: MIT */
/*
 * What others do to a block while the system maps, locks or unmaps for somebody: the operations do it, which run without a lock,
 * as another thread may at that moment.
 */
#include "tests/unit/pool_world.h"

static struct pool *tested;
static struct process a, b; /* the owner's, and who maps */
static struct pool_owner *giver, *taker;
static struct pool_result block;

static void (*meanwhile)(void); /* once; NULL: nothing */

static void happen(void)
{
    void (*now)(void) = meanwhile;
    meanwhile = NULL;
    if (now != NULL) {
        now();
    }
}

static ballast_status map(void *section, uint64_t size, const struct pool_caller *caller, uint32_t access,
                          uint32_t options, struct pool_view *view)
{
    ballast_status status = world_map(section, size, caller, access, options, view);
    happen();
    return status;
}

static void lock(const struct pool_caller *caller, uint64_t size, struct pool_view *view)
{
    world_lock(caller, size, view);
    happen();
}

static void unmap(void *process, const struct pool_view *view)
{
    world_unmap(process, view);
    happen();
}

static void reference(void *process)
{
    world_reference(process);
    happen();
}

static void begin(void)
{
    static struct pool_operations operations;
    struct pool_limits limits = {.total = MIB, .process = MIB, .user = MIB, .small_process = MIB, .small_user = MIB};
    operations = world;
    operations.map = map;
    operations.lock = lock;
    operations.unmap = unmap;
    operations.reference = reference;
    world_limit = MIB;
    world_broken = 0;
    a = process_new(1);
    b = process_new(2);
    CHECK_EQUAL(pool_create(&operations, &limits, &tested), BALLAST_SUCCESS);
    viewer = open_owner(tested);
    giver = open_owner(tested);
    taker = open_owner(tested);
    block = allocate(giver, &a, UNIT);
    CHECK_EQUAL(pool_grant(giver, block.id, caller(&b), BALLAST_AI_ACCESS_WRITE), BALLAST_SUCCESS);
}

static void end(void)
{
    CHECK(meanwhile == NULL);
    pool_end(tested);
    CHECK_EQUAL(a.references, 0);
    CHECK_EQUAL(b.references, 0);
    CHECK_EQUAL(a.views, 0);
    CHECK_EQUAL(b.views, 0);
}

static ballast_status map_by_other(uint32_t options)
{
    struct pool_result result;
    return pool_map(taker, caller(&b), block.id, BALLAST_AI_ACCESS_READ, options, &result);
}

static void free_it(void)
{
    CHECK_EQUAL(pool_free(giver, block.id), BALLAST_SUCCESS);
}

static void take_grant_back(void)
{
    CHECK_EQUAL(pool_grant(giver, block.id, caller(&b), BALLAST_AI_ACCESS_NONE), BALLAST_SUCCESS);
}

static void unmap_other(void)
{
    CHECK_EQUAL(pool_unmap(taker, caller(&b), block.id), BALLAST_SUCCESS);
}

static void close_other(void)
{
    pool_owner_close(taker);
}

/* Who has pinned the block has nothing to do in the owner's address space, which may be busy for long. */
static void free_it_and_look(void)
{
    free_it();
    CHECK_EQUAL(a.views, 0);
}

static void freed_while_it_is_mapped(void)
{
    begin();
    meanwhile = free_it_and_look;
    CHECK_EQUAL(map_by_other(0), BALLAST_NOT_FOUND);
    CHECK_EQUAL(status_of(tested).blocks, 0);
    CHECK_EQUAL(b.views, 0);
    end();
}

static void granted_no_more_while_it_is_mapped(void)
{
    begin();
    meanwhile = take_grant_back;
    CHECK_EQUAL(map_by_other(0), BALLAST_NOT_FOUND);
    CHECK_EQUAL(b.views, 0);
    CHECK_EQUAL(status_of(tested).blocks, 1);
    end();
}

static void leave_reading_only(void)
{
    CHECK_EQUAL(pool_grant(giver, block.id, caller(&b), BALLAST_AI_ACCESS_READ), BALLAST_SUCCESS);
}

static void granted_less_while_it_is_mapped(void)
{
    struct pool_result result = {.id = 0};
    begin();
    meanwhile = leave_reading_only;
    CHECK_EQUAL(pool_map(taker, caller(&b), block.id, BALLAST_AI_ACCESS_WRITE, 0, &result), BALLAST_ACCESS_DENIED);
    CHECK_EQUAL(b.views, 0);
    CHECK_EQUAL(map_by_other(0), BALLAST_SUCCESS);
    end();
}

static void free_and_close_other(void)
{
    free_it();
    close_other();
}

/* The block is being freed by who maps it in the owner's process; the holder of its other view goes first. */
static void holders_go_while_it_is_freed(void)
{
    struct pool_result more = {.id = 0};
    begin();
    struct pool_result second = allocate(giver, &a, UNIT);
    CHECK_EQUAL(map_by_other(0), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_grant(giver, second.id, caller(&b), BALLAST_AI_ACCESS_READ), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(taker, caller(&b), second.id, BALLAST_AI_ACCESS_READ, 0, &more), BALLAST_SUCCESS);
    struct pool_result first = block;
    block = second; /* the last that the taker has mapped, which it finds first */
    meanwhile = free_and_close_other;
    CHECK_EQUAL(pool_map(giver, caller(&a), block.id, BALLAST_AI_ACCESS_READ, 0, &more), BALLAST_NOT_FOUND);
    CHECK_EQUAL(b.views, 0);
    CHECK_EQUAL(status_of(tested).blocks, 1);
    CHECK_EQUAL(pool_free(giver, first.id), BALLAST_SUCCESS);
    end();
}

/* What was locked is there no more: nothing is remembered of it. */
static void unmapped_while_it_is_locked_again(void)
{
    begin();
    CHECK_EQUAL(map_by_other(BALLAST_AI_LOCK), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(tested).locked_bytes, UNIT);
    meanwhile = take_grant_back;
    CHECK_EQUAL(map_by_other(BALLAST_AI_LOCK), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(tested).locked_bytes, 0);
    CHECK_EQUAL(b.views, 0);
    end();
}

/* Of several views it is the right one that is locked again. */
static void views_are_told_apart_by_address(void)
{
    struct pool_result writable = {.id = 0};
    struct pool_result here = {.id = 0};
    begin();
    CHECK_EQUAL(map_by_other(BALLAST_AI_LOCK), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(taker, caller(&b), block.id, BALLAST_AI_ACCESS_WRITE, 0, &writable), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(giver, caller(&a), block.id, BALLAST_AI_ACCESS_READ, BALLAST_AI_LOCK, &here), BALLAST_SUCCESS);
    CHECK_EQUAL(status_of(tested).locked_bytes, UNIT);
    lock_works = false;
    CHECK_EQUAL(map_by_other(BALLAST_AI_LOCK), BALLAST_NOT_SUPPORTED);
    CHECK_EQUAL(status_of(tested).locked_bytes, UNIT); /* by the owner's view */
    CHECK_EQUAL(pool_map(giver, caller(&a), block.id, BALLAST_AI_ACCESS_READ, BALLAST_AI_LOCK, &here),
                BALLAST_NOT_SUPPORTED);
    CHECK_EQUAL(status_of(tested).locked_bytes, 0);
    lock_works = true;
    end();
}

/* A refusal to lock a view again takes back the use of that one, and leaves what else the caller has mapped. */
static void refused_locking_leaves_other_views(void)
{
    struct pool_result writable = {.id = 0};
    begin();
    CHECK_EQUAL(map_by_other(BALLAST_AI_LOCK), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_map(taker, caller(&b), block.id, BALLAST_AI_ACCESS_WRITE, 0, &writable), BALLAST_SUCCESS);
    lock_works = false;
    CHECK_EQUAL(map_by_other(BALLAST_AI_LOCK), BALLAST_NOT_SUPPORTED);
    CHECK_EQUAL(b.views, 2);
    CHECK(view_at(writable.view.address)->section != NULL);
    unmap_other();
    CHECK_EQUAL(b.views, 1);
    unmap_other();
    CHECK_EQUAL(b.views, 0); /* the refused call is not counted */
    lock_works = true;
    end();
}

/* Both uses of the view that is being mapped again. */
static void unmap_own_twice(void)
{
    CHECK_EQUAL(pool_unmap(giver, caller(&a), block.id), BALLAST_SUCCESS);
    CHECK_EQUAL(pool_unmap(giver, caller(&a), block.id), BALLAST_SUCCESS);
}

/* Nor is the view that the block was allocated with taken for one that has gone meanwhile. */
static void unmapped_while_locking_it_again_is_refused(void)
{
    struct pool_result more = {.id = 0};
    begin();
    CHECK_EQUAL(pool_map(giver, caller(&a), block.id, BALLAST_AI_ACCESS_READ, BALLAST_AI_LOCK, &more), BALLAST_SUCCESS);
    lock_works = false;
    meanwhile = unmap_own_twice;
    CHECK_EQUAL(pool_map(giver, caller(&a), block.id, BALLAST_AI_ACCESS_READ, BALLAST_AI_LOCK, &more),
                BALLAST_NOT_SUPPORTED);
    CHECK_EQUAL(a.views, 1);
    CHECK(view_at(block.view.address)->section != NULL);
    lock_works = true;
    end();
}

/* Once the view that the block was allocated with has gone, it does not cease to be locked a second time. */
static void first_view_unmapped_while_it_is_locked_again(void)
{
    struct pool_result more = {.id = 0};
    begin();
    CHECK_EQUAL(pool_allocate(giver, caller(&a), UNIT, BALLAST_AI_LOCK, false, &block), BALLAST_SUCCESS);
    lock_works = false;
    meanwhile = unmap_own_twice;
    CHECK_EQUAL(pool_map(giver, caller(&a), block.id, BALLAST_AI_ACCESS_WRITE, BALLAST_AI_LOCK, &more),
                BALLAST_NOT_SUPPORTED);
    CHECK_EQUAL(a.views, 1); /* the other block's */
    free_it();
    CHECK_EQUAL(status_of(tested).locked_bytes, 0);
    lock_works = true;
    end();
}

/* The first of two unmaps ends the view; the second comes while the system is at it. */
static void unmapped_while_it_is_unmapped(void)
{
    begin();
    CHECK_EQUAL(map_by_other(0), BALLAST_SUCCESS);
    meanwhile = take_grant_back;
    unmap_other();
    CHECK_EQUAL(pool_unmap(taker, caller(&b), block.id), BALLAST_NOT_FOUND);
    end();
}

/* Who exits is not kept by what was granted to it. */
static void freed_while_who_has_it_exits(void)
{
    begin();
    CHECK_EQUAL(map_by_other(0), BALLAST_SUCCESS);
    meanwhile = free_it_and_look;
    pool_forget_process(tested, &b);
    CHECK_EQUAL(status_of(tested).blocks, 0);
    CHECK_EQUAL(b.references, 0);
    end();
}

static void freed_while_who_has_it_closes(void)
{
    begin();
    CHECK_EQUAL(map_by_other(0), BALLAST_SUCCESS);
    meanwhile = free_it_and_look;
    pool_owner_close(taker);
    CHECK_EQUAL(status_of(tested).blocks, 0);
    end();
}

/* What has been freed is granted to nobody any more. */
static void freed_while_it_is_granted(void)
{
    struct process c = process_new(3);
    begin();
    meanwhile = free_it_and_look;
    CHECK_EQUAL(pool_grant(giver, block.id, caller(&c), BALLAST_AI_ACCESS_READ), BALLAST_NOT_FOUND);
    CHECK_EQUAL(status_of(tested).blocks, 0);
    CHECK_EQUAL(c.references, 0);
    end();
}

/* Processes whose grants are found in the same place are told apart. */
static void many_processes_are_granted_to(void)
{
    enum { PROCESSES = 200 };
    static struct process processes[PROCESSES];
    struct pool_result blocks[4];
    begin();
    for (unsigned i = 0; i < 4; i++) {
        blocks[i] = allocate(giver, &a, UNIT);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        processes[i] = process_new(100 + i);
        CHECK_EQUAL(pool_grant(giver, blocks[i % 4].id, caller(&processes[i]), BALLAST_AI_ACCESS_READ),
                    BALLAST_SUCCESS);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        CHECK_EQUAL(processes[i].references, 1);
        pool_forget_process(tested, &processes[i]);
        CHECK_EQUAL(processes[i].references, 0);
    }
    end();
}

TEST_MAIN({"freed_while_it_is_mapped", freed_while_it_is_mapped},
          {"granted_no_more_while_it_is_mapped", granted_no_more_while_it_is_mapped},
          {"granted_less_while_it_is_mapped", granted_less_while_it_is_mapped},
          {"holders_go_while_it_is_freed", holders_go_while_it_is_freed},
          {"unmapped_while_it_is_locked_again", unmapped_while_it_is_locked_again},
          {"views_are_told_apart_by_address", views_are_told_apart_by_address},
          {"refused_locking_leaves_other_views", refused_locking_leaves_other_views},
          {"unmapped_while_locking_it_again_is_refused", unmapped_while_locking_it_again_is_refused},
          {"first_view_unmapped_while_it_is_locked_again", first_view_unmapped_while_it_is_locked_again},
          {"unmapped_while_it_is_unmapped", unmapped_while_it_is_unmapped},
          {"freed_while_who_has_it_exits", freed_while_who_has_it_exits},
          {"freed_while_who_has_it_closes", freed_while_who_has_it_closes},
          {"freed_while_it_is_granted", freed_while_it_is_granted},
          {"many_processes_are_granted_to", many_processes_are_granted_to})
