/* SPDX-License-Identifier: MIT */
/* Readers-writer lock over two semaphores, a mutex and atomic counters; rwlock.h has the contract. */

#include "core/base/rwlock.h"

/* More than the number of readers there can ever be. */
#define RWLOCK_WRITER (1 << 30)

void rwlock_initialize(struct rwlock *lock)
{
    lock->readers = 0;
    lock->readers_before = 0;
    platform_mutex_initialize(&lock->gate);
    platform_semaphore_initialize(&lock->writer_may_enter);
    platform_semaphore_initialize(&lock->readers_may_enter);
}

void rwlock_destroy(struct rwlock *lock)
{
    platform_semaphore_destroy(&lock->readers_may_enter);
    platform_semaphore_destroy(&lock->writer_may_enter);
    platform_mutex_destroy(&lock->gate);
}

void rwlock_lock_shared(struct rwlock *lock)
{
    if (__atomic_add_fetch(&lock->readers, 1, __ATOMIC_ACQUIRE) < 0) {
        platform_semaphore_wait(&lock->readers_may_enter);
    }
}

void rwlock_unlock_shared(struct rwlock *lock)
{
    if (__atomic_sub_fetch(&lock->readers, 1, __ATOMIC_RELEASE) < 0 &&
        __atomic_sub_fetch(&lock->readers_before, 1, __ATOMIC_ACQ_REL) == 0) {
        platform_semaphore_post(&lock->writer_may_enter, 1);
    }
}

void rwlock_lock_exclusive(struct rwlock *lock)
{
    platform_mutex_lock(&lock->gate);
    int32_t inside = __atomic_fetch_sub(&lock->readers, RWLOCK_WRITER, __ATOMIC_ACQ_REL);
    /* Readers that leave from here on count readers_before down, possibly below zero before the addition. */
    if (inside != 0 && __atomic_add_fetch(&lock->readers_before, inside, __ATOMIC_ACQ_REL) != 0) {
        platform_semaphore_wait(&lock->writer_may_enter);
    }
}

void rwlock_unlock_exclusive(struct rwlock *lock)
{
    int32_t waiting = __atomic_add_fetch(&lock->readers, RWLOCK_WRITER, __ATOMIC_RELEASE);
    if (waiting > 0) {
        platform_semaphore_post(&lock->readers_may_enter, (uint32_t)waiting);
    }
    platform_mutex_unlock(&lock->gate);
}
