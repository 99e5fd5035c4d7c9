/* SPDX-License-Identifier: MIT */
/*
 * The pool: the lists of grants and of views. Those of a block change under its shard's lock while it is pinned, or without
 * when somebody is alone with it. pool_internal.h has the locks.
 */

#include "core/mem/pool_internal.h"

void pool_count_locked(struct pool_block *block, const struct pool_view *view, bool more)
{
    struct pool_shard *shard = block->owner->shard;
    if ((view->state & BALLAST_AI_BLOCK_LOCKED) != 0) {
        shard->locked += more && block->locked_views == 0 ? block->size : 0;
        block->locked_views += more ? 1 : UINT32_MAX;
        shard->locked -= !more && block->locked_views == 0 ? block->size : 0;
    }
}

struct pool_grant **pool_find_grant(struct pool_block *block, const void *process)
{
    struct pool_grant **link = &block->grants;
    while (*link != NULL && (*link)->process != process) {
        link = &(*link)->next;
    }
    return link;
}

bool pool_take_share(struct pool_process *process)
{
    bool taken = __atomic_add_fetch(&process->shares, 1, __ATOMIC_RELAXED) <= POOL_PROCESS_SHARES;
    if (!taken) {
        pool_give_share(process);
    }
    return taken;
}

void pool_give_share(struct pool_process *process)
{
    __atomic_sub_fetch(&process->shares, 1, __ATOMIC_RELAXED);
}

/* ---- grants ---- */

void pool_link_grant(struct pool *pool, struct pool_block *block, struct pool_grant *grant)
{
    struct pool_grant **head = &pool->grants[pool_bucket(grant->process)];
    grant->next = block->grants;
    block->grants = grant;
    __atomic_add_fetch(&block->grant_count, 1, __ATOMIC_RELAXED);
    platform_mutex_lock(&pool->global);
    grant->bucket_next = *head;
    grant->bucket_link = head;
    if (grant->bucket_next != NULL) {
        grant->bucket_next->bucket_link = &grant->bucket_next;
    }
    *head = grant;
    platform_mutex_unlock(&pool->global);
}

/* pool.global locked. */
static void unlink_from_bucket(struct pool_grant *grant)
{
    if (grant->bucket_link != NULL) {
        *grant->bucket_link = grant->bucket_next;
        if (grant->bucket_next != NULL) {
            grant->bucket_next->bucket_link = grant->bucket_link;
        }
        grant->bucket_link = NULL;
    }
}

struct pool_grant *pool_take_grant(struct pool *pool, struct pool_block *block, const void *process)
{
    struct pool_grant **link = pool_find_grant(block, process);
    struct pool_grant *grant = *link;
    if (grant != NULL) {
        *link = grant->next;
        __atomic_sub_fetch(&block->grant_count, 1, __ATOMIC_RELAXED);
        platform_mutex_lock(&pool->global);
        unlink_from_bucket(grant);
        platform_mutex_unlock(&pool->global);
        pool_give_share(block->owner->process);
    }
    return grant;
}

uint64_t pool_granted_block(struct pool *pool, const void *process, struct pool_block **block)
{
    uint64_t id = 0;
    platform_mutex_lock(&pool->global);
    for (struct pool_grant *grant = pool->grants[pool_bucket(process)], *next; grant != NULL; grant = next) {
        next = grant->bucket_next;
        if (grant->process != process) {
            continue;
        }
        *block = pool_pin(pool, grant->id);
        if (*block != NULL) {
            id = grant->id;
            break;
        }
        unlink_from_bucket(grant); /* whoever is freeing the block takes the rest back */
    }
    platform_mutex_unlock(&pool->global);
    return id;
}

/* ---- views ---- */

/* The holder may be closing at this moment. */
static void unlink_from_holder(struct pool *pool, struct pool_mapping *mapping)
{
    platform_mutex_lock(&pool->global);
    if (pool_holder_of(mapping) != NULL) {
        pool_give_share(mapping->holder->process);
        *mapping->holder_link = mapping->holder_next;
        if (mapping->holder_next != NULL) {
            mapping->holder_next->holder_link = mapping->holder_link;
        }
        pool_set_holder(mapping, NULL);
    }
    platform_mutex_unlock(&pool->global);
}

void pool_link_mapping(struct pool *pool, struct pool_block *block, struct pool_mapping *mapping,
                       struct pool_owner *holder)
{
    mapping->next = block->mappings;
    block->mappings = mapping;
    pool_count_locked(block, &mapping->view, true);
    __atomic_add_fetch(&block->mapping_count, 1, __ATOMIC_RELAXED);
    platform_mutex_lock(&pool->global);
    pool_set_holder(mapping, holder);
    mapping->holder_next = holder->mappings;
    mapping->holder_link = &holder->mappings;
    if (mapping->holder_next != NULL) {
        mapping->holder_next->holder_link = &mapping->holder_next;
    }
    holder->mappings = mapping;
    platform_mutex_unlock(&pool->global);
}

struct pool_mapping *pool_detach(struct pool *pool, struct pool_block *block, struct pool_mapping **link,
                                 struct pool_mapping *chain)
{
    struct pool_mapping *mapping = *link;
    *link = mapping->next;
    pool_count_locked(block, &mapping->view, false);
    __atomic_sub_fetch(&block->mapping_count, 1, __ATOMIC_RELAXED);
    unlink_from_holder(pool, mapping);
    mapping->next = chain;
    return mapping;
}

void pool_unmap_chain(struct pool *pool, struct pool_mapping *chain)
{
    while (chain != NULL) {
        struct pool_mapping *mapping = chain;
        chain = mapping->next;
        pool->operations->unmap(mapping->process, &mapping->view);
        pool->operations->dereference(mapping->process);
        platform_free(mapping, sizeof(*mapping), POOL_TAG_SHARE);
    }
}

void pool_drop_shares(struct pool *pool, struct pool_block *block)
{
    struct pool_mapping *chain = NULL;
    platform_mutex_lock(&pool_shard_of(block)->lock);
    while (block->mappings != NULL) {
        chain = pool_detach(pool, block, &block->mappings, chain);
    }
    platform_mutex_unlock(&pool_shard_of(block)->lock);
    pool_unmap_chain(pool, chain);
    while (block->grants != NULL) {
        struct pool_grant *grant = pool_take_grant(pool, block, block->grants->process);
        pool->operations->dereference(grant->process);
        platform_free(grant, sizeof(*grant), POOL_TAG_SHARE);
    }
}
