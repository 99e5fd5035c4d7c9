/* SPDX-License-Identifier: MIT */
/* The pool: how blocks begin and end. pool_internal.h has the locks. */

#include "core/mem/pool_internal.h"

static uint32_t class_of(uint64_t size)
{
    return (uint32_t)(size > 65536) + (uint32_t)(size > 1u << 20);
}

/* Shard locked, as for the next. */
static void link_block(struct pool_shard *shard, struct pool_owner *owner, struct pool_block *block)
{
    uint32_t size_class = class_of(block->size);
    shard->allocations++;
    shard->class_blocks[size_class]++;
    shard->class_bytes[size_class] += block->size;
    shard->requested += block->requested;
    struct pool_block *next = owner->blocks;
    block->next = next;
    block->link = &owner->blocks;
    owner->blocks = block;
    if (next != NULL) {
        next->link = &block->next;
    } else {
        shard->owners++;
    }
}

/* `made`: it has been live, and is no allocation that failed. Whether its owner has none any more. */
static bool unlink_block(struct pool_shard *shard, struct pool_owner *owner, struct pool_block *block, bool made)
{
    uint32_t size_class = class_of(block->size);
    if (made) {
        shard->frees++;
    } else {
        shard->allocations--;
    }
    shard->class_blocks[size_class]--;
    shard->class_bytes[size_class] -= block->size;
    shard->requested -= block->requested;
    *block->link = block->next;
    if (block->next != NULL) {
        block->next->link = block->link;
    }
    bool last = owner->blocks == NULL;
    shard->owners -= last;
    return last;
}

struct pool_block *pool_reserve(struct pool_owner *owner, uint64_t requested, uint64_t size)
{
    struct pool_shard *shard = owner->shard;
    platform_mutex_lock(&shard->lock);
    struct pool_block *block = pool_take_slot(shard);
    if (block != NULL && !pool_take_quota(owner->pool, owner->process, size)) {
        block->next = shard->free_slots;
        shard->free_slots = block;
        block = NULL;
    }
    if (block != NULL) {
        block->size = size;
        block->requested = requested;
        __atomic_store_n(&block->owner, owner, __ATOMIC_RELAXED);
        atomic_store_u64(&block->word,
                         pool_make_word(pool_generation_of(atomic_load_u64(&block->word)), POOL_RESERVED));
        link_block(shard, owner, block);
    }
    platform_mutex_unlock(&shard->lock);
    return block;
}

void pool_release(struct pool_block *block, bool made)
{
    struct pool_owner *owner = block->owner;
    struct pool_shard *shard = owner->shard;
    platform_mutex_lock(&shard->lock);
    bool last = unlink_block(shard, owner, block, made) && owner->closed;
    if (block->by_address) {
        pool_remove_address(block);
    }
    if (block->locked_views != 0) {
        shard->locked -= block->size;
        block->locked_views = 0;
    }
    struct pool_process *process = owner->process;
    struct pool *pool = owner->pool;
    pool_give_back(pool, process, block->size);
    pool_return_slot(shard, block);
    platform_mutex_unlock(&shard->lock);
    if (last) {
        platform_free(owner, sizeof(*owner), POOL_TAG_OWNER);
        pool_process_close(pool, process);
    }
}

/*
 * Takes a block that is FREEING out of all address spaces, and all grants for it back; none come any more. No lock held, as for
 * the next.
 */
static void withdraw(struct pool *pool, struct pool_block *block)
{
    struct pool_shard *shard = pool_shard_of(block);
    struct pool_mapping *chain = NULL;
    struct pool_grant *grants = NULL;
    platform_mutex_lock(&shard->lock);
    while (block->mappings != NULL) {
        chain = pool_detach(pool, block, &block->mappings, chain);
    }
    while (block->grants != NULL) {
        grants = pool_detach_grant(block->grants, grants);
    }
    bool first = pool_take_first_view(block);
    platform_mutex_unlock(&shard->lock);
    pool_unmap_chain(pool, chain);
    pool_free_grants(pool, grants);
    if (first) {
        pool->operations->unmap(block->process, &block->view);
    }
}

/* Gives back a block that has been withdrawn and that nobody has pinned. */
static void give_back(struct pool *pool, struct pool_block *block)
{
    pool->operations->dereference(block->process);
    pool->operations->destroy(block->section);
    pool_release(block, true);
}

/* Whether there is more than the view that pool_allocate made. The caller is alone with the block, but for exiting processes. */
static bool is_shared(const struct pool_block *block)
{
    uint32_t own = block->view_count != 0;
    return __atomic_load_n(&block->mapping_count, __ATOMIC_RELAXED) != own ||
           __atomic_load_n(&block->grant_count, __ATOMIC_RELAXED) != 0;
}

void pool_unpin(struct pool *pool, struct pool_block *block)
{
    uint64_t word;
    do {
        word = atomic_load_u64(&block->word);
    } while (!atomic_exchange_if_u64(&block->word, word, word - POOL_ONE_PIN));
    if (word - POOL_ONE_PIN == pool_make_word(pool_generation_of(word), POOL_FREEING)) {
        give_back(pool, block);
    }
}

bool pool_begin_free(struct pool *pool, struct pool_block *block, uint64_t word)
{
    bool pinned = ((uint32_t)word & POOL_PINS_MASK) != 0;
    if (!atomic_exchange_if_u64(&block->word, word, word + (POOL_FREEING - POOL_LIVE) + (pinned ? POOL_ONE_PIN : 0))) {
        return false;
    }
    if (pinned) {
        withdraw(pool, block);
        pool_unpin(pool, block);
        return true;
    }
    if (is_shared(block)) {
        withdraw(pool, block);
    } else if (block->view_count != 0) {
        pool->operations->unmap(block->process, &block->view);
    }
    give_back(pool, block);
    return true;
}
