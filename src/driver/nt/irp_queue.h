/* SPDX-License-Identifier: MIT */
/*
 * A cancel-safe queue of pended requests, served by any number of worker threads in the order of arrival. A request
 * queued as a barrier runs alone: after all earlier ones have finished and before any later one begins.
 *
 * Uses DriverContext[0] and [1] of the requests; [2] and [3] are the driver's, [2] may name an owner.
 */
#ifndef DRIVER_NT_IRP_QUEUE_H
#define DRIVER_NT_IRP_QUEUE_H

#include "driver/nt/nt.h"

struct nt_irp_queue {
    KSPIN_LOCK lock; /* all members but `changed` */
    LIST_ENTRY waiting;
    unsigned length;    /* of `waiting`, and who is being cancelled */
    unsigned in_flight; /* taken and not yet done */
    unsigned idle;      /* workers waiting for `changed` */
    bool barrier;       /* the one in flight is a barrier */
    bool closed;        /* atomic; takes nothing more */
    bool stopping;
    KEVENT changed; /* auto-reset */
    /* Completes a request that will not be served. IRQL <= DISPATCH_LEVEL, no lock held. */
    void (*abandon)(struct nt_irp_queue *queue, PIRP irp, NTSTATUS status);
};

void nt_irp_queue_initialize(struct nt_irp_queue *queue,
                             void (*abandon)(struct nt_irp_queue *queue, PIRP irp, NTSTATUS status));

/*
 * The caller has marked the request pending and returns STATUS_PENDING. A closed queue abandons it with
 * STATUS_DEVICE_REMOVED. IRQL <= DISPATCH_LEVEL.
 */
void nt_irp_queue_insert(struct nt_irp_queue *queue, PIRP irp, bool barrier);

/*
 * Waits for the next request that may run; NULL when the queue has been stopped and the worker shall end. *spare_wanted
 * tells that no worker is idle now: a request that arrives while this one takes long would have to wait.
 * nt_irp_queue_done follows each request. PASSIVE_LEVEL.
 */
PIRP nt_irp_queue_take(struct nt_irp_queue *queue, bool *spare_wanted);
void nt_irp_queue_done(struct nt_irp_queue *queue);

/* Abandons all waiting requests with `status`, or only those whose DriverContext[2] is `owner`. <= DISPATCH_LEVEL. */
void nt_irp_queue_abandon_all(struct nt_irp_queue *queue, const void *owner, NTSTATUS status);

/* Takes no more requests, and abandons those that wait with STATUS_DEVICE_REMOVED. <= DISPATCH_LEVEL. */
void nt_irp_queue_close(struct nt_irp_queue *queue);

/* Any IRQL. */
static inline bool nt_irp_queue_closed(const struct nt_irp_queue *queue)
{
    return __atomic_load_n(&queue->closed, __ATOMIC_RELAXED);
}

/* How many requests have been inserted and are not done. <= DISPATCH_LEVEL. */
unsigned nt_irp_queue_count(struct nt_irp_queue *queue);

/*
 * Sends the workers home once nothing waits. The queue may be freed as soon as they have left, even if this call has not
 * returned by then. IRQL <= DISPATCH_LEVEL.
 */
void nt_irp_queue_stop(struct nt_irp_queue *queue);

#endif
