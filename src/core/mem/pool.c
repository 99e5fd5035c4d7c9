/* SPDX-License-Identifier: MIT */
/* The pool: allocation, owners. pool.h has the contract, pool_internal.h the locks. */

#include "core/mem/pool_internal.h"

#define CREDIT_SHARE 64u /* a process keeps at most this part of the pool, or of its quota if that is less */

/* ---- blocks ---- */

/* Makes a reserved block's memory and its first view. */
static ballast_status make(struct pool *pool, struct pool_block *block, const struct pool_caller *caller,
                           uint32_t options)
{
    const struct pool_operations *operations = pool->operations;
    ballast_status status = operations->create(block->size, &block->section);
    if (ballast_failed(status)) {
        return status;
    }
    status = operations->map(block->section, block->size, caller, BALLAST_AI_ACCESS_WRITE, options, &block->view);
    if (ballast_failed(status)) {
        operations->destroy(block->section);
        block->view.state = 0;
        return status;
    }
    operations->reference(caller->process);
    block->process = caller->process;
    block->process_id = caller->process_id;
    block->view_count = 1;
    __atomic_store_n(&block->mapping_count, 1, __ATOMIC_RELAXED);
    return BALLAST_SUCCESS;
}

/* What only few blocks need before they are live; it needs the lock. */
static bool register_view(struct pool_block *block, bool by_address)
{
    struct pool_shard *shard = block->owner->shard;
    platform_mutex_lock(&shard->lock);
    bool ok = !by_address || pool_add_address(shard, block);
    if (ok) {
        pool_count_locked(block, &block->view, true);
    }
    platform_mutex_unlock(&shard->lock);
    return ok;
}

static void unmake(struct pool *pool, struct pool_block *block)
{
    pool->operations->unmap(block->process, &block->view);
    pool->operations->dereference(block->process);
    pool->operations->destroy(block->section);
    block->view.state = 0;
}

static ballast_status fail(struct pool *pool, ballast_status status)
{
    atomic_add_u64(&pool->failures, 1);
    return status;
}

ballast_status pool_allocate(struct pool_owner *owner, const struct pool_caller *caller, uint64_t size,
                             uint32_t options, bool by_address, struct pool_result *result)
{
    struct pool *pool = owner->pool;
    if (size == 0 || size > pool->limits.total) {
        return BALLAST_INVALID_PARAMETER;
    }
    uint64_t rounded = (size + BALLAST_AI_POOL_UNIT - 1) / BALLAST_AI_POOL_UNIT * BALLAST_AI_POOL_UNIT;
    struct pool_block *block = pool_reserve(owner, size, rounded);
    if (block == NULL) {
        return fail(pool, BALLAST_INSUFFICIENT_RESOURCES);
    }
    block->view.state = 0;
    ballast_status status = make(pool, block, caller, options);
    if (!ballast_failed(status) && (by_address || block->view.state != 0) && !register_view(block, by_address)) {
        unmake(pool, block);
        status = BALLAST_INSUFFICIENT_RESOURCES;
    }
    if (ballast_failed(status)) {
        pool_release(block, false);
        return fail(pool, status);
    }
    *result = (struct pool_result){.id = pool_block_id(block), .size = rounded, .view = block->view};
    atomic_store_release_u64(&block->word,
                             pool_make_word(pool_generation_of(atomic_load_u64(&block->word)), POOL_LIVE));
    return BALLAST_SUCCESS;
}

ballast_status pool_free(struct pool_owner *owner, uint64_t id)
{
    for (;;) {
        uint64_t word;
        struct pool_block *block = pool_find(owner->pool, id, &word);
        if (block == NULL || __atomic_load_n(&block->owner, __ATOMIC_RELAXED) != owner) {
            return BALLAST_NOT_FOUND; /* an id tells nothing of others' blocks */
        }
        if (pool_begin_free(owner->pool, block, word)) {
            return BALLAST_SUCCESS;
        }
    }
}

ballast_status pool_free_address(struct pool_owner *owner, const struct pool_caller *caller, uint64_t address)
{
    struct pool_shard *shard = owner->shard;
    uint64_t id = 0;
    platform_mutex_lock(&shard->lock);
    struct pool_block *block = pool_blocks_at(shard, caller->process, address);
    while (block != NULL && (block->owner != owner || block->process != caller->process ||
                             block->view.address != address || !pool_is_live(block))) {
        block = block->address_next;
    }
    if (block != NULL) {
        id = pool_block_id(block);
    }
    platform_mutex_unlock(&shard->lock);
    return id != 0 ? pool_free(owner, id) : BALLAST_NOT_FOUND;
}

/* ---- owners ---- */

ballast_status pool_owner_open(struct pool *pool, const struct pool_identity *identity, struct pool_owner **result)
{
    struct pool_owner *owner = platform_allocate(PLATFORM_POOL_PAGED, sizeof(*owner), POOL_TAG_OWNER);
    if (owner == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    platform_zero(owner, sizeof(*owner));
    owner->pool = pool;
    owner->process = pool_process_open(pool, identity);
    if (owner->process == NULL) {
        platform_free(owner, sizeof(*owner), POOL_TAG_OWNER);
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    owner->shard = owner->process->shard;
    platform_mutex_lock(&pool->global);
    owner->next = pool->owners;
    owner->link = &pool->owners;
    if (owner->next != NULL) {
        owner->next->link = &owner->next;
    }
    pool->owners = owner;
    platform_mutex_unlock(&pool->global);
    *result = owner;
    return BALLAST_SUCCESS;
}

/* The id of a block that nobody is freeing yet; 0: there is none. */
static uint64_t live_block(struct pool_owner *owner)
{
    platform_mutex_lock(&owner->shard->lock);
    const struct pool_block *block = owner->blocks;
    while (block != NULL && !pool_is_live(block)) {
        block = block->next;
    }
    uint64_t id = block != NULL ? pool_block_id(block) : 0;
    platform_mutex_unlock(&owner->shard->lock);
    return id;
}

void pool_owner_close(struct pool_owner *owner)
{
    struct pool *pool = owner->pool;
    struct pool_shard *shard = owner->shard;
    pool_drop_holder(owner);
    for (uint64_t id; (id = live_block(owner)) != 0;) {
        (void)pool_free(owner, id);
    }
    platform_mutex_lock(&pool->global);
    *owner->link = owner->next;
    if (owner->next != NULL) {
        owner->next->link = owner->link;
    }
    platform_mutex_unlock(&pool->global);
    /* Blocks that others have pinned are freed by them, the last one with the owner. */
    platform_mutex_lock(&shard->lock);
    owner->closed = true;
    struct pool_process *process = owner->process;
    bool last = owner->blocks == NULL;
    platform_mutex_unlock(&shard->lock);
    if (last) {
        platform_free(owner, sizeof(*owner), POOL_TAG_OWNER);
        pool_process_close(pool, process);
    }
}

/* ---- the pool ---- */

/* Rounded down to units, and not more than `most`. */
static uint64_t limit(uint64_t bytes, uint64_t most)
{
    bytes -= bytes % BALLAST_AI_POOL_UNIT;
    return bytes < most ? bytes : most;
}

ballast_status pool_create(const struct pool_operations *operations, const struct pool_limits *limits,
                           struct pool **result)
{
    uint64_t total = limit(limits->total, UINT64_MAX);
    struct pool_limits rounded = {
        .total = total,
        .process = limit(limits->process, total),
        .user = limit(limits->user, total),
        .small_process = limit(limits->small_process, total),
        .small_user = limit(limits->small_user, total),
        .reserve = limit(limits->reserve, total),
    };
    if (total == 0 || total > POOL_MAXIMUM_BYTES || rounded.process == 0 || rounded.user == 0 ||
        rounded.small_process == 0 || rounded.small_user == 0 || rounded.reserve == total) {
        return BALLAST_INVALID_PARAMETER;
    }
    struct pool *pool = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*pool), POOL_TAG_STATE);
    if (pool == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    platform_zero(pool, sizeof(*pool));
    pool->operations = operations;
    pool->limits = rounded;
    pool->credit_limit = (rounded.process < total ? rounded.process : total) / CREDIT_SHARE;
    pool->unreserved = total;
    platform_mutex_initialize(&pool->global);
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        platform_mutex_initialize(&pool->shard[i].lock);
        pool->shard[i].first_number = i << POOL_SLOT_BITS;
    }
    *result = pool;
    return BALLAST_SUCCESS;
}

void pool_destroy(struct pool *pool)
{
    while (pool->owners != NULL) {
        pool_owner_close(pool->owners);
    }
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        struct pool_shard *shard = &pool->shard[i];
        pool_free_slots(shard);
        pool_free_addresses(shard);
        platform_mutex_destroy(&shard->lock);
    }
    platform_mutex_destroy(&pool->global);
    platform_free(pool, sizeof(*pool), POOL_TAG_STATE);
}
