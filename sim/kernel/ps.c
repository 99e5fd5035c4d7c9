/* SPDX-License-Identifier: MIT */
/* Ps: system threads, impersonation. */

#include "sim/kernel/ps.h"

#include "sim/api/thread.h"
#include "sim/ground/activity.h"
#include "sim/ground/chance.h"
#include "sim/ground/fault.h"
#include "sim/ground/handle.h"
#include "sim/ground/options.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/ground/waitable.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct system_thread {
    pthread_t pthread;
    struct sim_waitable *ended;
    void (*routine)(PVOID context);
    PVOID context;
    bool running;    /* atomic */
    bool waited_for; /* atomic */
    LONG references; /* atomic: the handle and the thread itself */
};

static LONG threads_running; /* atomic */

static void release(struct system_thread *thread)
{
    if (sim_drop_reference(&thread->references)) {
        sim_waitable_free(thread->ended);
        free(thread);
    }
}

static void end(struct system_thread *thread)
{
    __atomic_sub_fetch(&threads_running, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&thread->running, false, __ATOMIC_RELEASE);
    sim_waitable_signal(thread->ended, 1);
    sim_activity_add(-1);
}

static _Thread_local struct system_thread *current;
static _Thread_local struct sim_entry current_entry;

static void *run(void *context)
{
    struct system_thread *thread = context;
    struct sim_thread *self = sim_self();
    current = thread;
    self->system = true;
    self->administrator = true;
    current_entry = sim_enter_driver();
    sim_delay();
    thread->routine(thread->context);
    sim_violation("thread", "a system thread returned instead of calling PsTerminateSystemThread, as NT 5.2 wants");
}

NTSTATUS PsTerminateSystemThread(NTSTATUS status)
{
    UNREFERENCED_PARAMETER(status);
    struct system_thread *thread = current;
    sim_check_irql("PsTerminateSystemThread", PASSIVE_LEVEL);
    if (thread == NULL) {
        sim_violation("thread", "PsTerminateSystemThread in a thread that is none");
    }
    sim_leave_driver("a system thread", current_entry);
    end(thread);
    release(thread);
    pthread_exit(NULL);
}

static unsigned refusals; /* atomic */

void sim_refuse_threads(unsigned count)
{
    __atomic_store_n(&refusals, count, __ATOMIC_SEQ_CST);
}

bool sim_threads_are_refused(void)
{
    return __atomic_load_n(&refusals, __ATOMIC_SEQ_CST) == UINT_MAX;
}

void sim_threads_reset(void)
{
    sim_refuse_threads(0);
}

static bool refused(void)
{
    unsigned left = __atomic_load_n(&refusals, __ATOMIC_SEQ_CST);
    while (left != 0 && left != UINT_MAX &&
           !__atomic_compare_exchange_n(&refusals, &left, left - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    return left != 0;
}

NTSTATUS PsCreateSystemThread(PHANDLE handle, ULONG access, POBJECT_ATTRIBUTES attributes, HANDLE process,
                              PVOID client_id, void (*routine)(PVOID context), PVOID context)
{
    pthread_attr_t detached;
    UNREFERENCED_PARAMETER(access);
    UNREFERENCED_PARAMETER(process);
    UNREFERENCED_PARAMETER(client_id);
    sim_check_irql("PsCreateSystemThread", PASSIVE_LEVEL);
    if (refused() || sim_fault("PsCreateSystemThread")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct system_thread *thread = calloc(1, sizeof(*thread));
    thread->ended = sim_waitable_create(0, 1, false);
    thread->routine = routine;
    thread->context = context;
    thread->running = true;
    thread->references = 2;
    *handle = sim_handle_create(SIM_HANDLE_THREAD, thread, attributes->Attributes, "PsCreateSystemThread");
    __atomic_add_fetch(&threads_running, 1, __ATOMIC_RELAXED);
    sim_activity_add(1);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread->pthread, &detached, run, thread) != 0) {
        sim_violation("test", "no more threads");
    }
    pthread_attr_destroy(&detached);
    sim_delay();
    return STATUS_SUCCESS;
}

struct sim_waitable *sim_thread_waitable(void *object)
{
    struct system_thread *thread = object;
    __atomic_store_n(&thread->waited_for, true, __ATOMIC_RELAXED);
    return thread->ended;
}

void sim_thread_handle_closed(void *object)
{
    struct system_thread *thread = object;
    if (!__atomic_load_n(&thread->waited_for, __ATOMIC_RELAXED)) {
        sim_violation("thread", "a thread's handle is closed without the thread having been waited for");
    }
    release(thread);
}

void sim_threads_check_joined(void)
{
    LONG running = __atomic_load_n(&threads_running, __ATOMIC_RELAXED);
    if (running != 0) {
        sim_violation("leak", "%d system threads still run", (int)running);
    }
}

PETHREAD PsGetCurrentThread(void);

PETHREAD PsGetCurrentThread(void)
{
    return sim_self();
}

BOOLEAN PsGetVersion(PULONG major, PULONG minor, PULONG build, PUNICODE_STRING service_pack)
{
    bool nt52 = sim_get_options()->nt52;
    UNREFERENCED_PARAMETER(build);
    UNREFERENCED_PARAMETER(service_pack);
    sim_check_irql("PsGetVersion", PASSIVE_LEVEL);
    *major = nt52 ? 5 : 10;
    *minor = nt52 ? 2 : 0;
    return TRUE;
}
