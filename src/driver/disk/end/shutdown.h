/* SPDX-License-Identifier: MIT */
/* The end of the system: what disks hold is saved while files can still be written. */
#ifndef DRIVER_DISK_END_SHUTDOWN_H
#define DRIVER_DISK_END_SHUTDOWN_H

#include "driver/nt/nt.h"

/*
 * Asks the system to send IRP_MJ_SHUTDOWN to the control device before file systems write what they hold: otherwise disks and the
 * volumes of their images would go in any order. Nothing to undo after a failure. PASSIVE_LEVEL.
 */
NTSTATUS disk_shutdown_register(PDEVICE_OBJECT control);
void disk_shutdown_unregister(PDEVICE_OBJECT control);

NTSTATUS NTAPI disk_dispatch_shutdown(PDEVICE_OBJECT object, PIRP irp);

/* When the work thread has ended. PASSIVE_LEVEL. */
void disk_shutdown_join(void);

#endif
