/* SPDX-License-Identifier: MIT */
/* The driver's parameters, and the disks that it creates when it is loaded. */
#ifndef DRIVER_DISK_MAKE_BOOT_H
#define DRIVER_DISK_MAKE_BOOT_H

#include "driver/nt/nt.h"

struct disk_boot {
    HANDLE key;     /* with the parameters; NULL: there are none */
    uint32_t disks; /* numbers below this are to be created, if they are described */
};

/* Reads the driver's parameters into its policy. `service` is the path of its key. PASSIVE_LEVEL, as all of these. */
NTSTATUS disk_boot_read_parameters(const UNICODE_STRING *service, struct disk_boot *boot);
/* Now or later, when there are volumes: *boot stays until disk_boot_end. The last step of loading, after the refresh event. */
void disk_boot_create_disks(const UNICODE_STRING *service, struct disk_boot *boot);
/* Also after it has ended. */
void disk_boot_end(struct disk_boot *boot);

#endif
