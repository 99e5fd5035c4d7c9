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

/* The caller is alone with the block: it is FREEING and not pinned. No lock held. */
static void tear_down(struct pool *pool, struct pool_block *block)
{
    const struct pool_operations *operations = pool->operations;
    if (block->mappings != NULL || block->grants != NULL) {
        pool_drop_shares(pool, block);
    }
    if (block->view_count != 0) {
        operations->unmap(block->process, &block->view);
    }
    operations->dereference(block->process);
    operations->destroy(block->section);
    pool_release(block, true);
}

void pool_unpin(struct pool *pool, struct pool_block *block)
{
    uint64_t word;
    do {
        word = atomic_load_u64(&block->word);
    } while (!atomic_exchange_if_u64(&block->word, word, word - POOL_ONE_PIN));
    if (word - POOL_ONE_PIN == pool_make_word(pool_generation_of(word), POOL_FREEING)) {
        tear_down(pool, block);
    }
}

bool pool_begin_free(struct pool *pool, struct pool_block *block, uint64_t word)
{
    if (!atomic_exchange_if_u64(&block->word, word, word + (POOL_FREEING - POOL_LIVE))) {
        return false;
    }
    if (((uint32_t)word & POOL_PINS_MASK) == 0) {
        tear_down(pool, block);
    }
    return true;
}
