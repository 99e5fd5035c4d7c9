/* SPDX-License-Identifier: MIT */
/* The driver's parameters, and the disks that it creates when it is loaded. */
#ifndef DRIVER_DISK_MAKE_BOOT_H
#define DRIVER_DISK_MAKE_BOOT_H

#include "driver/nt/nt.h"

struct disk_boot_key {
    HANDLE handle;  /* NULL: there is no such key */
    uint32_t disks; /* of its numbers, those below this are to be created, if they are described */
};

/* The driver's own key of parameters comes before that of ImDisk, where ImDisk's programs write. */
struct disk_boot {
    struct disk_boot_key own;
    struct disk_boot_key imdisk;
};

/*
 * Reads the driver's parameters into its policy, each from its own key, else from ImDisk's. `service` is the path of the
 * driver's key. PASSIVE_LEVEL, as all of these.
 */
NTSTATUS disk_boot_read_parameters(const UNICODE_STRING *service, struct disk_boot *boot);
/*
 * Now or later, when there are volumes: *boot stays until disk_boot_end. The last step of loading, after the refresh event.
 * A number that both keys describe is the own key's, and logged.
 */
void disk_boot_create_disks(const UNICODE_STRING *service, struct disk_boot *boot);
/* Also after it has ended. */
void disk_boot_end(struct disk_boot *boot);

#endif
