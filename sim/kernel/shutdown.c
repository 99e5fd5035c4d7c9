/* SPDX-License-Identifier: MIT */
/* Telling drivers that the system goes down. */

#include "sim/kernel/shutdown.h"

#include "sim/ground/fault.h"
#include "sim/ground/thread.h"
#include "sim/ground/waitable.h"
#include "sim/kernel/device.h"
#include "sim/kernel/irp.h"

NTSTATUS sim_IoRegisterShutdownNotification(PDEVICE_OBJECT device)
{
    sim_check_irql("IoRegisterShutdownNotification", PASSIVE_LEVEL);
    if (sim_fault("IoRegisterShutdownNotification")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    sim_device_ask_for_shutdown((struct sim_device *)device, true);
    return STATUS_SUCCESS;
}

void sim_IoUnregisterShutdownNotification(PDEVICE_OBJECT device)
{
    sim_check_irql("IoUnregisterShutdownNotification", PASSIVE_LEVEL);
    sim_device_ask_for_shutdown((struct sim_device *)device, false);
}

static void completed(PIRP irp, void *context)
{
    (void)irp;
    sim_waitable_signal(context, 1);
}

void sim_shutdown_notify(void)
{
    struct sim_device *device;
    while ((device = sim_device_next_for_shutdown()) != NULL) {
        struct sim_waitable *done = sim_waitable_create(0, 1, false);
        PIRP irp = sim_irp_create(&device->object, IRP_MJ_SHUTDOWN, completed, done);
        irp->RequestorMode = KernelMode;
        (void)sim_irp_dispatch(&device->object, irp);
        (void)sim_waitable_wait(done, NULL);
        sim_waitable_free(done);
        sim_device_dereference(device);
    }
}
