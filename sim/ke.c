/* SPDX-License-Identifier: MIT */
/* Ke: IRQL, spin locks, events, semaphores, waiting, critical regions. */

#include "sim/internal.h"

#include <stdlib.h>
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
    *irql = self->irql;
    self->irql = DISPATCH_LEVEL;
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

/* ---- what can be waited for ---- */

struct sim_waitable {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    LONG count, limit;
    bool automatic; /* a wait takes one */
};

struct sim_waitable *sim_waitable_create(LONG count, LONG limit, bool automatic)
{
    struct sim_waitable *waitable = calloc(1, sizeof(*waitable));
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&waitable->mutex, NULL);
    pthread_cond_init(&waitable->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    waitable->count = count;
    waitable->limit = limit;
    waitable->automatic = automatic;
    return waitable;
}

void sim_waitable_free(struct sim_waitable *waitable)
{
    pthread_cond_destroy(&waitable->changed);
    pthread_mutex_destroy(&waitable->mutex);
    free(waitable);
}

void sim_waitable_signal(struct sim_waitable *waitable, LONG count)
{
    sim_delay();
    pthread_mutex_lock(&waitable->mutex);
    if (waitable->count > waitable->limit - count && waitable->limit != 1) {
        sim_violation("semaphore", "released beyond its limit");
    }
    waitable->count = waitable->limit == 1 ? 1 : waitable->count + count;
    pthread_cond_broadcast(&waitable->changed);
    pthread_mutex_unlock(&waitable->mutex);
    sim_delay();
}

void sim_waitable_clear(struct sim_waitable *waitable)
{
    pthread_mutex_lock(&waitable->mutex);
    waitable->count = 0;
    pthread_mutex_unlock(&waitable->mutex);
}

static struct timespec deadline_after(int64_t nanoseconds)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += nanoseconds / 1000000000;
    time.tv_nsec += nanoseconds % 1000000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

bool sim_waitable_wait(struct sim_waitable *waitable, const LARGE_INTEGER *timeout)
{
    int64_t nanoseconds = sim_get_options()->watchdog_seconds * 1000000000ll;
    if (timeout != NULL && timeout->QuadPart <= 0) { /* relative; absolute ones are not used */
        nanoseconds = -timeout->QuadPart * 100;
    }
    struct timespec deadline = deadline_after(nanoseconds);
    int result = 0;
    sim_delay();
    pthread_mutex_lock(&waitable->mutex);
    while (waitable->count == 0 && result == 0) {
        result = pthread_cond_timedwait(&waitable->changed, &waitable->mutex, &deadline);
    }
    bool taken = waitable->count != 0;
    if (taken && waitable->automatic) {
        waitable->count--;
    }
    pthread_mutex_unlock(&waitable->mutex);
    if (!taken && timeout == NULL) {
        sim_violation("hang", "a wait without a timeout has not ended for %u s", sim_get_options()->watchdog_seconds);
    }
    return taken;
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

/* ---- timers ---- */

#define KIND_TIMER 0x51A17EE0u

static LONG timers_pending; /* atomic: set, and the DPC has not returned */

/* One setting of a timer. */
struct setting {
    PKDPC dpc;
    int64_t nanoseconds;
    LONG references; /* atomic: the timer and the thread */
    bool taken;      /* atomic: it fires, or has been cancelled */
};

static void release_setting(struct setting *setting)
{
    if (setting != NULL && sim_drop_reference(&setting->references)) {
        free(setting);
    }
}

static void *fire(void *context)
{
    struct setting *setting = context;
    struct sim_thread *self = sim_self();
    struct timespec time = {setting->nanoseconds / 1000000000, setting->nanoseconds % 1000000000};
    (void)nanosleep(&time, NULL);
    sim_delay();
    if (!__atomic_exchange_n(&setting->taken, true, __ATOMIC_ACQ_REL)) {
        self->irql = DISPATCH_LEVEL;
        struct sim_entry entry = sim_enter_driver();
        setting->dpc->routine(setting->dpc, setting->dpc->context, NULL, NULL);
        sim_leave_driver("a DPC", entry);
    }
    release_setting(setting);
    __atomic_sub_fetch(&timers_pending, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* Nanoseconds of a relative time, as NT writes it. */
static int64_t hurried(LARGE_INTEGER time)
{
    return -time.QuadPart * 100 / sim_get_options()->hurry;
}

void KeInitializeTimer(PKTIMER timer)
{
    timer->object = (void *)(uintptr_t)KIND_TIMER;
    timer->setting = NULL;
}

BOOLEAN KeCancelTimer(PKTIMER timer)
{
    struct setting *setting = timer->setting;
    sim_check_irql("KeCancelTimer", DISPATCH_LEVEL);
    bool pending = setting != NULL && !__atomic_exchange_n(&setting->taken, true, __ATOMIC_ACQ_REL);
    timer->setting = NULL;
    release_setting(setting);
    return pending;
}

void KeInitializeDpc(PKDPC dpc, KDEFERRED_ROUTINE *routine, PVOID context)
{
    dpc->routine = routine;
    dpc->context = context;
}

BOOLEAN KeSetTimer(PKTIMER timer, LARGE_INTEGER due, PKDPC dpc)
{
    pthread_t thread;
    pthread_attr_t detached;
    sim_check_irql("KeSetTimer", DISPATCH_LEVEL);
    if (timer->object != (void *)(uintptr_t)KIND_TIMER || dpc == NULL || due.QuadPart > 0) {
        sim_violation("object-uninitialised", "KeSetTimer on what is no timer, without a DPC, or at an absolute time");
    }
    (void)KeCancelTimer(timer);
    struct setting *setting = malloc(sizeof(*setting));
    *setting = (struct setting){.dpc = dpc, .nanoseconds = hurried(due), .references = 2};
    timer->setting = setting;
    __atomic_add_fetch(&timers_pending, 1, __ATOMIC_RELAXED);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &detached, fire, setting) != 0) {
        sim_violation("test", "no more threads");
    }
    pthread_attr_destroy(&detached);
    return FALSE;
}

/* Those queued, not timers that are still to fire. Here both are the same. */
void KeFlushQueuedDpcs(void)
{
    struct timespec pause = {0, 100000};
    sim_check_irql("KeFlushQueuedDpcs", PASSIVE_LEVEL);
    while (__atomic_load_n(&timers_pending, __ATOMIC_ACQUIRE) != 0) {
        (void)nanosleep(&pause, NULL);
    }
}

void sim_timers_check_idle(void)
{
    if (__atomic_load_n(&timers_pending, __ATOMIC_ACQUIRE) != 0) {
        sim_violation("timer", "a timer is set, or its DPC runs, after the driver has been unloaded");
    }
}

/* ---- the rest ---- */

NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE mode, BOOLEAN alertable, PLARGE_INTEGER interval)
{
    UNREFERENCED_PARAMETER(mode);
    UNREFERENCED_PARAMETER(alertable);
    sim_check_irql("KeDelayExecutionThread", APC_LEVEL);
    int64_t nanoseconds = hurried(*interval);
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    (void)nanosleep(&time, NULL);
    return STATUS_SUCCESS;
}

/* Seconds from 1601 to 1970. */
#define UNIX_EPOCH 11644473600

void KeQuerySystemTime(PLARGE_INTEGER time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->QuadPart = (now.tv_sec + UNIX_EPOCH) * 10000000 + now.tv_nsec / 100;
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

KPRIORITY KeSetPriorityThread(PKTHREAD thread, KPRIORITY priority)
{
    UNREFERENCED_PARAMETER(thread);
    sim_check_irql("KeSetPriorityThread", PASSIVE_LEVEL);
    return priority;
}

LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER frequency)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    if (frequency != NULL) {
        frequency->QuadPart = 1000000000;
    }
    return (LARGE_INTEGER){.QuadPart = time.tv_sec * 1000000000 + time.tv_nsec};
}

_Noreturn void KeBugCheckEx(ULONG code, ULONG_PTR a, ULONG_PTR b, ULONG_PTR c, ULONG_PTR d)
{
    sim_violation("bugcheck", "0x%08x (0x%lx, 0x%lx, 0x%lx, 0x%lx)", code, (unsigned long)a, (unsigned long)b,
                  (unsigned long)c, (unsigned long)d);
}
