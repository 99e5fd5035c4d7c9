/* SPDX-License-Identifier: MIT */
/* Control requests that a disk answers itself. */
#ifndef DRIVER_DISK_SERVE_CONTROL_H
#define DRIVER_DISK_SERVE_CONTROL_H

#include "driver/disk/device/device.h"
#include "driver/disk/device/request.h"

/* The row of a code that disks answer; NULL if it is not one. Any IRQL. */
const struct request_entry *disk_control_find(uint32_t code);

/*
 * Answers a request to an acquired device, or queues it for a worker, and releases the device. Returns what dispatch
 * returns. <= DISPATCH_LEVEL.
 */
NTSTATUS disk_control_dispatch(struct disk_device *device, const struct request_entry *row,
                               struct disk_request *request);

/* Serves a queued control request in a worker and completes it. */
void disk_serve_control(struct disk_device *device, PIRP irp);

#endif
