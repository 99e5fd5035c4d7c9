/* SPDX-License-Identifier: MIT */
/* The pool: quotas, and what processes keep of them. pool_internal.h has the locks. */

#include "core/mem/pool_internal.h"

/*
 * Takes bytes for the process from what is left of its user's quota, of what limited users may have together, and of the
 * pool. `exact`: there is no credit, so what is not unreserved is used, and that may set a new peak. pool.global locked.
 */
static bool take(struct pool *pool, struct pool_process *process, uint64_t bytes, bool exact)
{
    struct pool_user *user = process->user;
    uint64_t used = pool->limits.total - pool->unreserved + bytes;
    if (bytes > user->quota - user->taken || bytes > pool->unreserved || (!exact && used > pool->peak) ||
        (process->limited && bytes > pool->limits.total - pool->limits.reserve - pool->limited)) {
        return false;
    }
    user->taken += bytes;
    pool->unreserved -= bytes;
    pool->limited += process->limited ? bytes : 0;
    pool->peak = used > pool->peak ? used : pool->peak;
    return true;
}

/* Takes all of the process's credit, and what that lacks from the quotas. False: only take_exactly knows. Shard locked. */
static bool take_quickly(struct pool *pool, struct pool_process *process, uint64_t size)
{
    platform_mutex_lock(&pool->global);
    bool enough = take(pool, process, size - process->credit, false);
    platform_mutex_unlock(&pool->global);
    process->credit = enough ? 0 : process->credit;
    return enough;
}

/* Collects all credit first. All shards locked. */
static bool take_exactly(struct pool *pool, struct pool_process *process, uint64_t size)
{
    platform_mutex_lock(&pool->global);
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        while (pool->shard[i].creditors != NULL) {
            pool_credit_back(pool, pool->shard[i].creditors);
        }
    }
    bool enough = take(pool, process, size, true);
    if (!enough) {
        __atomic_store_n(&pool->refused, 1, __ATOMIC_RELAXED);
        atomic_store_u64(&process->user->left, process->user->quota - process->user->taken);
    }
    platform_mutex_unlock(&pool->global);
    return enough;
}

void pool_settle_credit(struct pool *pool, struct pool_process *process)
{
    struct pool_shard *shard = process->shard;
    if (process->credit > pool->credit_limit) {
        platform_mutex_lock(&pool->global);
        pool_credit_back(pool, process);
        platform_mutex_unlock(&pool->global);
    } else {
        process->creditor_next = shard->creditors;
        process->creditor_link = &shard->creditors;
        if (process->creditor_next != NULL) {
            process->creditor_next->creditor_link = &process->creditor_next;
        }
        shard->creditors = process;
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

bool pool_take_beyond_credit(struct pool *pool, struct pool_process *process, uint64_t size)
{
    /* Who asks again and again for what it has been refused is not to stop everybody each time. */
    if (size > atomic_load_u64(&process->user->left)) {
        return false;
    }
    bool taken = take_quickly(pool, process, size);
    if (!taken) {
        platform_mutex_unlock(&process->shard->lock);
        pool_lock_all(pool);
        taken = pool_has_room(process, size) && take_exactly(pool, process, size);
        pool_unlock_all(pool, process->shard);
    }
    return taken;
}
