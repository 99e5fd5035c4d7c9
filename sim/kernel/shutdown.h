/* SPDX-License-Identifier: MIT */
/* Telling drivers that the system goes down. */
#ifndef SIM_KERNEL_SHUTDOWN_H
#define SIM_KERNEL_SHUTDOWN_H

#include <ntifs.h>

/* Sends IRP_MJ_SHUTDOWN to the devices that have asked for it, the last one that has asked first. */
void sim_shutdown_notify(void);

/* What drivers look up by name. IoDeleteDevice forgets a device. */
NTSTATUS sim_IoRegisterShutdownNotification(PDEVICE_OBJECT device);
void sim_IoUnregisterShutdownNotification(PDEVICE_OBJECT device);

#endif
