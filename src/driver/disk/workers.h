/* SPDX-License-Identifier: MIT */
/* The threads that serve a disk's queue. PASSIVE_LEVEL. */
#ifndef DRIVER_DISK_WORKERS_H
#define DRIVER_DISK_WORKERS_H

#include "driver/disk/device/device.h"

/* The queue and the count of a device that is being built, whose first worker is the calling thread. */
void disk_workers_initialize(struct disk_device *device);

/* One more worker, up to DISK_DEVICE_WORKERS. Doing without is harmless. Called by a worker of the device. */
void disk_workers_start_helper(struct disk_device *device);

/* Serves requests until the device is removed, and sees to its end; does not touch it afterwards. */
void disk_workers_serve(struct disk_device *device);

#endif
