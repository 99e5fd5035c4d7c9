/* SPDX-License-Identifier: MIT */
/* Io: requests with their rules of completion and cancellation. */

#include "sim/kernel/irp.h"

#include "sim/ground/chance.h"
#include "sim/ground/fault.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/ground/waitable.h"
#include "sim/kernel/device.h"
#include "sim/kernel/driver.h"
#include "sim/kernel/mdl.h"
#include "sim/kernel/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define IRP_MAGIC      0x51A10019u
#define IRP_DEAD_MAGIC 0x51A1DEADu

static struct {
    pthread_mutex_t mutex;
    struct sim_thread *owner;
    KIRQL irql;
} cancel_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};

struct irp {
    IRP public; /* first */
    IO_STACK_LOCATION stack;
    uint32_t magic;
    LONG holds; /* atomic; the request lives while it is not completed or somebody holds it */
    sim_completion *completion;
    void *context;
    bool completed;        /* atomic */
    bool dispatching;      /* atomic; its dispatch routine has not returned */
    NTSTATUS final_status; /* valid in the thread that completed it */
};

PIRP sim_irp_create(PDEVICE_OBJECT device, UCHAR major, sim_completion *completion, void *context)
{
    struct irp *irp = calloc(1, sizeof(*irp));
    irp->magic = IRP_MAGIC;
    irp->holds = 1; /* dropped by completion */
    irp->completion = completion;
    irp->context = context;
    irp->stack.MajorFunction = major;
    irp->stack.DeviceObject = device;
    irp->public.RequestorMode = UserMode;
    /* What nobody set; of PnP what who sends it expects back if nobody handles it. */
    irp->public.IoStatus.Status = major == IRP_MJ_PNP ? STATUS_NOT_SUPPORTED : STATUS_PENDING;
    irp->public.Tail.Overlay.CurrentStackLocation = &irp->stack;
    irp->public.Tail.Overlay.Thread = sim_self();
    return &irp->public;
}

void sim_irp_hold(PIRP irp)
{
    __atomic_add_fetch(&((struct irp *)irp)->holds, 1, __ATOMIC_RELAXED);
}

void sim_irp_release(PIRP public)
{
    struct irp *irp = (struct irp *)public;
    if (sim_drop_reference(&irp->holds)) {
        irp->magic = IRP_DEAD_MAGIC;
        sim_memory_unpoison(irp, sizeof(*irp));
        free(irp);
    }
}

static bool hold_cancelling; /* atomic */

void sim_irp_cancel_hold(bool on)
{
    __atomic_store_n(&hold_cancelling, on, __ATOMIC_RELAXED);
}

static void wait_while_held(void)
{
    struct timespec pause = {0, 1000000};
    while (__atomic_load_n(&hold_cancelling, __ATOMIC_RELAXED)) {
        (void)nanosleep(&pause, NULL);
    }
}

void IoCompleteRequest(PIRP public, CCHAR boost)
{
    struct irp *irp = (struct irp *)public;
    struct sim_thread *self = sim_self();
    UNREFERENCED_PARAMETER(boost);
    sim_check_irql("IoCompleteRequest", DISPATCH_LEVEL);
    if (irp->magic != IRP_MAGIC || __atomic_exchange_n(&irp->completed, true, __ATOMIC_ACQ_REL)) {
        sim_violation("irp-twice", "a request is completed a second time");
    }
    if (irp->public.IoStatus.Status == STATUS_PENDING) {
        sim_violation("irp-status", "a request is completed with STATUS_PENDING, or without a status");
    }
    if (irp->stack.MajorFunction == IRP_MJ_PNP && irp->public.IoStatus.Status == STATUS_INVALID_DEVICE_REQUEST) {
        sim_violation("irp-pnp", "a PnP request that is not handled does not keep its status");
    }
    if (irp->public.CancelRoutine != NULL) {
        sim_violation("irp-cancel", "a request is completed with its cancel routine set");
    }
    if (__atomic_load_n(&cancel_lock.owner, __ATOMIC_RELAXED) == self ||
        (self->irql == DISPATCH_LEVEL && self->held_count != 0)) {
        sim_violation("irp-locked", "a request is completed while a spin lock is held");
    }
    if (!__atomic_load_n(&irp->dispatching, __ATOMIC_RELAXED) && (irp->stack.Control & SL_PENDING_RETURNED) == 0) {
        sim_violation("irp-pending", "a request is completed after its dispatch routine, but was not marked pending");
    }
    irp->final_status = irp->public.IoStatus.Status;
    sim_delay();
    sim_mdl_finish(irp->public.MdlAddress, NT_ERROR(irp->final_status) ? 0 : irp->public.IoStatus.Information);
    bool cancelled_here = self->cancelling == public;
    irp->completion(public, irp->context);
    sim_memory_poison(irp, sizeof(*irp)); /* not the driver's any more */
    sim_irp_release(public);
    sim_delay();
    if (cancelled_here) {
        wait_while_held();
    }
    self->completed_cancelled |= cancelled_here;
}

/* Calls the dispatch routine and holds what it returns against what became of the request. */
NTSTATUS sim_irp_dispatch(PDEVICE_OBJECT device, PIRP public)
{
    struct irp *irp = (struct irp *)public;
    UCHAR major = irp->stack.MajorFunction;
    struct sim_thread *self = sim_self();
    struct sim_device *outer = self->device;
    struct sim_device *inner = device->DriverObject == sim_driver() ? (struct sim_device *)device : NULL;
    sim_irp_hold(public);
    if (inner != NULL) {
        sim_device_reference(inner); /* the request's file may be closed before its dispatch routine returns */
    }
    __atomic_store_n(&irp->dispatching, true, __ATOMIC_RELAXED);
    struct sim_entry state = sim_enter_driver();
    self->device = inner;
    NTSTATUS status = device->DriverObject->MajorFunction[major](device, public);
    /* cppcheck-suppress redundantAssignment ; what interrupts the routine has read it */
    self->device = outer;
    sim_leave_driver("a dispatch routine", state);
    bool completed = __atomic_load_n(&irp->completed, __ATOMIC_ACQUIRE);
    UCHAR control = irp->stack.Control;
    if (status == STATUS_PENDING) {
        if ((control & SL_PENDING_RETURNED) == 0) {
            sim_violation("irp-pending", "a dispatch routine returned STATUS_PENDING without marking the request");
        }
    } else {
        if (!completed) {
            sim_violation("irp-missed", "a dispatch routine returned 0x%08x without completing the request",
                          (unsigned)status);
        }
        if ((control & SL_PENDING_RETURNED) != 0) {
            sim_violation("irp-pending", "a dispatch routine marked a request pending and returned 0x%08x",
                          (unsigned)status);
        }
        if (irp->final_status != status) {
            sim_violation("irp-status", "a dispatch routine returned 0x%08x for a request completed with 0x%08x",
                          (unsigned)status, (unsigned)irp->final_status);
        }
    }
    __atomic_store_n(&irp->dispatching, false, __ATOMIC_RELAXED);
    sim_irp_release(public);
    if (inner != NULL) {
        sim_device_dereference(inner);
    }
    return status;
}

/* ---- cancellation ---- */

void IoReleaseCancelSpinLock(KIRQL irql)
{
    struct sim_thread *self = sim_self();
    if (__atomic_load_n(&cancel_lock.owner, __ATOMIC_RELAXED) != self) {
        sim_violation("lock-not-held", "the cancel spin lock is released by a thread that does not hold it");
    }
    if (irql != cancel_lock.irql) {
        sim_violation("irql", "the cancel spin lock is released to IRQL %u instead of %u", irql, cancel_lock.irql);
    }
    __atomic_store_n(&cancel_lock.owner, NULL, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&cancel_lock.mutex);
    self->irql = irql;
}

/* As IoCancelIrp. The caller holds the request. */
void sim_irp_cancel(PIRP public)
{
    struct irp *irp = (struct irp *)public;
    struct sim_thread *self = sim_self();
    KIRQL before = self->irql;
    sim_delay();
    pthread_mutex_lock(&cancel_lock.mutex);
    __atomic_store_n(&cancel_lock.owner, self, __ATOMIC_RELAXED);
    cancel_lock.irql = before;
    self->irql = DISPATCH_LEVEL;
    __atomic_store_n(&public->Cancel, TRUE, __ATOMIC_SEQ_CST);
    /* ThreadSanitizer does not see the exchange: this file is not instrumented. What a driver did before it set its
     * routine, the routine sees, whichever thread set it. */
    sim_publish(&public->CancelRoutine);
    PDRIVER_CANCEL routine = IoSetCancelRoutine(public, NULL);
    sim_observe(&public->CancelRoutine);
    if (routine == NULL) {
        IoReleaseCancelSpinLock(before);
        return;
    }
    public->CancelIrql = before;
    self->cancelling = public;
    struct sim_entry state = sim_enter_driver();
    state.irql = before; /* it leaves at the IRQL before the lock */
    routine(irp->stack.DeviceObject, public);
    self->completed_cancelled = false;
    self->cancelling = NULL;
    if (__atomic_load_n(&cancel_lock.owner, __ATOMIC_RELAXED) == self) {
        sim_violation("irp-cancel", "a cancel routine returned without releasing the cancel spin lock");
    }
    sim_leave_driver("a cancel routine", state);
}

/* ---- requests between drivers ---- */

NTSTATUS IoCallDriver(PDEVICE_OBJECT device, PIRP irp)
{
    sim_check_irql("IoCallDriver", DISPATCH_LEVEL);
    return sim_irp_dispatch(device, irp);
}

struct fsd_request {
    PKEVENT event;
    PIO_STATUS_BLOCK io;
};

static void fsd_completed(PIRP irp, void *context)
{
    struct fsd_request *request = context;
    *request->io = irp->IoStatus;
    if (request->event != NULL) {
        sim_waitable_signal(request->event->Header.object, 1);
    }
    free(request);
}

PIRP IoBuildSynchronousFsdRequest(ULONG major, PDEVICE_OBJECT device, PVOID buffer, ULONG length, PLARGE_INTEGER offset,
                                  PKEVENT event, PIO_STATUS_BLOCK io)
{
    sim_check_irql("IoBuildSynchronousFsdRequest", PASSIVE_LEVEL);
    if (major != IRP_MJ_FLUSH_BUFFERS || buffer != NULL || length != 0 || offset != NULL) {
        sim_violation("test", "IoBuildSynchronousFsdRequest is only simulated for flushes");
    }
    if (sim_fault("IoBuildSynchronousFsdRequest")) {
        return NULL;
    }
    struct fsd_request *request = malloc(sizeof(*request));
    *request = (struct fsd_request){event, io};
    PIRP irp = sim_irp_create(device, (UCHAR)major, fsd_completed, request);
    irp->RequestorMode = KernelMode;
    return irp;
}
