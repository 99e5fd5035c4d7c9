/* SPDX-License-Identifier: MIT */
/* Ex: fast mutexes. Pool is in memory.c. */

#include "sim/ground/lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"

void ExInitializeFastMutex(PFAST_MUTEX mutex)
{
    sim_check_irql("ExInitializeFastMutex", DISPATCH_LEVEL);
    mutex->object = sim_lock_create(mutex, "fast mutex");
}

void ExAcquireFastMutexUnsafe(PFAST_MUTEX mutex)
{
    const struct sim_thread *self = sim_self();
    sim_check_irql("ExAcquireFastMutexUnsafe", APC_LEVEL);
    sim_lock_check(mutex->object, mutex, "ExAcquireFastMutexUnsafe");
    if (self->irql != APC_LEVEL && self->critical_regions == 0 && self->guarded_regions == 0) {
        sim_violation("critical-region", "ExAcquireFastMutexUnsafe outside a critical region");
    }
    sim_lock_take(mutex->object);
}

void ExReleaseFastMutexUnsafe(PFAST_MUTEX mutex)
{
    sim_check_irql("ExReleaseFastMutexUnsafe", APC_LEVEL);
    sim_lock_check(mutex->object, mutex, "ExReleaseFastMutexUnsafe");
    sim_lock_drop(mutex->object);
}
