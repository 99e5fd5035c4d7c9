/* SPDX-License-Identifier: MIT */
/* Ke: timers with their DPCs, delays. */

#include "sim/kernel/timer.h"

#include "sim/ground/activity.h"
#include "sim/ground/chance.h"
#include "sim/ground/options.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

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

/* Waits until the timer is due, and then until the clock ticks. */
static void wait_until_due(const struct setting *setting)
{
    const int64_t tick = (int64_t)sim_get_options()->timer_tick_us * 1000;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t due = now.tv_sec * 1000000000 + now.tv_nsec + setting->nanoseconds;
    if (tick != 0) {
        due = (due + tick - 1) / tick * tick;
    }
    struct timespec time = {due / 1000000000, due % 1000000000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void *fire(void *context)
{
    struct setting *setting = context;
    struct sim_thread *self = sim_self();
    wait_until_due(setting);
    sim_delay();
    if (!__atomic_exchange_n(&setting->taken, true, __ATOMIC_ACQ_REL)) {
        sim_activity_add(1);
        self->irql = DISPATCH_LEVEL;
        struct sim_entry entry = sim_enter_driver();
        setting->dpc->routine(setting->dpc, setting->dpc->context, NULL, NULL);
        sim_leave_driver("a DPC", entry);
        sim_activity_add(-1);
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

NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE mode, BOOLEAN alertable, PLARGE_INTEGER interval)
{
    UNREFERENCED_PARAMETER(mode);
    UNREFERENCED_PARAMETER(alertable);
    sim_check_irql("KeDelayExecutionThread", APC_LEVEL);
    sim_self()->looked = 0;
    int64_t nanoseconds = hurried(*interval);
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    (void)nanosleep(&time, NULL);
    return STATUS_SUCCESS;
}
