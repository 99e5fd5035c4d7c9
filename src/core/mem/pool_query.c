/* SPDX-License-Identifier: MIT */
/* The pool: what it says about itself. pool_internal.h has the locks. */

#include "core/mem/pool_internal.h"

#define SLOTS_AT_ONCE 64u /* looked at under one hold of a shard's lock */

/* Bytes that are taken and not used. */
struct credit {
    uint64_t all, limited, users;
};

static void add_shard(struct ballast_ai_pool_reply *reply, const struct pool_shard *shard)
{
    reply->blocks += (uint32_t)(shard->allocations - shard->frees);
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

static void add_credit(struct credit *credit, const struct pool_shard *shard, const struct pool_user *user)
{
    for (const struct pool_process *process = shard->creditors; process != NULL; process = process->creditor_next) {
        credit->all += process->credit;
        credit->limited += process->limited ? process->credit : 0;
        credit->users += process->user == user ? process->credit : 0;
    }
}

static uint64_t lesser(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* What the viewer has and may have still. All locks held. */
static void describe_viewer(const struct pool *pool, const struct pool_process *process, const struct credit *credit,
                            struct ballast_ai_pool_reply *reply)
{
    const struct pool_user *user = process->user;
    reply->owner_quota_bytes = process->quota;
    reply->owner_used_bytes = process->used;
    reply->user_quota_bytes = user->quota;
    reply->user_used_bytes = user->taken - credit->users;
    reply->limited = process->limited;
    uint64_t room = lesser(process->quota - process->used, user->quota - reply->user_used_bytes);
    if (process->limited) {
        uint64_t limited = pool->limited - credit->limited;
        room = lesser(room, pool->limits.total - pool->limits.reserve - limited);
    }
    reply->largest_free_bytes = lesser(reply->free_bytes, room);
}

void pool_query(struct pool *pool, const struct pool_owner *viewer, struct ballast_ai_pool_reply *reply)
{
    struct credit credit = {0};
    platform_zero(reply, sizeof(*reply));
    pool_lock_all(pool);
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        add_shard(reply, &pool->shard[i]);
        add_credit(&credit, &pool->shard[i], viewer->process->user);
    }
    platform_mutex_lock(&pool->global);
    reply->free_bytes = pool->unreserved + credit.all;
    reply->peak_bytes = pool->peak;
    describe_viewer(pool, viewer->process, &credit, reply);
    platform_mutex_unlock(&pool->global);
    pool_unlock_all(pool, NULL);
    reply->failures = atomic_load_u64(&pool->failures);
    reply->total_bytes = pool->limits.total;
    reply->used_bytes = pool->limits.total - reply->free_bytes;
    reply->reserve_bytes = pool->limits.reserve;
    reply->unit_bytes = BALLAST_AI_POOL_UNIT;
    reply->fragmentation_permille = 0; /* blocks are sections of their own: what is free is in one piece */
}

static void describe(const struct pool_block *block, struct ballast_ai_block *entry)
{
    *entry = (struct ballast_ai_block){
        .id = pool_block_id(block),
        .size_bytes = block->size,
        .owner_process_id = block->process_id,
        .state = block->locked_views != 0 ? BALLAST_AI_BLOCK_LOCKED : 0,
        .mappings = __atomic_load_n(&block->mapping_count, __ATOMIC_RELAXED),
        .grants = __atomic_load_n(&block->grant_count, __ATOMIC_RELAXED),
    };
}

/* Whether a user is the viewer, whatever handles it has, and has no more rights. */
static bool may_see(const struct pool_user *viewer, const struct pool_user *user)
{
    if (viewer == user) {
        return true;
    }
    bool may = viewer->length == user->length && (viewer->administrator || !user->administrator);
    for (uint32_t i = 0; may && i < user->length; i++) {
        may = viewer->name[i] == user->name[i];
    }
    return may;
}

uint32_t pool_query_blocks(struct pool *pool, const struct pool_owner *viewer, bool all,
                           struct ballast_ai_block *blocks, uint32_t capacity)
{
    const struct pool_user *user = viewer->process->user;
    uint32_t found = 0;
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        struct pool_shard *shard = &pool->shard[i];
        const struct pool_block *block;
        uint32_t slot = 0;
        do {
            platform_mutex_lock(&shard->lock);
            while ((block = pool_slot(shard, slot)) != NULL) {
                if (pool_is_live(block) && (all || may_see(user, block->owner->process->user))) {
                    if (found < capacity) {
                        describe(block, &blocks[found]);
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

static struct ballast_ai_owner describe_owner(const struct pool_process *process)
{
    return (struct ballast_ai_owner){
        .create_time = process->create_time,
        .used_bytes = atomic_load_u64(&process->used),
        .quota_bytes = process->quota,
        .process_id = process->process_id,
        .blocks = __atomic_load_n(&process->blocks, __ATOMIC_RELAXED),
        .handles = process->owners,
        .flags =
            (process->limited ? 0 : BALLAST_AI_OWNER_ADMINISTRATOR) | (process->small ? BALLAST_AI_OWNER_SMALL : 0),
    };
}

uint32_t pool_query_owners(struct pool *pool, const struct pool_owner *viewer, bool all,
                           struct ballast_ai_owner *owners, uint32_t capacity)
{
    const struct pool_user *user = viewer->process->user;
    uint32_t found = 0;
    for (uint32_t i = 0; i < PROCESS_BUCKETS; i++) {
        platform_mutex_lock(&pool->global);
        for (const struct pool_process *process = pool->processes[i]; process != NULL; process = process->next) {
            if (all || may_see(user, process->user)) {
                if (found < capacity) {
                    owners[found] = describe_owner(process);
                }
                found++;
            }
        }
        platform_mutex_unlock(&pool->global);
    }
    return found;
}
