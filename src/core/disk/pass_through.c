/* SPDX-License-Identifier: MIT */
/* Codes that may be passed on; pass_through.h says why not all. All are METHOD_BUFFERED. */

#include "core/disk/pass_through.h"

#include <stddef.h>

static const uint32_t device_codes[] = {
    0x00070000, /* IOCTL_DISK_GET_DRIVE_GEOMETRY */
    0x000700A0, /* IOCTL_DISK_GET_DRIVE_GEOMETRY_EX */
    0x0007405C, /* IOCTL_DISK_GET_LENGTH_INFO */
    0x00074004, /* IOCTL_DISK_GET_PARTITION_INFO */
    0x00070048, /* IOCTL_DISK_GET_PARTITION_INFO_EX */
    0x0007400C, /* IOCTL_DISK_GET_DRIVE_LAYOUT */
    0x00070050, /* IOCTL_DISK_GET_DRIVE_LAYOUT_EX */
    0x00070C00, /* IOCTL_DISK_GET_MEDIA_TYPES */
    0x00070024, /* IOCTL_DISK_IS_WRITABLE */
    0x00074800, /* IOCTL_DISK_CHECK_VERIFY */
    0x00070014, /* IOCTL_DISK_VERIFY */
    0x00070140, /* IOCTL_DISK_UPDATE_PROPERTIES */
    0x0002404C, /* IOCTL_CDROM_GET_DRIVE_GEOMETRY */
    0x00024800, /* IOCTL_CDROM_CHECK_VERIFY */
    0x00024000, /* IOCTL_CDROM_READ_TOC */
    0x002D0800, /* IOCTL_STORAGE_CHECK_VERIFY2 */
    0x002D4800, /* IOCTL_STORAGE_CHECK_VERIFY */
    0x002D0C00, /* IOCTL_STORAGE_GET_MEDIA_TYPES */
    0x002D0C04, /* IOCTL_STORAGE_GET_MEDIA_TYPES_EX */
    0x002D0C14, /* IOCTL_STORAGE_GET_HOTPLUG_INFO */
    0x002D1080, /* IOCTL_STORAGE_GET_DEVICE_NUMBER */
    0x002D1400, /* IOCTL_STORAGE_QUERY_PROPERTY */
    0x002D4804, /* IOCTL_STORAGE_MEDIA_REMOVAL */
    0x002D4808, /* IOCTL_STORAGE_EJECT_MEDIA */
    0x002D480C, /* IOCTL_STORAGE_LOAD_MEDIA */
    0x00560000, /* IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS */
    0x00560038, /* IOCTL_VOLUME_GET_GPT_ATTRIBUTES */
};

static const uint32_t file_system_codes[] = {
    0x00090000, /* FSCTL_REQUEST_OPLOCK_LEVEL_1 */
    0x00090004, /* FSCTL_REQUEST_OPLOCK_LEVEL_2 */
    0x00090008, /* FSCTL_REQUEST_BATCH_OPLOCK */
    0x0009000C, /* FSCTL_OPLOCK_BREAK_ACKNOWLEDGE */
    0x00090014, /* FSCTL_OPLOCK_BREAK_NOTIFY */
    0x00090028, /* FSCTL_IS_VOLUME_MOUNTED */
    0x0009003C, /* FSCTL_GET_COMPRESSION */
    0x0009C040, /* FSCTL_SET_COMPRESSION */
    0x00090060, /* FSCTL_FILESYSTEM_GET_STATISTICS */
    0x00090064, /* FSCTL_GET_NTFS_VOLUME_DATA */
    0x0009009C, /* FSCTL_GET_OBJECT_ID */
    0x000900A8, /* FSCTL_GET_REPARSE_POINT */
    0x000900C0, /* FSCTL_CREATE_OR_GET_OBJECT_ID */
    0x000900C4, /* FSCTL_SET_SPARSE */
    0x000980C8, /* FSCTL_SET_ZERO_DATA */
};

static bool has(const uint32_t *codes, size_t count, uint32_t code)
{
    size_t i = 0;
    while (i < count && codes[i] != code) {
        i++;
    }
    return i != count;
}

bool pass_through_allowed(uint32_t code, bool file_system)
{
    return file_system ? has(file_system_codes, sizeof(file_system_codes) / sizeof(file_system_codes[0]), code)
                       : has(device_codes, sizeof(device_codes) / sizeof(device_codes[0]), code);
}
