/* SPDX-License-Identifier: MIT */
/* Disks that the driver creates when it is loaded, as ImDisk's registry values. All return 0 or the Windows error code. */
#ifndef LIB_BOOT_H
#define LIB_BOOT_H

#include <stdbool.h>

#include "lib/internal.h"

/* LoadDevices: one more than the largest number; 0 without a value. ERROR_INVALID_DATA if the value is no number. */
DWORD boot_disks_count(uint32_t *count);

/*
 * Stores a disk as number *number, or as the next one if that is IMDISK_AUTO_DEVICE_NUMBER, and then sets it.
 * ERROR_INVALID_PARAMETER: there can be no such number.
 */
DWORD boot_disk_store(const struct imdisk_create_data *disk, uint32_t *number);

/*
 * Removes a disk's values. If it was the last one, LoadDevices goes down by one, or with `holes` to behind the last that is
 * there. ERROR_FILE_NOT_FOUND: nothing is stored at all.
 */
DWORD boot_disk_delete(uint32_t number, bool holes);

#endif
