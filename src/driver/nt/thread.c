/* SPDX-License-Identifier: MIT */
/* System threads; thread.h has the contract. */

#include "driver/nt/thread.h"

static void NTAPI start(PVOID context)
{
    struct nt_thread *thread = context;
    thread->routine(thread->context);
    (void)PsTerminateSystemThread(STATUS_SUCCESS);
}

void nt_thread_raise_priority(void)
{
    (void)KeSetPriorityThread((PKTHREAD)PsGetCurrentThread(), LOW_REALTIME_PRIORITY);
}

NTSTATUS nt_thread_create(struct nt_thread *thread, void (*routine)(void *context), void *context)
{
    OBJECT_ATTRIBUTES attributes;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    thread->routine = routine;
    thread->context = context;
    NTSTATUS status = PsCreateSystemThread(&thread->handle, SYNCHRONIZE, &attributes, NULL, NULL, start, thread);
    if (!NT_SUCCESS(status)) {
        thread->handle = NULL;
    }
    return status;
}

void nt_thread_join(struct nt_thread *thread)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    if (thread->handle != NULL) {
        (void)ZwWaitForSingleObject(thread->handle, FALSE, NULL);
        (void)ZwClose(thread->handle);
        thread->handle = NULL;
    }
}

void nt_thread_move(struct nt_thread *to, struct nt_thread *from)
{
    *to = *from;
    from->handle = NULL;
}
