/* SPDX-License-Identifier: MIT */
/*
 * The part of Windows' storage control interface that disks answer: values and layouts of ntdddisk.h, ntddstor.h and
 * ntddcdrm.h in fixed-width integers, because the core includes no system header.
 */
#ifndef CORE_DISK_STORAGE_ABI_H
#define CORE_DISK_STORAGE_ABI_H

#include <stddef.h>
#include <stdint.h>

#define IOCTL_CDROM_CHECK_VERIFY                 0x00024800u
#define IOCTL_CDROM_GET_DRIVE_GEOMETRY           0x0002404Cu
#define IOCTL_DISK_CHECK_VERIFY                  0x00074800u
#define IOCTL_DISK_EJECT_MEDIA                   0x00074808u
#define IOCTL_DISK_GET_DRIVE_GEOMETRY            0x00070000u
#define IOCTL_DISK_GET_LENGTH_INFO               0x0007405Cu
#define IOCTL_DISK_GET_MEDIA_TYPES               0x00070C00u
#define IOCTL_DISK_GET_PARTITION_INFO            0x00074004u
#define IOCTL_DISK_GET_PARTITION_INFO_EX         0x00070048u
#define IOCTL_DISK_GROW_PARTITION                0x0007C0D0u
#define IOCTL_DISK_IS_WRITABLE                   0x00070024u
#define IOCTL_DISK_MEDIA_REMOVAL                 0x00074804u
#define IOCTL_DISK_UPDATE_DRIVE_SIZE             0x0007C0C8u
#define IOCTL_DISK_UPDATE_PROPERTIES             0x00070140u
#define IOCTL_STORAGE_CHECK_VERIFY               0x002D4800u
#define IOCTL_STORAGE_CHECK_VERIFY2              0x002D0800u
#define IOCTL_STORAGE_EJECT_MEDIA                0x002D4808u
#define IOCTL_STORAGE_GET_HOTPLUG_INFO           0x002D0C14u
#define IOCTL_STORAGE_GET_MEDIA_TYPES            0x002D0C00u
#define IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES 0x002D9404u
#define IOCTL_STORAGE_MEDIA_REMOVAL              0x002D4804u

/* DISK_GEOMETRY */
struct storage_geometry {
    _Alignas(8) int64_t cylinders;
    uint32_t media_type;
    uint32_t tracks_per_cylinder;
    uint32_t sectors_per_track;
    uint32_t bytes_per_sector;
};
_Static_assert(sizeof(struct storage_geometry) == 24, "wire layout");

/* PARTITION_INFORMATION */
struct storage_partition {
    _Alignas(8) int64_t starting_offset;
    int64_t partition_length;
    uint32_t hidden_sectors;
    uint32_t partition_number;
    uint8_t partition_type;
    uint8_t boot_indicator;
    uint8_t recognized_partition;
    uint8_t rewrite_partition;
};
_Static_assert(sizeof(struct storage_partition) == 32, "wire layout");

/* PARTITION_INFORMATION_EX with the MBR member of its union */
struct storage_partition_ex {
    uint32_t partition_style; /* 0: MBR */
    uint32_t padding;
    _Alignas(8) int64_t starting_offset;
    int64_t partition_length;
    uint32_t partition_number;
    uint8_t rewrite_partition;
    uint8_t is_service_partition;
    uint8_t reserved[2];
    uint8_t mbr_partition_type;
    uint8_t mbr_boot_indicator;
    uint8_t mbr_recognized_partition;
    uint8_t mbr_reserved;
    uint32_t mbr_hidden_sectors;
    uint8_t union_rest[104];
};
_Static_assert(offsetof(struct storage_partition_ex, mbr_partition_type) == 32, "wire layout");
_Static_assert(offsetof(struct storage_partition_ex, mbr_hidden_sectors) == 36, "wire layout");
_Static_assert(sizeof(struct storage_partition_ex) == 144, "wire layout");

/* DISK_GROW_PARTITION */
struct storage_grow_partition {
    uint32_t partition_number;
    uint32_t padding;
    _Alignas(8) int64_t bytes_to_grow;
};
_Static_assert(sizeof(struct storage_grow_partition) == 16, "wire layout");

/* STORAGE_HOTPLUG_INFO */
struct storage_hotplug_info {
    uint32_t size;
    uint8_t media_removable;
    uint8_t media_hotplug;
    uint8_t device_hotplug;
    uint8_t write_cache_enable_override;
};
_Static_assert(sizeof(struct storage_hotplug_info) == 8, "wire layout");

/* DEVICE_MANAGE_DATA_SET_ATTRIBUTES */
struct storage_data_set_attributes {
    uint32_t size;
    uint32_t action;
    uint32_t flags;
    uint32_t parameter_block_offset;
    uint32_t parameter_block_length;
    uint32_t data_set_ranges_offset;
    uint32_t data_set_ranges_length;
};
_Static_assert(sizeof(struct storage_data_set_attributes) == 28, "wire layout");

#define DATA_SET_ACTION_TRIM       1u
#define DATA_SET_FLAG_ENTIRE_RANGE 0x00000001u

/* DEVICE_DATA_SET_RANGE */
struct storage_data_set_range {
    int64_t starting_offset;
    uint64_t length_bytes;
};
_Static_assert(sizeof(struct storage_data_set_range) == 16, "wire layout");

#endif
