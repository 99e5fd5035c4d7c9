/* SPDX-License-Identifier: MIT */
/* Volume parameter blocks: what is mounted on a device. */

#include "sim/kernel/vpb.h"

#include "sim/ground/thread.h"
#include "sim/ground/violation.h"

#include <pthread.h>

static struct {
    pthread_mutex_t mutex;
    struct sim_thread *owner; /* atomic; a thread of the driver */
} vpb_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};

USHORT sim_vpb_change(PDEVICE_OBJECT device, USHORT set, USHORT clear)
{
    pthread_mutex_lock(&vpb_lock.mutex);
    device->Vpb->Flags = (USHORT)((device->Vpb->Flags & ~clear) | set);
    USHORT flags = device->Vpb->Flags;
    pthread_mutex_unlock(&vpb_lock.mutex);
    return flags;
}

void sim_IoAcquireVpbSpinLock(PKIRQL irql)
{
    struct sim_thread *self = sim_self();
    sim_check_irql("IoAcquireVpbSpinLock", DISPATCH_LEVEL);
    if (__atomic_load_n(&vpb_lock.owner, __ATOMIC_RELAXED) == self) {
        sim_violation("lock-recursive", "a thread takes the lock of volume parameter blocks that it holds");
    }
    pthread_mutex_lock(&vpb_lock.mutex);
    __atomic_store_n(&vpb_lock.owner, self, __ATOMIC_RELAXED);
    *irql = self->irql;
    self->irql = DISPATCH_LEVEL;
}

void sim_IoReleaseVpbSpinLock(KIRQL irql)
{
    struct sim_thread *self = sim_self();
    if (__atomic_load_n(&vpb_lock.owner, __ATOMIC_RELAXED) != self) {
        sim_violation("lock-not-held", "the lock of volume parameter blocks is released by who does not hold it");
    }
    __atomic_store_n(&vpb_lock.owner, NULL, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&vpb_lock.mutex);
    self->irql = irql;
}
