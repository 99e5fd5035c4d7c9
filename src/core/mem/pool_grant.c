/* SPDX-License-Identifier: MIT */
/*
 * The pool: the lists of grants: those of each block, and those for each process, by which they end with it. Of the latter
 * each shard has its own, so that its lock is all that they need. pool_internal.h has the locks.
 */

#include "core/mem/pool_internal.h"

bool pool_take_share(struct pool_process *process)
{
    bool taken = __atomic_add_fetch(&process->shares, 1, __ATOMIC_RELAXED) <= POOL_PROCESS_SHARES;
    taken = __atomic_add_fetch(&process->user->shares, 1, __ATOMIC_RELAXED) <= POOL_USER_SHARES && taken;
    if (!taken) {
        pool_give_share(process);
    }
    return taken;
}

void pool_give_share(struct pool_process *process)
{
    __atomic_sub_fetch(&process->shares, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&process->user->shares, 1, __ATOMIC_RELAXED);
}

struct pool_grant *pool_find_grant(const struct pool_block *block, const void *process)
{
    struct pool_grant *grant = block->grants;
    while (grant != NULL && grant->process != process) {
        grant = grant->next;
    }
    return grant;
}

struct pool_grant *pool_first_grant(const struct pool_shard *shard, const void *process)
{
    struct pool_grant *grant = shard->grants[process_bucket(process)];
    while (grant != NULL && grant->process != process) {
        grant = grant->bucket_next;
    }
    return grant;
}

/* Puts it where *link points. Shard locked, as for the next. */
static void enter_bucket(struct pool_grant *grant, struct pool_grant **link, struct pool_grant *next)
{
    grant->bucket_next = next;
    grant->bucket_link = link;
    if (next != NULL) {
        next->bucket_link = &grant->bucket_next;
    }
    *link = grant;
}

/* The process's others stay: the next one takes its place. */
static void leave_bucket(struct pool_grant *first)
{
    struct pool_grant *heir = first->more;
    if (heir != NULL) {
        heir->more_link = NULL;
        enter_bucket(heir, first->bucket_link, first->bucket_next);
    } else {
        *first->bucket_link = first->bucket_next;
        if (first->bucket_next != NULL) {
            first->bucket_next->bucket_link = first->bucket_link;
        }
    }
}

void pool_link_grant(struct pool_block *block, struct pool_grant *grant)
{
    struct pool_shard *shard = block->owner->shard;
    struct pool_grant *first = pool_first_grant(shard, grant->process);
    grant->block = block;
    grant->next = block->grants;
    grant->link = &block->grants;
    if (grant->next != NULL) {
        grant->next->link = &grant->next;
    }
    block->grants = grant;
    __atomic_add_fetch(&block->grant_count, 1, __ATOMIC_RELAXED);
    grant->more = NULL;
    grant->more_link = NULL;
    if (first == NULL) {
        struct pool_grant **head = &shard->grants[process_bucket(grant->process)];
        enter_bucket(grant, head, *head);
        return;
    }
    grant->more = first->more;
    grant->more_link = &first->more;
    if (grant->more != NULL) {
        grant->more->more_link = &grant->more;
    }
    first->more = grant;
}

struct pool_grant *pool_detach_grant(struct pool_grant *grant, struct pool_grant *chain)
{
    struct pool_block *block = grant->block;
    *grant->link = grant->next;
    if (grant->next != NULL) {
        grant->next->link = grant->link;
    }
    if (grant->more_link == NULL) {
        leave_bucket(grant);
    } else {
        *grant->more_link = grant->more;
        if (grant->more != NULL) {
            grant->more->more_link = grant->more_link;
        }
    }
    pool_give_share(block->owner->process);
    __atomic_sub_fetch(&block->grant_count, 1, __ATOMIC_RELAXED);
    grant->next = chain;
    return grant;
}

void pool_free_grants(struct pool *pool, struct pool_grant *chain)
{
    while (chain != NULL) {
        struct pool_grant *grant = chain;
        chain = grant->next;
        pool->operations->dereference(grant->process);
        platform_free(grant, sizeof(*grant), POOL_TAG_SHARE);
    }
}
