/* SPDX-License-Identifier: MIT */
/*
 * A readers-writer lock that sleeps. Readers are cheap (one atomic addition each way) and run in parallel; a waiting
 * writer holds off new readers, and a finished writer lets all waiting readers in before the next writer, so neither
 * side starves. Not recursive in either direction.
 *
 * It exists because NT 5.2 exports no push lock and Wine's ERESOURCE hangs when shared and exclusive use are mixed.
 *
 * Kernel: IRQL <= APC_LEVEL, and the caller must be inside a critical region (KeEnterCriticalRegion), so that a thread
 * cannot be suspended while it holds the lock.
 */
#ifndef CORE_BASE_RWLOCK_H
#define CORE_BASE_RWLOCK_H

#include "core/base/platform.h"

struct rwlock {
    int32_t readers;            /* readers inside or waiting; minus RWLOCK_WRITER while a writer is inside or waiting */
    int32_t readers_before;     /* readers that the waiting writer still has to wait for */
    struct platform_mutex gate; /* held by the writer */
    struct platform_semaphore writer_may_enter;
    struct platform_semaphore readers_may_enter;
};

void rwlock_initialize(struct rwlock *lock);
void rwlock_destroy(struct rwlock *lock);
void rwlock_lock_shared(struct rwlock *lock);
void rwlock_unlock_shared(struct rwlock *lock);
void rwlock_lock_exclusive(struct rwlock *lock);
void rwlock_unlock_exclusive(struct rwlock *lock);

#endif
