/* SPDX-License-Identifier: MIT */
/* Ke: IRQL, spin locks, events, semaphores, waiting, critical regions. */

#include "sim/api/clock.h"
#include "sim/api/thread.h"
#include "sim/kernel/ke.h"

#include "sim/ground/lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/ground/waitable.h"

#include <time.h>

#define KIND_EVENT     0x51A1E7E7u
#define KIND_SEMAPHORE 0x51A15E3Au

/* ---- IRQL and spin locks ---- */

KIRQL KeGetCurrentIrql(void)
{
    return sim_self()->irql;
}

void KeInitializeSpinLock(KSPIN_LOCK *lock)
{
    *lock = (KSPIN_LOCK)sim_lock_create(lock, "spin lock");
}

void sim_acquire_spin_lock(KSPIN_LOCK *address, KIRQL *irql)
{
    struct sim_thread *self = sim_self();
    struct sim_lock *lock = (struct sim_lock *)*address;
    sim_check_irql("KeAcquireSpinLock", DISPATCH_LEVEL);
    sim_lock_check(lock, address, "KeAcquireSpinLock");
    sim_lock_take(lock);
    self->spin_locks++;
    *irql = self->irql;
    self->irql = DISPATCH_LEVEL;
}

unsigned sim_spin_locks_taken(void)
{
    return sim_self()->spin_locks;
}

void KeReleaseSpinLock(KSPIN_LOCK *address, KIRQL irql)
{
    struct sim_thread *self = sim_self();
    struct sim_lock *lock = (struct sim_lock *)*address;
    sim_lock_check(lock, address, "KeReleaseSpinLock");
    if (self->irql != DISPATCH_LEVEL || irql > DISPATCH_LEVEL) {
        sim_violation("irql", "KeReleaseSpinLock at IRQL %u to %u", self->irql, irql);
    }
    sim_lock_drop(lock);
    self->irql = irql;
}

/* ---- events and semaphores ---- */

static struct sim_waitable *waitable_of(const DISPATCHER_HEADER *header, const char *function)
{
    if (header->kind != KIND_EVENT && header->kind != KIND_SEMAPHORE) {
        sim_violation("object-uninitialised", "%s on what is no event or semaphore", function);
    }
    return header->object;
}

static void initialize(DISPATCHER_HEADER *header, ULONG kind, struct sim_waitable *waitable)
{
    header->kind = kind;
    header->object = waitable;
    sim_register_waitable(header, waitable);
}

void KeInitializeEvent(PKEVENT event, EVENT_TYPE type, BOOLEAN signalled)
{
    initialize(&event->Header, KIND_EVENT, sim_waitable_create(signalled, 1, type == SynchronizationEvent));
}

LONG KeSetEvent(PKEVENT event, KPRIORITY increment, BOOLEAN wait)
{
    UNREFERENCED_PARAMETER(increment);
    if (wait) {
        sim_violation("event", "KeSetEvent with Wait is not supported");
    }
    sim_check_irql("KeSetEvent", DISPATCH_LEVEL);
    sim_waitable_signal(waitable_of(&event->Header, "KeSetEvent"), 1);
    return 0;
}

void KeClearEvent(PKEVENT event)
{
    sim_check_irql("KeClearEvent", DISPATCH_LEVEL);
    sim_waitable_clear(waitable_of(&event->Header, "KeClearEvent"));
}

void KeInitializeSemaphore(PKSEMAPHORE semaphore, LONG count, LONG limit)
{
    initialize(&semaphore->Header, KIND_SEMAPHORE, sim_waitable_create(count, limit, true));
}

LONG KeReleaseSemaphore(PKSEMAPHORE semaphore, KPRIORITY increment, LONG adjustment, BOOLEAN wait)
{
    UNREFERENCED_PARAMETER(increment);
    UNREFERENCED_PARAMETER(wait);
    sim_check_irql("KeReleaseSemaphore", DISPATCH_LEVEL);
    sim_waitable_signal(waitable_of(&semaphore->Header, "KeReleaseSemaphore"), adjustment);
    return 0;
}

NTSTATUS KeWaitForSingleObject(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode, BOOLEAN alertable,
                               PLARGE_INTEGER timeout)
{
    UNREFERENCED_PARAMETER(reason);
    UNREFERENCED_PARAMETER(mode);
    UNREFERENCED_PARAMETER(alertable);
    bool poll = timeout != NULL && timeout->QuadPart == 0;
    sim_check_irql("KeWaitForSingleObject", poll ? DISPATCH_LEVEL : APC_LEVEL);
    const DISPATCHER_HEADER *header = object;
    return sim_waitable_wait(waitable_of(header, "KeWaitForSingleObject"), timeout) ? STATUS_SUCCESS : STATUS_TIMEOUT;
}

/* ---- the rest ---- */

/* Seconds from 1601 to 1970. */
#define UNIX_EPOCH 11644473600

static int64_t time_shift; /* atomic */

void sim_system_time_shift(int64_t shift_100ns)
{
    __atomic_store_n(&time_shift, shift_100ns, __ATOMIC_RELAXED);
}

void KeQuerySystemTime(PLARGE_INTEGER time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->QuadPart =
        (now.tv_sec + UNIX_EPOCH) * 10000000 + now.tv_nsec / 100 + __atomic_load_n(&time_shift, __ATOMIC_RELAXED);
}

void KeEnterCriticalRegion(void)
{
    sim_check_irql("KeEnterCriticalRegion", APC_LEVEL);
    sim_self()->critical_regions++;
}

void KeLeaveCriticalRegion(void)
{
    sim_check_irql("KeLeaveCriticalRegion", APC_LEVEL);
    if (sim_self()->critical_regions-- == 0) {
        sim_violation("critical-region", "left without having been entered");
    }
}

void sim_KeEnterGuardedRegion(void)
{
    sim_check_irql("KeEnterGuardedRegion", APC_LEVEL);
    sim_self()->guarded_regions++;
}

void sim_KeLeaveGuardedRegion(void)
{
    sim_check_irql("KeLeaveGuardedRegion", APC_LEVEL);
    if (sim_self()->guarded_regions-- == 0) {
        sim_violation("guarded-region", "left without having been entered");
    }
}

KPRIORITY KeSetPriorityThread(PKTHREAD thread, KPRIORITY priority)
{
    UNREFERENCED_PARAMETER(thread);
    sim_check_irql("KeSetPriorityThread", PASSIVE_LEVEL);
    return priority;
}

static int64_t passed; /* atomic: ns that no host has seen */

void sim_time_passes(unsigned seconds)
{
    __atomic_add_fetch(&passed, seconds * 1000000000ll, __ATOMIC_RELAXED);
}

LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER frequency)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    if (frequency != NULL) {
        frequency->QuadPart = 1000000000;
    }
    return (LARGE_INTEGER){.QuadPart =
                               time.tv_sec * 1000000000 + time.tv_nsec + __atomic_load_n(&passed, __ATOMIC_RELAXED)};
}

_Noreturn void KeBugCheckEx(ULONG code, ULONG_PTR a, ULONG_PTR b, ULONG_PTR c, ULONG_PTR d)
{
    sim_violation("bugcheck", "0x%08x (0x%lx, 0x%lx, 0x%lx, 0x%lx)", code, (unsigned long)a, (unsigned long)b,
                  (unsigned long)c, (unsigned long)d);
}
