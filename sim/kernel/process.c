/* SPDX-License-Identifier: MIT */
/* Ps, Ke: the current process, attaching to another one, and who is told when one exits. */

#include "sim/kernel/process.h"

#include "sim/ground/fault.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/mm.h"

#define ROUTINES 4u

static struct sim_raw_lock lock;
static PCREATE_PROCESS_NOTIFY_ROUTINE routines[ROUTINES];

PEPROCESS IoGetCurrentProcess(void)
{
    PEPROCESS process = sim_current_process();
    return process != NULL ? process : sim_system_eprocess();
}

void KeStackAttachProcess(PKPROCESS process, PKAPC_STATE state)
{
    struct sim_thread *self = sim_self();
    sim_check_irql("KeStackAttachProcess", APC_LEVEL);
    if (!sim_is_eprocess(process)) {
        sim_violation("reference", "KeStackAttachProcess to what is no process");
    }
    state->before = self->attached;
    self->attached = process;
}

void KeUnstackDetachProcess(PKAPC_STATE state)
{
    struct sim_thread *self = sim_self();
    sim_check_irql("KeUnstackDetachProcess", APC_LEVEL);
    if (self->attached == NULL) {
        sim_violation("attached", "KeUnstackDetachProcess in a thread that is not attached");
    }
    self->attached = state->before;
}

/* A process may exit at the moment that the routine is entered. */
static void notify_at_once(PCREATE_PROCESS_NOTIFY_ROUTINE routine)
{
    PEPROCESS process = sim_eprocess_create();
    struct sim_thread *self = sim_self();
    PEPROCESS before = self->process;
    self->process = process;
    routine(NULL, PsGetProcessId(process), FALSE);
    self->process = before;
    sim_eprocess_exit(process);
    sim_eprocess_dereference(process);
}

NTSTATUS PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE routine, BOOLEAN remove)
{
    NTSTATUS status = STATUS_INVALID_PARAMETER;
    sim_check_irql("PsSetCreateProcessNotifyRoutine", PASSIVE_LEVEL);
    if (!remove && sim_fault("PsSetCreateProcessNotifyRoutine")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    sim_raw_lock(&lock);
    for (unsigned i = 0; i < ROUTINES && status != STATUS_SUCCESS; i++) {
        if (routines[i] == (remove ? routine : NULL)) {
            routines[i] = remove ? NULL : routine;
            status = STATUS_SUCCESS;
        }
    }
    sim_raw_unlock(&lock);
    if (NT_SUCCESS(status) && !remove) {
        notify_at_once(routine);
    }
    return status;
}

void sim_process_notify_exit(PEPROCESS process)
{
    struct sim_thread *self = sim_self();
    PEPROCESS before = self->process;
    self->process = process;
    sim_eprocess_begin_exit(process);
    for (unsigned i = 0; i < ROUTINES; i++) {
        sim_raw_lock(&lock);
        PCREATE_PROCESS_NOTIFY_ROUTINE routine = routines[i];
        sim_raw_unlock(&lock);
        if (routine != NULL) {
            struct sim_entry entry = sim_enter_driver();
            routine(NULL, PsGetProcessId(process), FALSE);
            sim_leave_driver("a process notification", entry);
        }
    }
    self->process = before;
}

void sim_process_notify_check_released(void)
{
    for (unsigned i = 0; i < ROUTINES; i++) {
        if (routines[i] != NULL) {
            sim_violation("leak", "the driver is still to be told of processes");
        }
    }
}

/* ---- handles of users ---- */

#define HANDLES 64u

static struct {
    PEPROCESS of, target;
    bool query;
} handles[HANDLES];

uint64_t sim_user_handle_create(PEPROCESS of, PEPROCESS target, bool query)
{
    sim_raw_lock(&lock);
    for (unsigned i = 0; i < HANDLES; i++) {
        if (handles[i].of == NULL) {
            handles[i].of = of;
            handles[i].target = target;
            handles[i].query = query;
            sim_raw_unlock(&lock);
            sim_eprocess_reference(target);
            return 4ull * (i + 1);
        }
    }
    sim_violation("test", "too many handles");
}

void sim_user_handles_close(PEPROCESS of)
{
    for (unsigned i = 0; i < HANDLES; i++) {
        sim_raw_lock(&lock);
        PEPROCESS target = handles[i].of == of ? handles[i].target : NULL;
        if (target != NULL) {
            handles[i].of = NULL;
        }
        sim_raw_unlock(&lock);
        if (target != NULL) {
            sim_eprocess_dereference(target);
        }
    }
}

NTSTATUS sim_user_handle_reference(HANDLE handle, ACCESS_MASK access, PVOID *object)
{
    uintptr_t index = (uintptr_t)handle / 4 - 1;
    NTSTATUS status = STATUS_INVALID_HANDLE;
    sim_check_query_right(access);
    sim_raw_lock(&lock);
    if ((uintptr_t)handle % 4 == 0 && index < HANDLES && handles[index].of != NULL &&
        handles[index].of == IoGetCurrentProcess()) {
        status = handles[index].query ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
    }
    if (NT_SUCCESS(status)) {
        *object = handles[index].target;
        sim_eprocess_reference(handles[index].target);
    }
    sim_raw_unlock(&lock);
    return status;
}
