/* SPDX-License-Identifier: MIT */
/* A control request, and what the rows of the tables of codes demand of it. */
#ifndef DRIVER_DISK_DEVICE_REQUEST_H
#define DRIVER_DISK_DEVICE_REQUEST_H

#include "driver/disk/device/device.h"

/* Flags of rows, besides the REQUEST_ ones; those above are the top table's own. */
#define IN_WORKER   0x0400u
#define AT_PASSIVE  0x0800u  /* refused above PASSIVE_LEVEL */
#define MODIFIES    0x1000u  /* needs somebody who may write, which the code itself does not say */
#define BARRIER     0x2000u  /* in a worker, with no other request of the disk at the same time */
#define IF_BLOCKING 0x4000u  /* in a worker only if the disk's source may block */
#define WRITES      0x8000u  /* a read-only disk refuses, before anything else is looked at */
#define REFRESHES   0x10000u /* in a worker, and changes what the disk says about itself */
#define READS       0x20000u /* needs somebody who may read: keeps a worker busy, which the code itself does not say */

#define ROW(name, flags, in, out, short_in, short_out, handler)                \
    {                                                                          \
        name, flags, in, out, BALLAST_##short_in, BALLAST_##short_out, handler \
    }

/* A control request on its way to a handler. */
struct disk_request {
    struct request request;
    PIRP irp;
};

static inline struct disk_device *disk_request_device(struct disk *disk)
{
    return CONTAINING_RECORD(disk, struct disk_device, disk);
}

static inline PIRP disk_request_irp(const struct request *request)
{
    return CONTAINING_RECORD(request, struct disk_request, request)->irp;
}

/* `device` is NULL for the control device's. <= DISPATCH_LEVEL, as all of these. */
struct disk_request disk_request_read(const struct disk_device *device, PIRP irp);

/* Everything that is wrong with a request before its handler looks at it. */
NTSTATUS disk_request_check(const struct disk_device *device, const struct request_entry *row,
                            const struct disk_request *request);

/* Returns `status`. */
NTSTATUS disk_request_complete(const struct disk_request *request, NTSTATUS status);

#endif
