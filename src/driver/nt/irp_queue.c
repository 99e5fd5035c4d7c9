/* SPDX-License-Identifier: MIT */
/*
 * The request queue; irp_queue.h has the contract.
 *
 * Cancellation: a waiting request has a cancel routine. Whoever takes a request out first takes that routine away; when
 * it is already gone, the routine is running, waits for our lock, and completes the request.
 */

#include "driver/nt/irp_queue.h"

#define CONTEXT_QUEUE   0
#define CONTEXT_BARRIER 1
#define CONTEXT_OWNER   2

void nt_irp_queue_initialize(struct nt_irp_queue *queue,
                             void (*abandon)(struct nt_irp_queue *queue, PIRP irp, NTSTATUS status))
{
    RtlZeroMemory(queue, sizeof(*queue));
    KeInitializeSpinLock(&queue->lock);
    InitializeListHead(&queue->waiting);
    KeInitializeEvent(&queue->changed, SynchronizationEvent, FALSE);
    queue->abandon = abandon;
}

static bool is_barrier(PIRP irp)
{
    return irp->Tail.Overlay.DriverContext[CONTEXT_BARRIER] != NULL;
}

/* Whether the oldest waiting request may run now. Lock held. */
static bool head_may_run(const struct nt_irp_queue *queue)
{
    if (IsListEmpty(&queue->waiting) || queue->barrier) {
        return false;
    }
    PIRP head = CONTAINING_RECORD(queue->waiting.Flink, IRP, Tail.Overlay.ListEntry);
    return queue->in_flight == 0 || !is_barrier(head);
}

/* Lets an idle worker look again. Lock held. */
static void wake_idle(struct nt_irp_queue *queue)
{
    if (queue->idle != 0) {
        (void)KeSetEvent(&queue->changed, IO_NO_INCREMENT, FALSE);
    }
}

/* Takes a waiting request out; NULL if it is being cancelled. Lock held. */
static PIRP unlink_irp(struct nt_irp_queue *queue, PIRP irp)
{
    LIST_ENTRY *link = &irp->Tail.Overlay.ListEntry;
    RemoveEntryList(link);
    if (IoSetCancelRoutine(irp, NULL) == NULL) {
        InitializeListHead(link); /* the cancel routine will unlink it once more */
        return NULL;
    }
    queue->length--;
    return irp;
}

static void NTAPI cancel(PDEVICE_OBJECT device, PIRP irp)
{
    struct nt_irp_queue *queue = irp->Tail.Overlay.DriverContext[CONTEXT_QUEUE];
    KIRQL irql;
    UNREFERENCED_PARAMETER(device);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    KeAcquireSpinLock(&queue->lock, &irql);
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
    queue->length--;
    wake_idle(queue); /* it may have been a barrier that held up others */
    void (*abandon)(struct nt_irp_queue *, PIRP, NTSTATUS) = queue->abandon; /* nothing keeps the queue from now on */
    KeReleaseSpinLock(&queue->lock, irql);
    abandon(queue, irp, STATUS_CANCELLED);
}

void nt_irp_queue_insert(struct nt_irp_queue *queue, PIRP irp, bool barrier)
{
    NTSTATUS status = STATUS_PENDING;
    KIRQL irql;
    NT_IRQL_AT_MOST(DISPATCH_LEVEL);
    irp->Tail.Overlay.DriverContext[CONTEXT_QUEUE] = queue;
    irp->Tail.Overlay.DriverContext[CONTEXT_BARRIER] = barrier ? queue : NULL;
    KeAcquireSpinLock(&queue->lock, &irql);
    if (queue->closed) {
        status = STATUS_DEVICE_REMOVED;
    } else {
        (void)IoSetCancelRoutine(irp, cancel);
        if (irp->Cancel && IoSetCancelRoutine(irp, NULL) != NULL) { /* before, and nobody else will complete it */
            status = STATUS_CANCELLED;
        } else {
            InsertTailList(&queue->waiting, &irp->Tail.Overlay.ListEntry);
            queue->length++;
            wake_idle(queue); /* inside the lock: a worker may complete the request, and with it may go the queue */
        }
    }
    KeReleaseSpinLock(&queue->lock, irql);
    if (status != STATUS_PENDING) {
        queue->abandon(queue, irp, status);
    }
}

PIRP nt_irp_queue_take(struct nt_irp_queue *queue, bool *spare_wanted)
{
    KIRQL irql;
    PIRP irp = NULL;
    bool ended = false;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    KeAcquireSpinLock(&queue->lock, &irql);
    for (;;) {
        while (irp == NULL && head_may_run(queue)) {
            irp = unlink_irp(queue, CONTAINING_RECORD(queue->waiting.Flink, IRP, Tail.Overlay.ListEntry));
        }
        ended = irp == NULL && queue->stopping && IsListEmpty(&queue->waiting);
        if (irp != NULL || ended) {
            break;
        }
        queue->idle++;
        KeReleaseSpinLock(&queue->lock, irql);
        (void)KeWaitForSingleObject(&queue->changed, Executive, KernelMode, FALSE, NULL);
        KeAcquireSpinLock(&queue->lock, &irql);
        queue->idle--;
    }
    if (irp != NULL) {
        queue->in_flight++;
        queue->barrier = is_barrier(irp);
    }
    if (ended || head_may_run(queue)) { /* events coalesce, so whoever leaves wakes the next one */
        wake_idle(queue);
    }
    *spare_wanted = irp != NULL && queue->idle == 0;
    KeReleaseSpinLock(&queue->lock, irql);
    return irp;
}

void nt_irp_queue_done(struct nt_irp_queue *queue)
{
    KIRQL irql;
    KeAcquireSpinLock(&queue->lock, &irql);
    queue->in_flight--;
    queue->barrier = false; /* a barrier runs alone, so whatever has ended, none is running now */
    KeReleaseSpinLock(&queue->lock, irql);
}

/* Takes out all waiting requests of this owner. They cannot be cancelled any more. False: there are none. */
static bool remove_owned(struct nt_irp_queue *queue, const void *owner, LIST_ENTRY *found)
{
    KIRQL irql;
    InitializeListHead(found);
    KeAcquireSpinLock(&queue->lock, &irql);
    LIST_ENTRY *link = queue->waiting.Flink;
    while (link != &queue->waiting) {
        PIRP irp = CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry);
        link = link->Flink;
        if ((owner == NULL || irp->Tail.Overlay.DriverContext[CONTEXT_OWNER] == owner) &&
            unlink_irp(queue, irp) != NULL) {
            InsertTailList(found, &irp->Tail.Overlay.ListEntry);
        }
    }
    wake_idle(queue);
    KeReleaseSpinLock(&queue->lock, irql);
    return !IsListEmpty(found);
}

void nt_irp_queue_abandon_all(struct nt_irp_queue *queue, const void *owner, NTSTATUS status)
{
    LIST_ENTRY found;
    while (remove_owned(queue, owner, &found)) { /* again, as who is told may have sent another */
        while (!IsListEmpty(&found)) {
            LIST_ENTRY *link = RemoveHeadList(&found);
            queue->abandon(queue, CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry), status);
        }
    }
}

void nt_irp_queue_close(struct nt_irp_queue *queue)
{
    KIRQL irql;
    KeAcquireSpinLock(&queue->lock, &irql);
    __atomic_store_n(&queue->closed, true, __ATOMIC_RELAXED);
    KeReleaseSpinLock(&queue->lock, irql);
    nt_irp_queue_abandon_all(queue, NULL, STATUS_DEVICE_REMOVED);
}

unsigned nt_irp_queue_count(struct nt_irp_queue *queue)
{
    KIRQL irql;
    KeAcquireSpinLock(&queue->lock, &irql);
    unsigned count = queue->length + queue->in_flight;
    KeReleaseSpinLock(&queue->lock, irql);
    return count;
}

void nt_irp_queue_stop(struct nt_irp_queue *queue)
{
    KIRQL irql;
    KeAcquireSpinLock(&queue->lock, &irql);
    queue->stopping = true;
    /* Inside the lock: a worker that sees `stopping` may lead to the queue being freed. */
    (void)KeSetEvent(&queue->changed, IO_NO_INCREMENT, FALSE);
    KeReleaseSpinLock(&queue->lock, irql);
}
