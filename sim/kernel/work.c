/* SPDX-License-Identifier: MIT */
/* Io: work items, which threads of the system run. */

#include "sim/kernel/work.h"

#include "sim/ground/activity.h"
#include "sim/ground/chance.h"
#include "sim/ground/fault.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/device.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct _IO_WORKITEM {
    struct sim_device *device;
    PIO_WORKITEM_ROUTINE routine;
    PVOID context;
    bool queued; /* atomic */
};

static LONG items, running; /* atomic */

PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT device)
{
    sim_check_irql("IoAllocateWorkItem", DISPATCH_LEVEL);
    if (sim_fault("IoAllocateWorkItem")) {
        return NULL;
    }
    PIO_WORKITEM item = calloc(1, sizeof(*item));
    item->device = (struct sim_device *)device;
    __atomic_add_fetch(&items, 1, __ATOMIC_RELAXED);
    return item;
}

void IoFreeWorkItem(PIO_WORKITEM item)
{
    sim_check_irql("IoFreeWorkItem", DISPATCH_LEVEL);
    if (__atomic_load_n(&item->queued, __ATOMIC_RELAXED)) {
        sim_violation("work-item", "IoFreeWorkItem on one that is queued");
    }
    __atomic_sub_fetch(&items, 1, __ATOMIC_RELAXED);
    free(item);
}

/* The item may be freed by its routine, and queued by it again. */
static void *run(void *context)
{
    PIO_WORKITEM item = context;
    struct sim_device *device = item->device;
    struct sim_thread *self = sim_self();
    self->administrator = true;
    struct sim_entry state = sim_enter_driver();
    sim_delay();
    __atomic_store_n(&item->queued, false, __ATOMIC_RELAXED);
    item->routine(&device->object, item->context);
    sim_leave_driver("a work item", state);
    sim_device_dereference(device);
    sim_publish(&running);
    __atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
    sim_activity_add(-1);
    return NULL;
}

void IoQueueWorkItem(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine, WORK_QUEUE_TYPE type, PVOID context)
{
    pthread_t thread;
    UNREFERENCED_PARAMETER(type);
    sim_check_irql("IoQueueWorkItem", DISPATCH_LEVEL);
    if (__atomic_exchange_n(&item->queued, true, __ATOMIC_RELAXED)) {
        sim_violation("work-item", "IoQueueWorkItem on one that is queued");
    }
    item->routine = routine;
    item->context = context;
    sim_device_reference(item->device);
    __atomic_add_fetch(&running, 1, __ATOMIC_RELAXED);
    sim_activity_add(1);
    if (pthread_create(&thread, NULL, run, item) != 0) {
        sim_violation("test", "no more threads");
    }
    pthread_detach(thread);
}

void sim_work_check_freed(void)
{
    struct timespec pause = {0, 50000};
    while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) != 0) {
        (void)nanosleep(&pause, NULL);
    }
    sim_observe(&running);
    if (__atomic_load_n(&items, __ATOMIC_RELAXED) != 0) {
        sim_violation("leak", "a work item is not freed");
    }
}
