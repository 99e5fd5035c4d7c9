/* SPDX-License-Identifier: MIT */
/* The pool: what it says about itself. pool_internal.h has the locks. */

#include "core/mem/pool_internal.h"
#include "core/base/atomic.h"

#define SLOTS_AT_ONCE 64u /* looked at under one hold of a shard's lock */

static void add_shard(struct ballast_ai_pool_reply *reply, const struct pool_shard *shard, uint64_t *credit)
{
    *credit += shard->credit;
    reply->blocks += shard->live;
    reply->owners += shard->owners;
    reply->requested_bytes += shard->requested;
    reply->locked_bytes += shard->locked;
    reply->allocations += shard->allocations;
    reply->frees += shard->frees;
    for (uint32_t i = 0; i < BALLAST_AI_SIZE_CLASSES; i++) {
        reply->class_blocks[i] += shard->class_blocks[i];
        reply->class_bytes[i] += shard->class_bytes[i];
    }
}

void pool_query(struct pool *pool, struct ballast_ai_pool_reply *reply)
{
    uint64_t credit = 0;
    platform_zero(reply, sizeof(*reply));
    pool_lock_all(pool);
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        add_shard(reply, &pool->shard[i], &credit);
    }
    platform_mutex_lock(&pool->global);
    reply->free_bytes = pool->unreserved + credit;
    reply->peak_bytes = pool->peak;
    platform_mutex_unlock(&pool->global);
    pool_unlock_all(pool, NULL);
    reply->failures = atomic_load_u64(&pool->failures);
    reply->total_bytes = pool->total;
    reply->owner_quota_bytes = pool->owner_quota;
    reply->used_bytes = pool->total - reply->free_bytes;
    reply->largest_free_bytes = reply->free_bytes < pool->owner_quota ? reply->free_bytes : pool->owner_quota;
    reply->unit_bytes = BALLAST_AI_POOL_UNIT;
    if (reply->free_bytes != 0) {
        reply->fragmentation_permille =
            (uint32_t)((reply->free_bytes - reply->largest_free_bytes) * 1000 / reply->free_bytes);
    }
}

static void describe(const struct pool *pool, const struct pool_block *block, struct ballast_ai_block *entry)
{
    *entry = (struct ballast_ai_block){
        .id = pool_block_id(pool, block),
        .size_bytes = block->size,
        .owner_process_id = block->process_id,
        .state = block->locked_views != 0 ? BALLAST_AI_BLOCK_LOCKED : 0,
        .mappings = __atomic_load_n(&block->mapping_count, __ATOMIC_RELAXED),
        .grants = __atomic_load_n(&block->grant_count, __ATOMIC_RELAXED),
    };
}

uint32_t pool_query_blocks(struct pool *pool, struct ballast_ai_block *blocks, uint32_t capacity)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        struct pool_shard *shard = &pool->shard[i];
        const struct pool_block *block;
        uint32_t slot = 0;
        do {
            platform_mutex_lock(&shard->lock);
            while ((block = pool_slot(shard, slot)) != NULL) {
                if (pool_is_live(block)) {
                    if (found < capacity) {
                        describe(pool, block, &blocks[found]);
                    }
                    found++;
                }
                if (++slot % SLOTS_AT_ONCE == 0) {
                    break;
                }
            }
            platform_mutex_unlock(&shard->lock);
        } while (block != NULL);
    }
    return found;
}
