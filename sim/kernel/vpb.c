/* SPDX-License-Identifier: MIT */
/* Volume parameter blocks: what is mounted on a device. */

#include "sim/kernel/vpb.h"

#include "sim/api/file_system.h"
#include "sim/ground/chance.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/ps.h"

#include <pthread.h>
#include <time.h>

static struct {
    pthread_mutex_t mutex;
    struct sim_thread *owner; /* atomic; a thread of the driver */
    uint64_t unlocks;         /* of volumes, so far, and one */
} vpb_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER, .unlocks = 1};

USHORT sim_vpb_change(PDEVICE_OBJECT device, USHORT set, USHORT clear)
{
    struct sim_device *of = (struct sim_device *)device;
    pthread_mutex_lock(&vpb_lock.mutex);
    if ((device->Vpb->Flags & clear & VPB_LOCKED) != 0) {
        of->unlocked = ++vpb_lock.unlocks;
    } else if ((set & VPB_MOUNTED) != 0) {
        of->unlocked = 0;
    }
    device->Vpb->Flags = (USHORT)((device->Vpb->Flags & ~clear) | set);
    USHORT flags = device->Vpb->Flags;
    pthread_mutex_unlock(&vpb_lock.mutex);
    return flags;
}

bool sim_vpb_is_left(const struct sim_device *device)
{
    uint64_t looked = sim_self()->looked;
    pthread_mutex_lock(&vpb_lock.mutex);
    bool mounted = (device->vpb.Flags & (VPB_MOUNTED | VPB_LOCKED)) == VPB_MOUNTED;
    bool unlocked_since = looked != 0 && device->unlocked > looked;
    pthread_mutex_unlock(&vpb_lock.mutex);
    return mounted && !unlocked_since && !__atomic_load_n(&device->hangs, __ATOMIC_SEQ_CST) &&
           !sim_threads_are_refused();
}

static unsigned held_look; /* atomic; how many from now on, and one; 1: it waits; 0: none does */

void sim_hold_look(unsigned n)
{
    __atomic_store_n(&held_look, n == 0 ? 0 : n + 1, __ATOMIC_SEQ_CST);
}

bool sim_look_is_held(void)
{
    return __atomic_load_n(&held_look, __ATOMIC_SEQ_CST) == 1;
}

static void wait_for_look(void)
{
    struct timespec time = {0, 100000};
    unsigned now = __atomic_load_n(&held_look, __ATOMIC_SEQ_CST);
    while (now > 1 &&
           !__atomic_compare_exchange_n(&held_look, &now, now - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    while (now == 2 && sim_look_is_held()) {
        (void)nanosleep(&time, NULL);
    }
}

void sim_IoAcquireVpbSpinLock(PKIRQL irql)
{
    struct sim_thread *self = sim_self();
    sim_check_irql("IoAcquireVpbSpinLock", DISPATCH_LEVEL);
    sim_delay();
    wait_for_look();
    if (__atomic_load_n(&vpb_lock.owner, __ATOMIC_RELAXED) == self) {
        sim_violation("lock-recursive", "a thread takes the lock of volume parameter blocks that it holds");
    }
    pthread_mutex_lock(&vpb_lock.mutex);
    __atomic_store_n(&vpb_lock.owner, self, __ATOMIC_RELAXED);
    self->looked = vpb_lock.unlocks;
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
