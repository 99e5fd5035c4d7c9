/* SPDX-License-Identifier: MIT */
/* The pool: quotas, and what shards keep of them. pool_internal.h has the locks. */

#include "core/mem/pool_internal.h"

/*
 * Takes from the shard's credit, or from the quota as long as that sets no new peak. False: only take_exactly knows.
 * Shard locked.
 */
static bool take_quickly(struct pool *pool, struct pool_shard *shard, uint64_t size)
{
    if (shard->credit >= size) {
        shard->credit -= size;
        return true;
    }
    uint64_t missing = size - shard->credit;
    platform_mutex_lock(&pool->global);
    bool enough = missing <= pool->unreserved && pool->total - pool->unreserved + missing <= pool->peak;
    if (enough) {
        pool->unreserved -= missing;
        shard->credit = 0;
    }
    platform_mutex_unlock(&pool->global);
    return enough;
}

/* Collects all credit, so that what is not unreserved is used. All shards locked. */
static bool take_exactly(struct pool *pool, uint64_t size)
{
    platform_mutex_lock(&pool->global);
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        pool->unreserved += pool->shard[i].credit;
        pool->shard[i].credit = 0;
    }
    bool enough = size <= pool->unreserved;
    if (enough) {
        pool->unreserved -= size;
        uint64_t used = pool->total - pool->unreserved;
        pool->peak = used > pool->peak ? used : pool->peak;
    }
    platform_mutex_unlock(&pool->global);
    return enough;
}

void pool_give_back(struct pool *pool, struct pool_shard *shard, uint64_t size)
{
    shard->credit += size;
    if (shard->credit > pool->credit_limit) {
        platform_mutex_lock(&pool->global);
        pool->unreserved += shard->credit;
        platform_mutex_unlock(&pool->global);
        shard->credit = 0;
    }
}

void pool_lock_all(struct pool *pool)
{
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        platform_mutex_lock(&pool->shard[i].lock);
    }
}

void pool_unlock_all(struct pool *pool, const struct pool_shard *kept)
{
    for (uint32_t i = POOL_SHARDS; i-- != 0;) {
        if (&pool->shard[i] != kept) {
            platform_mutex_unlock(&pool->shard[i].lock);
        }
    }
}

bool pool_take_quota(struct pool_owner *owner, uint64_t size)
{
    struct pool *pool = owner->pool;
    struct pool_shard *shard = owner->shard;
    bool taken = false;
    if (owner->used + size <= pool->owner_quota) {
        taken = take_quickly(pool, shard, size);
        if (!taken) {
            platform_mutex_unlock(&shard->lock);
            pool_lock_all(pool);
            taken = owner->used + size <= pool->owner_quota && take_exactly(pool, size);
            pool_unlock_all(pool, shard);
        }
    }
    owner->used += taken ? size : 0;
    return taken;
}
