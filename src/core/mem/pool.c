/* SPDX-License-Identifier: MIT */
/* The pool: allocation, owners. pool.h has the contract, pool_internal.h the locks. */

#include "core/mem/pool_internal.h"
#include "core/base/atomic.h"

#define CREDIT_SHARE 64u /* all shards together keep at most POOL_SHARDS / CREDIT_SHARE of the quota */

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
    if (size == 0 || size > pool->total) {
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
    *result = (struct pool_result){.id = pool_block_id(pool, block), .size = rounded, .view = block->view};
    atomic_store_release_u64(&block->word,
                             pool_make_word(pool_generation_of(atomic_load_u64(&block->word)), POOL_LIVE));
    return BALLAST_SUCCESS;
}

ballast_status pool_free(struct pool_owner *owner, uint64_t id)
{
    for (;;) {
        uint64_t word;
        struct pool_block *block = pool_find(owner->pool, id, &word);
        if (block == NULL) {
            return BALLAST_NOT_FOUND;
        }
        if (__atomic_load_n(&block->owner, __ATOMIC_RELAXED) != owner) {
            return BALLAST_ACCESS_DENIED;
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
        id = pool_block_id(owner->pool, block);
    }
    platform_mutex_unlock(&shard->lock);
    return id != 0 ? pool_free(owner, id) : BALLAST_NOT_FOUND;
}

/* ---- owners ---- */

ballast_status pool_owner_open(struct pool *pool, struct pool_owner **result)
{
    struct pool_owner *owner = platform_allocate(PLATFORM_POOL_PAGED, sizeof(*owner), POOL_TAG_OWNER);
    if (owner == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    platform_zero(owner, sizeof(*owner));
    owner->pool = pool;
    platform_mutex_lock(&pool->global);
    owner->shard = &pool->shard[pool->next_shard++ % POOL_SHARDS];
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
    uint64_t id = block != NULL ? pool_block_id(owner->pool, block) : 0;
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
    bool last = owner->blocks == NULL;
    platform_mutex_unlock(&shard->lock);
    if (last) {
        platform_free(owner, sizeof(*owner), POOL_TAG_OWNER);
    }
}

/* ---- the pool ---- */

ballast_status pool_create(const struct pool_operations *operations, uint64_t total_bytes, uint64_t owner_bytes,
                           struct pool **result)
{
    total_bytes -= total_bytes % BALLAST_AI_POOL_UNIT;
    owner_bytes -= owner_bytes % BALLAST_AI_POOL_UNIT;
    if (total_bytes == 0 || total_bytes > POOL_MAXIMUM_BYTES || owner_bytes == 0) {
        return BALLAST_INVALID_PARAMETER;
    }
    struct pool *pool = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*pool), POOL_TAG_STATE);
    if (pool == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    platform_zero(pool, sizeof(*pool));
    pool->operations = operations;
    pool->total = total_bytes;
    pool->owner_quota = owner_bytes < total_bytes ? owner_bytes : total_bytes;
    pool->credit_limit = total_bytes / CREDIT_SHARE;
    pool->unreserved = total_bytes;
    platform_mutex_initialize(&pool->global);
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        platform_mutex_initialize(&pool->shard[i].lock);
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
