/* SPDX-License-Identifier: MIT */
/* Creation of disks, each in a thread of its own. */
#ifndef DRIVER_DISK_MAKE_CREATE_H
#define DRIVER_DISK_MAKE_CREATE_H

#include "ballast/disk_abi.h"
#include "driver/nt/nt.h"

/* Carries out CREATE_DEVICE. Pends the request, which was `irp`, or fails. PASSIVE_LEVEL, in the thread that made it. */
NTSTATUS disk_create_start(PIRP irp, const struct request *request);

/*
 * Creates a disk without a request of anybody, with all rights. Takes the data over when it succeeds: the disk is being
 * created then, and a failure is reported by disk_create_report. PASSIVE_LEVEL, as all of these.
 */
NTSTATUS disk_create_at_boot(struct imdisk_create_data *data, size_t size, ULONG length);

/* Memory for such data. */
struct imdisk_create_data *disk_create_allocate(size_t size);
void disk_create_free(struct imdisk_create_data *data, size_t size);

/* Reports in the event log that a disk could not be created. */
void disk_create_report(uint32_t number, NTSTATUS status);

#endif
