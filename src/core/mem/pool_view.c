/* SPDX-License-Identifier: MIT */
/* The pool: the lists of views. pool_internal.h has the locks. */

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

bool pool_take_first_view(struct pool_block *block)
{
    if (block->view_count == 0) {
        return false;
    }
    block->view_count = 0;
    pool_count_locked(block, &block->view, false);
    if (block->by_address) {
        pool_remove_address(block); /* something else may come to be there */
    }
    __atomic_sub_fetch(&block->mapping_count, 1, __ATOMIC_RELAXED);
    return true;
}

struct pool_mapping *pool_revoke(struct pool *pool, struct pool_block *block, const void *process, uint32_t access)
{
    struct pool_mapping *chain = NULL;
    for (struct pool_mapping **link = &block->mappings; *link != NULL;) {
        if ((*link)->process == process && (*link)->access > access && (*link)->by_grant) {
            chain = pool_detach(pool, block, link, chain);
        } else {
            link = &(*link)->next;
        }
    }
    return chain;
}
