/* SPDX-License-Identifier: MIT */
/*
 * What tests of the pool run it in: a world in which memory is only counted. Sections know their views, processes who
 * refers to them; what the pool does to them that it must not is counted.
 */
#ifndef TESTS_UNIT_POOL_WORLD_H
#define TESTS_UNIT_POOL_WORLD_H

#include "core/base/platform_host.h"
#include "core/mem/pool.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT ((uint64_t)BALLAST_AI_POOL_UNIT)
#define KIB  1024ull
#define MIB  (1024 * KIB)

struct process {
    struct pool_caller caller; /* .process is this one */
    int64_t references;        /* atomic, as the following */
    int64_t views;
};

struct section {
    uint64_t size;
    int64_t views; /* atomic */
};

static uint64_t next_address = 65536; /* atomic, as the following */
static int64_t sections;
static uint64_t world_bytes;
static uint64_t world_limit; /* more than this existing at once is a failure */
static int64_t world_broken; /* views unmapped that were none, sections destroyed with views, too much memory */
static int64_t operation_countdown = -1;
static bool lock_works = true;

/* One view, found by its address. */
struct view {
    struct section *section;
    struct process *process;
    uint32_t access;
};
static struct view views[1u << 20];

static inline bool operation_fails(void)
{
    return __atomic_load_n(&operation_countdown, __ATOMIC_RELAXED) >= 0 &&
           __atomic_fetch_sub(&operation_countdown, 1, __ATOMIC_RELAXED) == 0;
}

static inline ballast_status world_create(uint64_t size, void **result)
{
    if (operation_fails()) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    struct section *section = calloc(1, sizeof(*section));
    section->size = size;
    __atomic_add_fetch(&sections, 1, __ATOMIC_RELAXED);
    uint64_t bytes = __atomic_add_fetch(&world_bytes, size, __ATOMIC_SEQ_CST);
    if (bytes > world_limit || size == 0 || size % UNIT != 0) {
        __atomic_add_fetch(&world_broken, 1, __ATOMIC_RELAXED);
    }
    *result = section;
    return BALLAST_SUCCESS;
}

static inline void world_destroy(void *context)
{
    struct section *section = context;
    if (__atomic_load_n(&section->views, __ATOMIC_RELAXED) != 0) {
        __atomic_add_fetch(&world_broken, 1, __ATOMIC_RELAXED);
    }
    __atomic_sub_fetch(&world_bytes, section->size, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&sections, 1, __ATOMIC_RELAXED);
    free(section);
}

static inline struct view *view_at(uint64_t address)
{
    return &views[address / 65536 % (sizeof(views) / sizeof(views[0]))];
}

static inline ballast_status world_map(void *context, uint64_t size, const struct pool_caller *caller, uint32_t access,
                                       uint32_t options, struct pool_view *view)
{
    struct section *section = context;
    struct process *process = caller->process;
    (void)size;
    if (operation_fails()) {
        return BALLAST_ACCESS_DENIED;
    }
    *view = (struct pool_view){.address = __atomic_fetch_add(&next_address, 65536, __ATOMIC_RELAXED)};
    if ((options & (BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE)) != 0) {
        view->state = lock_works ? BALLAST_AI_BLOCK_LOCKED : 0;
        view->lock_status = lock_works ? BALLAST_SUCCESS : BALLAST_NOT_SUPPORTED;
    }
    if ((options & BALLAST_AI_LOCK) != 0 && !lock_works) {
        return BALLAST_NOT_SUPPORTED;
    }
    *view_at(view->address) = (struct view){section, process, access};
    __atomic_add_fetch(&section->views, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&process->views, 1, __ATOMIC_RELAXED);
    return BALLAST_SUCCESS;
}

static inline void world_lock(const struct pool_caller *caller, uint64_t size, struct pool_view *view)
{
    (void)caller;
    (void)size;
    view->state = lock_works ? BALLAST_AI_BLOCK_LOCKED : 0;
    view->lock_status = lock_works ? BALLAST_SUCCESS : BALLAST_NOT_SUPPORTED;
}

static inline void world_unmap(void *context, const struct pool_view *view)
{
    struct process *process = context;
    struct view *found = view_at(view->address);
    if (found->process != process || found->section == NULL) {
        __atomic_add_fetch(&world_broken, 1, __ATOMIC_RELAXED);
        return;
    }
    __atomic_sub_fetch(&found->section->views, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&process->views, 1, __ATOMIC_RELAXED);
    *found = (struct view){0};
}

static inline void world_reference(void *process)
{
    __atomic_add_fetch(&((struct process *)process)->references, 1, __ATOMIC_RELAXED);
}

static inline void world_dereference(void *process)
{
    if (__atomic_sub_fetch(&((struct process *)process)->references, 1, __ATOMIC_RELAXED) < 0) {
        __atomic_add_fetch(&world_broken, 1, __ATOMIC_RELAXED);
    }
}

static const struct pool_operations world = {world_create, world_destroy,   world_map,        world_lock,
                                             world_unmap,  world_reference, world_dereference};

static inline struct process process_new(uint32_t id)
{
    return (struct process){.caller = {.process_id = id}};
}

static inline struct pool_caller *caller(struct process *process)
{
    process->caller.process = process;
    return &process->caller;
}

/* Who opens owners: a process and user for each, unless a test says otherwise. */
static struct process openers[1u << 14];
static uint32_t next_opener;

static inline struct pool_owner *open_as(struct pool *pool, struct process *process, const char *user,
                                         bool administrator, bool small)
{
    struct pool_owner *owner = NULL;
    struct pool_identity identity = {.process = process,
                                     .process_id = process->caller.process_id,
                                     .create_time = process->caller.process_id * 1000ull,
                                     .user = (const unsigned char *)user,
                                     .user_length = (uint32_t)strlen(user),
                                     .administrator = administrator,
                                     .small = small};
    CHECK_EQUAL(pool_owner_open(pool, &identity, &owner), BALLAST_SUCCESS);
    return owner;
}

static inline struct pool_owner *open_owner(struct pool *pool)
{
    char user[16];
    uint32_t number = __atomic_fetch_add(&next_opener, 1, __ATOMIC_RELAXED);
    struct process *opener = &openers[number % (sizeof(openers) / sizeof(openers[0]))];
    opener->caller.process_id = 100000 + number;
    (void)snprintf(user, sizeof(user), "%u", (unsigned)number);
    return open_as(pool, opener, user, true, false);
}

static struct pool_owner *viewer; /* who asks for the status, without anything of its own */

static inline struct pool *pool_new(uint64_t total, uint64_t owner_quota)
{
    struct pool *pool = NULL;
    struct pool_limits limits = {
        .total = total, .process = owner_quota, .user = total, .small_process = total, .small_user = total};
    world_limit = total;
    world_broken = 0;
    operation_countdown = -1;
    lock_works = true;
    CHECK_EQUAL(pool_create(&world, &limits, &pool), BALLAST_SUCCESS);
    viewer = open_owner(pool);
    return pool;
}

/* Destroys the pool and looks whether anything is left in the world. */
static inline void pool_end(struct pool *pool)
{
    uint64_t blocks, bytes;
    pool_destroy(pool);
    platform_host_usage(&blocks, &bytes);
    CHECK_EQUAL(blocks, 0);
    CHECK_EQUAL(bytes, 0);
    CHECK_EQUAL(sections, 0);
    CHECK_EQUAL(world_bytes, 0);
    CHECK_EQUAL(world_broken, 0);
}

static inline struct ballast_ai_pool_reply status_of(struct pool *pool)
{
    struct ballast_ai_pool_reply reply = {0};
    pool_query(pool, viewer, &reply);
    return reply;
}

static inline struct pool_result allocate(struct pool_owner *owner, struct process *process, uint64_t size)
{
    struct pool_result result = {0};
    CHECK_EQUAL(pool_allocate(owner, caller(process), size, 0, false, &result), BALLAST_SUCCESS);
    return result;
}

#endif
