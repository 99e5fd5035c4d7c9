/* SPDX-License-Identifier: MIT */
/* Drivers that do IRQL, locks, events and timers wrong. rules.h says how they are used. */

#include "tests/sim/rules.h"

#include <string.h>

static NTSTATUS irql_left(PIRP irp)
{
    static KIRQL irql;
    KeAcquireSpinLock(&first_lock, &irql);
    return STATUS_PENDING + 0 * (int)irp->Cancel;
}

static NTSTATUS critical_region_left(PIRP irp)
{
    KeEnterCriticalRegion();
    return good(irp);
}

static NTSTATUS critical_region_not_entered(PIRP irp)
{
    KeLeaveCriticalRegion();
    return good(irp);
}

static NTSTATUS mutex_outside_region(PIRP irp)
{
    FAST_MUTEX mutex;
    ExInitializeFastMutex(&mutex);
    ExAcquireFastMutexUnsafe(&mutex);
    return good(irp);
}

static NTSTATUS mutex_left(PIRP irp)
{
    static FAST_MUTEX mutex;
    ExInitializeFastMutex(&mutex);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    KeLeaveCriticalRegion();
    return good(irp);
}

static NTSTATUS recursive(PIRP irp)
{
    KIRQL irql;
    KeAcquireSpinLock(&first_lock, &irql);
    KeAcquireSpinLock(&first_lock, &irql);
    return good(irp);
}

static NTSTATUS not_held(PIRP irp)
{
    KIRQL irql;
    KeAcquireSpinLock(&first_lock, &irql);
    KeReleaseSpinLock(&second_lock, irql);
    return good(irp);
}

static NTSTATUS released_at_passive(PIRP irp)
{
    KeReleaseSpinLock(&first_lock, PASSIVE_LEVEL);
    return good(irp);
}

static NTSTATUS both_orders(PIRP irp)
{
    KIRQL outer;
    KIRQL inner;
    KeAcquireSpinLock(&first_lock, &outer);
    KeAcquireSpinLock(&second_lock, &inner);
    KeReleaseSpinLock(&second_lock, inner);
    KeReleaseSpinLock(&first_lock, outer);
    KeAcquireSpinLock(&second_lock, &outer);
    KeAcquireSpinLock(&first_lock, &inner);
    return good(irp);
}

static NTSTATUS descending(PIRP irp)
{
    static KSPIN_LOCK same[2];
    KIRQL irql[2];
    for (int i = 0; i < 2; i++) {
        KeInitializeSpinLock(&same[i]);
    }
    KeAcquireSpinLock(&same[1], &irql[1]);
    KeAcquireSpinLock(&same[0], &irql[0]);
    KeReleaseSpinLock(&same[0], irql[0]);
    KeReleaseSpinLock(&same[1], irql[1]);
    return good(irp);
}

static NTSTATUS uninitialised_lock(PIRP irp)
{
    KSPIN_LOCK lock = 0;
    KIRQL irql;
    KeAcquireSpinLock(&lock, &irql);
    return good(irp);
}

static NTSTATUS copied_lock(PIRP irp)
{
    KSPIN_LOCK lock = first_lock;
    KIRQL irql;
    KeAcquireSpinLock(&lock, &irql);
    return good(irp);
}

static NTSTATUS lock_freed(PIRP irp)
{
    KIRQL irql;
    KSPIN_LOCK *lock = ExAllocatePoolWithTag(NonPagedPool, sizeof(*lock), TAG);
    KeInitializeSpinLock(lock);
    KeAcquireSpinLock(lock, &irql);
    ExFreePoolWithTag(lock, TAG);
    return good(irp);
}

static NTSTATUS uninitialised_event(PIRP irp)
{
    KEVENT garbage;
    memset(&garbage, 0x5A, sizeof(garbage));
    (void)KeSetEvent(&garbage, IO_NO_INCREMENT, FALSE);
    return good(irp);
}

static NTSTATUS semaphore_overflow(PIRP irp)
{
    KSEMAPHORE semaphore;
    KeInitializeSemaphore(&semaphore, 2, 2);
    (void)KeReleaseSemaphore(&semaphore, IO_NO_INCREMENT, 1, FALSE);
    return good(irp);
}

static NTSTATUS event_with_wait(PIRP irp)
{
    (void)KeSetEvent(&wrong_event, IO_NO_INCREMENT, TRUE);
    return good(irp);
}

static NTSTATUS waits_for_ever(PIRP irp)
{
    (void)KeWaitForSingleObject(&wrong_event, Executive, KernelMode, FALSE, NULL);
    return good(irp);
}

static KTIMER timer;
static KDPC deferred;

static void deferred_routine(PKDPC dpc, PVOID context, PVOID argument_1, PVOID argument_2)
{
    (void)dpc, (void)context, (void)argument_1, (void)argument_2;
}

static NTSTATUS timer_left(PIRP irp)
{
    LARGE_INTEGER due = {.QuadPart = -100000000};
    KeInitializeTimer(&timer);
    KeInitializeDpc(&deferred, deferred_routine, NULL);
    (void)KeSetTimer(&timer, due, &deferred);
    return good(irp);
}

static NTSTATUS uninitialised_timer(PIRP irp)
{
    static KTIMER garbage;
    LARGE_INTEGER due = {.QuadPart = -1};
    (void)KeSetTimer(&garbage, due, &deferred);
    return good(irp);
}

static NTSTATUS bug_check(PIRP irp)
{
    (void)irp;
    KeBugCheckEx(0xC4, 1, 2, 3, 4);
}

static NTSTATUS deep(PIRP irp)
{
    volatile char large[256 << 10];
    large[0] = 1;
    (void)KeGetCurrentIrql();
    (void)KeSetEvent(&wrong_event, IO_NO_INCREMENT, FALSE);
    return large[0] == 1 ? good(irp) : STATUS_SUCCESS;
}

/* ---- the case ---- */

void rules_locks(void)
{
    static const struct wrong rows[] = {
        ROW(irql_left, "lock-left"),
        ROW(critical_region_left, "critical-region-left"),
        ROW(critical_region_not_entered, "critical-region"),
        ROW(mutex_outside_region, "critical-region"),
        ROW(mutex_left, "lock-left"),
        ROW(recursive, "lock-recursive"),
        ROW(not_held, "lock-not-held"),
        ROW(released_at_passive, "irql"),
        ROW(both_orders, "lock-order"),
        ROW(descending, "lock-order"),
        ROW(uninitialised_lock, "lock-uninitialised"),
        ROW(copied_lock, "lock-uninitialised"),
        ROW(lock_freed, "lock-freed"),
        ROW(uninitialised_event, "object-uninitialised"),
        ROW(semaphore_overflow, "semaphore"),
        ROW(event_with_wait, "event"),
        ROW(waits_for_ever, "hang"),
        ROW(bug_check, "bugcheck"),
        ROW(timer_left, "timer"),
        ROW(uninitialised_timer, "object-uninitialised"),
        ROW(deep, "stack"),
    };
    RULES_RUN(rows);
}
