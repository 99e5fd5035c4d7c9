/* SPDX-License-Identifier: MIT */
/* Read, write and flush. */
#ifndef DRIVER_DISK_SERVE_TRANSFER_H
#define DRIVER_DISK_SERVE_TRANSFER_H

#include "driver/disk/device/device.h"

NTSTATUS NTAPI disk_dispatch_transfer(PDEVICE_OBJECT object, PIRP irp);

/* Serves a queued read, write or flush in a worker and completes it. */
void disk_serve_transfer(struct disk_device *device, PIRP irp);

#endif
