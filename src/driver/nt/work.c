/* SPDX-License-Identifier: MIT */
/* The work thread; work.h has the contract. */

#include "driver/nt/work.h"

#define SECOND (-10000000)

static void wait(struct nt_work_thread *thread)
{
    LARGE_INTEGER second = {.QuadPart = SECOND};
    NTSTATUS status =
        KeWaitForSingleObject(&thread->changed, Executive, KernelMode, FALSE, thread->idle != NULL ? &second : NULL);
    if (status == STATUS_TIMEOUT && !thread->idle()) {
        thread->idle = NULL;
    }
}

/* The next item, waiting for it; NULL when the thread shall end. */
static struct nt_work *take(struct nt_work_thread *thread)
{
    for (;;) {
        KIRQL irql;
        KeAcquireSpinLock(&thread->lock, &irql);
        bool stopping = thread->stopping;
        LIST_ENTRY *link = IsListEmpty(&thread->items) ? NULL : RemoveHeadList(&thread->items);
        KeReleaseSpinLock(&thread->lock, irql);
        if (link != NULL) {
            return CONTAINING_RECORD(link, struct nt_work, link);
        }
        if (stopping) {
            return NULL;
        }
        wait(thread);
    }
}

static void run(void *context)
{
    struct nt_work *work;
    while ((work = take(context)) != NULL) {
        work->routine(work);
    }
}

NTSTATUS nt_work_thread_start(struct nt_work_thread *thread)
{
    KeInitializeSpinLock(&thread->lock);
    InitializeListHead(&thread->items);
    thread->stopping = false;
    thread->idle = NULL;
    KeInitializeEvent(&thread->changed, SynchronizationEvent, FALSE);
    return nt_thread_create(&thread->thread, run, thread);
}

void nt_work_thread_stop(struct nt_work_thread *thread)
{
    KIRQL irql;
    KeAcquireSpinLock(&thread->lock, &irql);
    thread->stopping = true;
    KeReleaseSpinLock(&thread->lock, irql);
    (void)KeSetEvent(&thread->changed, IO_NO_INCREMENT, FALSE);
    nt_thread_join(&thread->thread);
}

void nt_work_when_idle(struct nt_work_thread *thread, bool (*routine)(void))
{
    thread->idle = routine;
}

void nt_work_post(struct nt_work_thread *thread, struct nt_work *work, void (*routine)(struct nt_work *work))
{
    KIRQL irql;
    work->routine = routine;
    KeAcquireSpinLock(&thread->lock, &irql);
    InsertTailList(&thread->items, &work->link);
    KeReleaseSpinLock(&thread->lock, irql);
    (void)KeSetEvent(&thread->changed, IO_NO_INCREMENT, FALSE);
}
