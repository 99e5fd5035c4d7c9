/* SPDX-License-Identifier: MIT */
/* The pool: who is charged, processes and the users that they belong to. pool_internal.h has the locks. */

#include "core/mem/pool_internal.h"

static struct pool_process **bucket_of(struct pool *pool, const void *process)
{
    return &pool->processes[process_bucket(process)];
}

static bool same_user(const struct pool_user *user, const struct pool_identity *identity)
{
    if (user->small != identity->small || user->administrator != identity->administrator ||
        user->length != identity->user_length) {
        return false;
    }
    for (size_t i = 0; i < user->length; i++) {
        if (user->name[i] != identity->user[i]) {
            return false;
        }
    }
    return true;
}

/* Makes `*fresh` the user if there is none yet. pool.global locked. */
static struct pool_user *find_user(struct pool *pool, const struct pool_identity *identity, struct pool_user **fresh)
{
    struct pool_user *user = pool->users;
    while (user != NULL && !same_user(user, identity)) {
        user = user->next;
    }
    if (user == NULL) {
        user = *fresh;
        *fresh = NULL;
        user->left = POOL_ANY_SIZE;
        user->length = identity->user_length;
        user->small = identity->small;
        user->administrator = identity->administrator;
        platform_copy(user->name, identity->user, identity->user_length);
        user->quota = identity->small ? pool->limits.small_user : pool->limits.user;
        user->next = pool->users;
        user->link = &pool->users;
        if (user->next != NULL) {
            user->next->link = &user->next;
        }
        pool->users = user;
    }
    return user;
}

/* pool.global locked. */
static struct pool_process *find_process(struct pool *pool, const struct pool_identity *identity)
{
    struct pool_process *process = *bucket_of(pool, identity->process);
    while (process != NULL && (process->process != identity->process || process->small != identity->small)) {
        process = process->next;
    }
    return process;
}

static void enter_process(struct pool *pool, struct pool_process *process, const struct pool_identity *identity,
                          struct pool_user **fresh)
{
    struct pool_process **head = bucket_of(pool, identity->process);
    process->process = identity->process;
    process->process_id = identity->process_id;
    process->create_time = identity->create_time;
    process->small = identity->small;
    process->limited = !identity->administrator;
    process->quota = identity->small ? pool->limits.small_process : pool->limits.process;
    process->shard = &pool->shard[pool->next_shard++ % POOL_SHARDS];
    process->user = find_user(pool, identity, fresh);
    process->user->processes++;
    process->next = *head;
    process->link = head;
    if (process->next != NULL) {
        process->next->link = &process->next;
    }
    *head = process;
}

struct pool_process *pool_process_open(struct pool *pool, const struct pool_identity *identity)
{
    struct pool_process *fresh = platform_allocate(PLATFORM_POOL_PAGED, sizeof(*fresh), POOL_TAG_OWNER);
    struct pool_user *user = platform_allocate(PLATFORM_POOL_PAGED, sizeof(*user), POOL_TAG_OWNER);
    struct pool_process *process = NULL;
    if (fresh != NULL && user != NULL) {
        platform_zero(fresh, sizeof(*fresh));
        platform_zero(user, sizeof(*user));
        platform_mutex_lock(&pool->global);
        process = find_process(pool, identity);
        if (process == NULL) {
            pool->operations->reference(identity->process);
            enter_process(pool, fresh, identity, &user);
            process = fresh;
            fresh = NULL;
        }
        process->owners++;
        platform_mutex_unlock(&pool->global);
    }
    platform_free(fresh, sizeof(*fresh), POOL_TAG_OWNER);
    platform_free(user, sizeof(*user), POOL_TAG_OWNER);
    return process;
}

/* The user goes with its last process. pool.global locked. */
static struct pool_user *leave_user(struct pool_user *user)
{
    if (--user->processes != 0) {
        return NULL;
    }
    *user->link = user->next;
    if (user->next != NULL) {
        user->next->link = user->link;
    }
    return user;
}

void pool_process_close(struct pool *pool, struct pool_process *process)
{
    struct pool_user *user = NULL;
    platform_mutex_lock(&process->shard->lock);
    platform_mutex_lock(&pool->global);
    bool last = --process->owners == 0;
    if (last) {
        pool_credit_back(pool, process);
        *process->link = process->next;
        if (process->next != NULL) {
            process->next->link = process->link;
        }
        user = leave_user(process->user);
    }
    platform_mutex_unlock(&pool->global);
    platform_mutex_unlock(&process->shard->lock);
    if (last) {
        pool->operations->dereference(process->process);
        platform_free(process, sizeof(*process), POOL_TAG_OWNER);
        platform_free(user, sizeof(*user), POOL_TAG_OWNER);
    }
}

void pool_credit_back(struct pool *pool, struct pool_process *process)
{
    uint64_t bytes = process->credit;
    process->credit = 0;
    if (process->creditor_link != NULL) {
        *process->creditor_link = process->creditor_next;
        if (process->creditor_next != NULL) {
            process->creditor_next->creditor_link = process->creditor_link;
        }
        process->creditor_link = NULL;
    }
    pool->unreserved += bytes;
    pool->limited -= process->limited ? bytes : 0;
    process->user->taken -= bytes;
}
