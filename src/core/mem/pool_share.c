/* SPDX-License-Identifier: MIT */
/*
 * The pool: who else may map a block, and has. pool_internal.h has the locks. Nothing is mapped or unmapped under a lock.
 */

#include "core/mem/pool_internal.h"

#define GRANTS_AT_ONCE 64u /* taken back under one hold of a shard's lock */

/* The block that the holder's first mapping is of, pinned. NULL: none is left. */
static struct pool_block *pin_first(struct pool_owner *holder)
{
    struct pool *pool = holder->pool;
    struct pool_block *block = NULL;
    platform_mutex_lock(&pool->global);
    while (block == NULL && holder->mappings != NULL) {
        struct pool_mapping *mapping = holder->mappings;
        block = pool_pin(pool, mapping->id);
        if (block == NULL) { /* somebody is freeing the block, and will unmap it and free the mapping */
            holder->mappings = mapping->holder_next;
            if (holder->mappings != NULL) {
                holder->mappings->holder_link = &holder->mappings;
            }
            pool_set_holder(mapping, NULL);
            pool_give_share(holder->process);
        }
    }
    platform_mutex_unlock(&pool->global);
    return block;
}

void pool_drop_holder(struct pool_owner *holder)
{
    struct pool *pool = holder->pool;
    struct pool_block *block;
    while ((block = pin_first(holder)) != NULL) {
        struct pool_mapping *chain = NULL;
        platform_mutex_lock(&pool_shard_of(block)->lock);
        for (struct pool_mapping **link = &block->mappings; *link != NULL;) {
            if (pool_holder_of(*link) == holder) {
                chain = pool_detach(pool, block, link, chain);
            } else {
                link = &(*link)->next;
            }
        }
        platform_mutex_unlock(&pool_shard_of(block)->lock);
        pool_unmap_chain(pool, chain);
        pool_unpin(pool, block);
    }
}

/* ---- grants ---- */

/* Puts `*fresh` in if there is no grant for this process yet. Shard locked. */
static ballast_status set_grant(struct pool_block *block, const struct pool_caller *to, uint32_t access,
                                struct pool_grant **fresh)
{
    struct pool_grant *grant = pool_find_grant(block, to->process);
    if (!pool_is_live(block)) {
        return BALLAST_NOT_FOUND;
    }
    if (grant == NULL) {
        if (block->grant_count >= POOL_MAXIMUM_SHARES || !pool_take_share(block->owner->process)) {
            return BALLAST_INSUFFICIENT_RESOURCES;
        }
        grant = *fresh;
        *fresh = NULL;
        pool_link_grant(block, grant);
    }
    grant->access = access;
    return BALLAST_SUCCESS;
}

/* The block is pinned. */
static ballast_status change_grant(struct pool *pool, struct pool_block *block, const struct pool_caller *to,
                                   uint32_t access)
{
    struct pool_shard *shard = pool_shard_of(block);
    struct pool_grant *unused = NULL;
    ballast_status status = BALLAST_SUCCESS;
    if (access != BALLAST_AI_ACCESS_NONE) {
        unused = platform_allocate(PLATFORM_POOL_PAGED, sizeof(*unused), POOL_TAG_SHARE);
        if (unused == NULL) {
            return BALLAST_INSUFFICIENT_RESOURCES;
        }
        *unused = (struct pool_grant){.process = to->process};
        pool->operations->reference(to->process);
    }
    platform_mutex_lock(&shard->lock);
    if (access != BALLAST_AI_ACCESS_NONE) {
        status = set_grant(block, to, access, &unused);
    } else {
        struct pool_grant *grant = pool_find_grant(block, to->process);
        unused = grant != NULL ? pool_detach_grant(grant, NULL) : NULL;
    }
    struct pool_mapping *chain = ballast_failed(status) ? NULL : pool_revoke(pool, block, to->process, access);
    platform_mutex_unlock(&shard->lock);
    pool_unmap_chain(pool, chain);
    pool_free_grants(pool, unused);
    return status;
}

ballast_status pool_grant(struct pool_owner *owner, uint64_t id, const struct pool_caller *to, uint32_t access)
{
    if (access > BALLAST_AI_ACCESS_WRITE) {
        return BALLAST_INVALID_PARAMETER;
    }
    struct pool_block *block = pool_pin(owner->pool, id);
    if (block == NULL) {
        return BALLAST_NOT_FOUND;
    }
    ballast_status status = block->owner == owner ? change_grant(owner->pool, block, to, access) : BALLAST_NOT_FOUND;
    pool_unpin(owner->pool, block);
    return status;
}

/*
 * Takes some of the process's grants out, and its views by them. Nothing is pinned: whoever frees such a block does not leave
 * that to a process that exits. False: there are none left.
 */
static bool forget_some(struct pool *pool, struct pool_shard *shard, const void *process)
{
    struct pool_grant *grants = NULL;
    struct pool_mapping *chain[GRANTS_AT_ONCE];
    uint32_t count = 0;
    platform_mutex_lock(&shard->lock);
    for (struct pool_grant *grant; count < GRANTS_AT_ONCE && (grant = pool_first_grant(shard, process)) != NULL;
         count++) {
        chain[count] = pool_revoke(pool, grant->block, process, BALLAST_AI_ACCESS_NONE);
        grants = pool_detach_grant(grant, grants);
    }
    platform_mutex_unlock(&shard->lock);
    for (uint32_t i = 0; i < count; i++) {
        pool_unmap_chain(pool, chain[i]);
    }
    pool_free_grants(pool, grants);
    return count == GRANTS_AT_ONCE;
}

void pool_forget_process(struct pool *pool, const void *process)
{
    for (uint32_t i = 0; i < POOL_SHARDS; i++) {
        while (forget_some(pool, &pool->shard[i], process)) {
        }
    }
}

/* ---- mapping ---- */

/* To whom nothing is granted the block is as one that there is not. Shard locked. */
static ballast_status may_map(const struct pool_block *block, const struct pool_owner *holder, const void *process,
                              uint32_t access)
{
    const struct pool_grant *grant = pool_find_grant(block, process);
    if (block->owner != holder && grant == NULL) {
        return BALLAST_NOT_FOUND;
    }
    return block->owner == holder || grant->access >= access ? BALLAST_SUCCESS : BALLAST_ACCESS_DENIED;
}

/* Whether a view is locked, or has been tried to be, if that is asked for. */
static bool satisfies(const struct pool_view *view, uint32_t options)
{
    bool locked = (view->state & BALLAST_AI_BLOCK_LOCKED) != 0;
    return locked || ((options & BALLAST_AI_LOCK) == 0 &&
                      ((options & BALLAST_AI_LOCK_IF_POSSIBLE) == 0 || view->lock_status != BALLAST_SUCCESS));
}

/* One more use of a view that the caller has already; false if it has none such. Shard locked. */
static bool reuse(struct pool_block *block, const struct pool_owner *holder, const void *process, uint32_t access,
                  uint32_t options, struct pool_view *view)
{
    if (block->owner == holder && block->process == process && block->view_count != 0 &&
        block->view_count != UINT32_MAX && access == BALLAST_AI_ACCESS_WRITE && satisfies(&block->view, options)) {
        block->view_count++;
        *view = block->view;
        return true;
    }
    for (struct pool_mapping *mapping = block->mappings; mapping != NULL; mapping = mapping->next) {
        if (pool_holder_of(mapping) == holder && mapping->process == process && mapping->access == access &&
            mapping->count != UINT32_MAX && satisfies(&mapping->view, options)) {
            mapping->count++;
            *view = mapping->view;
            return true;
        }
    }
    return false;
}

/* Maps the pinned block and enters that, unless the grant or the block has gone meanwhile. No lock held. */
static ballast_status map_anew(struct pool_owner *holder, const struct pool_caller *caller, struct pool_block *block,
                               struct pool_mapping *mapping, uint32_t options, struct pool_view *view)
{
    struct pool *pool = holder->pool;
    struct pool_shard *shard = pool_shard_of(block);
    ballast_status status =
        pool->operations->map(block->section, block->size, caller, mapping->access, options, &mapping->view);
    if (ballast_failed(status)) {
        return status;
    }
    platform_mutex_lock(&shard->lock);
    status = pool_is_live(block) ? may_map(block, holder, caller->process, mapping->access) : BALLAST_NOT_FOUND;
    if (!ballast_failed(status) && (__atomic_load_n(&block->mapping_count, __ATOMIC_RELAXED) > POOL_MAXIMUM_SHARES ||
                                    !pool_take_share(holder->process))) {
        status = BALLAST_INSUFFICIENT_RESOURCES;
    }
    if (!ballast_failed(status)) {
        pool->operations->reference(caller->process);
        *view = mapping->view; /* once it is entered and the lock free, a grant taken back frees the mapping */
        pool_link_mapping(pool, block, mapping, holder);
    }
    platform_mutex_unlock(&shard->lock);
    if (ballast_failed(status)) {
        pool->operations->unmap(caller->process, &mapping->view);
    }
    return status;
}

/*
 * The caller's view at this address; NULL if it has been unmapped meanwhile. Another one of the block may be there now, only if
 * a further thread of the process has unmapped what this one is mapping, and mapped it anew: then it is that one that is locked,
 * or, as by any of its own threads, unmapped. No other process's is. Shard locked.
 */
static struct pool_view *find_view(struct pool_block *block, const void *process, uint64_t address)
{
    if (block->process == process && block->view_count != 0 && block->view.address == address) {
        return &block->view;
    }
    for (struct pool_mapping *mapping = block->mappings; mapping != NULL; mapping = mapping->next) {
        if (mapping->process == process && mapping->view.address == address) {
            return &mapping->view;
        }
    }
    return NULL;
}

/*
 * A view that was locked once may have been unlocked by its process since, and one that could not be locked perhaps can now:
 * locks it again, and remembers what came of it.
 * The block is pinned, no lock held.
 */
static ballast_status lock_again(struct pool *pool, const struct pool_caller *caller, struct pool_block *block,
                                 uint32_t options, struct pool_view *view)
{
    struct pool_shard *shard = pool_shard_of(block);
    pool->operations->lock(caller, block->size, view);
    platform_mutex_lock(&shard->lock);
    struct pool_view *entered = find_view(block, caller->process, view->address);
    if (entered != NULL) {
        pool_count_locked(block, entered, false);
        entered->state = view->state;
        entered->lock_status = view->lock_status;
        pool_count_locked(block, entered, true);
    }
    platform_mutex_unlock(&shard->lock);
    return (options & BALLAST_AI_LOCK) != 0 && view->state == 0 ? view->lock_status : BALLAST_SUCCESS;
}

/* The block is pinned. */
static ballast_status map_pinned(struct pool_owner *holder, const struct pool_caller *caller, struct pool_block *block,
                                 uint64_t id, uint32_t access, uint32_t options, struct pool_view *view, bool *reused)
{
    struct pool_shard *shard = pool_shard_of(block);
    platform_mutex_lock(&shard->lock);
    ballast_status status = may_map(block, holder, caller->process, access);
    *reused = !ballast_failed(status) && reuse(block, holder, caller->process, access, options, view);
    platform_mutex_unlock(&shard->lock);
    if (ballast_failed(status) || *reused) {
        return status;
    }
    struct pool_mapping *mapping = platform_allocate(PLATFORM_POOL_PAGED, sizeof(*mapping), POOL_TAG_SHARE);
    if (mapping == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    *mapping = (struct pool_mapping){
        .id = id, .process = caller->process, .access = access, .count = 1, .by_grant = block->owner != holder};
    status = map_anew(holder, caller, block, mapping, options, view);
    if (ballast_failed(status)) {
        platform_free(mapping, sizeof(*mapping), POOL_TAG_SHARE);
    }
    return status;
}

/*
 * Drops one use of the caller's view at this address, 0: of the one that it has mapped last. *chain, or the owner's view if
 * *own, is what nobody uses any more. Shard locked.
 */
static bool unuse(struct pool_owner *holder, const void *process, struct pool_block *block, uint64_t address,
                  struct pool_mapping **chain, bool *own)
{
    for (struct pool_mapping **link = &block->mappings; *link != NULL; link = &(*link)->next) {
        if (pool_holder_of(*link) == holder && (*link)->process == process &&
            (address == 0 || (*link)->view.address == address)) {
            if (--(*link)->count == 0) {
                *chain = pool_detach(holder->pool, block, link, NULL);
            }
            return true;
        }
    }
    if (block->owner != holder || block->process != process || block->view_count == 0 ||
        (address != 0 && block->view.address != address)) {
        return false;
    }
    *own = block->view_count == 1;
    if (*own) {
        (void)pool_take_first_view(block);
    } else {
        block->view_count--;
    }
    return true;
}

/* As unuse. The block is pinned, no lock held. False: the caller has no such view through this holder. */
static bool unmap_pinned(struct pool_owner *holder, const struct pool_caller *caller, struct pool_block *block,
                         uint64_t address)
{
    struct pool *pool = holder->pool;
    struct pool_mapping *chain = NULL;
    bool own = false;
    platform_mutex_lock(&pool_shard_of(block)->lock);
    bool found = unuse(holder, caller->process, block, address, &chain, &own);
    platform_mutex_unlock(&pool_shard_of(block)->lock);
    pool_unmap_chain(pool, chain);
    if (own) {
        pool->operations->unmap(block->process, &block->view);
    }
    return found;
}

ballast_status pool_unmap(struct pool_owner *holder, const struct pool_caller *caller, uint64_t id)
{
    struct pool_block *block = pool_pin(holder->pool, id);
    if (block == NULL) {
        return BALLAST_NOT_FOUND;
    }
    bool found = unmap_pinned(holder, caller, block, 0);
    pool_unpin(holder->pool, block);
    return found ? BALLAST_SUCCESS : BALLAST_NOT_FOUND;
}

ballast_status pool_map(struct pool_owner *holder, const struct pool_caller *caller, uint64_t id, uint32_t access,
                        uint32_t options, struct pool_result *result)
{
    if (access != BALLAST_AI_ACCESS_READ && access != BALLAST_AI_ACCESS_WRITE) {
        return BALLAST_INVALID_PARAMETER;
    }
    struct pool_block *block = pool_pin(holder->pool, id);
    if (block == NULL) {
        return BALLAST_NOT_FOUND;
    }
    struct pool_result mapped = {.id = id, .size = block->size};
    bool reused = false;
    ballast_status status = map_pinned(holder, caller, block, id, access, options, &mapped.view, &reused);
    if (reused && (options & (BALLAST_AI_LOCK | BALLAST_AI_LOCK_IF_POSSIBLE)) != 0) {
        status = lock_again(holder->pool, caller, block, options, &mapped.view);
        if (ballast_failed(status)) {
            (void)unmap_pinned(holder, caller, block, mapped.view.address);
        }
    }
    if (!ballast_failed(status)) {
        *result = mapped;
    }
    pool_unpin(holder->pool, block);
    return status;
}
