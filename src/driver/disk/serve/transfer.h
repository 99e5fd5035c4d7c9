/* SPDX-License-Identifier: MIT */
/* Read, write and flush. */
#ifndef DRIVER_DISK_SERVE_TRANSFER_H
#define DRIVER_DISK_SERVE_TRANSFER_H

#include "driver/disk/device/device.h"

NTSTATUS NTAPI disk_dispatch_transfer(PDEVICE_OBJECT object, PIRP irp);

/*
 * Around whatever transfers. No special APC, which could read the same disk in this thread, interrupts what the core does to
 * memory; sources that block wait for requests of their own, whose completion is one. <= APC_LEVEL.
 */
void disk_transfer_begin(const struct disk_device *device);
void disk_transfer_end(const struct disk_device *device);

/* Serves a queued read, write or flush in a worker and completes it. */
void disk_serve_transfer(struct disk_device *device, PIRP irp);

#endif
