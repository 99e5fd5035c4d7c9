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
#define IOCTL_CDROM_GET_LAST_SESSION             0x00024038u
#define IOCTL_CDROM_READ_TOC                     0x00024000u
#define IOCTL_DISK_CHECK_VERIFY                  0x00074800u
#define IOCTL_DISK_EJECT_MEDIA                   0x00074808u
#define IOCTL_DISK_FORMAT_TRACKS                 0x0007C018u
#define IOCTL_DISK_FORMAT_TRACKS_EX              0x0007C02Cu
#define IOCTL_DISK_GET_DRIVE_GEOMETRY            0x00070000u
#define IOCTL_DISK_GET_DRIVE_GEOMETRY_EX         0x000700A0u
#define IOCTL_DISK_GET_DRIVE_LAYOUT_EX           0x00070050u
#define IOCTL_DISK_GET_LENGTH_INFO               0x0007405Cu
#define IOCTL_DISK_GET_MEDIA_TYPES               0x00070C00u
#define IOCTL_DISK_GET_PARTITION_INFO            0x00074004u
#define IOCTL_DISK_GET_PARTITION_INFO_EX         0x00070048u
#define IOCTL_DISK_GROW_PARTITION                0x0007C0D0u
#define IOCTL_DISK_IS_WRITABLE                   0x00070024u
#define IOCTL_DISK_MEDIA_REMOVAL                 0x00074804u
#define IOCTL_DISK_SET_PARTITION_INFO            0x0007C008u
#define IOCTL_DISK_SET_PARTITION_INFO_EX         0x0007C04Cu
#define IOCTL_DISK_UPDATE_DRIVE_SIZE             0x0007C0C8u
#define IOCTL_DISK_UPDATE_PROPERTIES             0x00070140u
#define IOCTL_DISK_VERIFY                        0x00070014u
#define IOCTL_MOUNTDEV_LINK_CREATED              0x004DC010u
#define IOCTL_MOUNTDEV_LINK_CREATED_OLD          0x004D0010u /* before Vista */
#define IOCTL_MOUNTDEV_LINK_DELETED              0x004DC014u
#define IOCTL_MOUNTDEV_LINK_DELETED_OLD          0x004D0014u
#define IOCTL_MOUNTDEV_QUERY_DEVICE_NAME         0x004D0008u
#define IOCTL_MOUNTDEV_QUERY_STABLE_GUID         0x004D0018u
#define IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME 0x004D000Cu
#define IOCTL_MOUNTDEV_QUERY_UNIQUE_ID           0x004D0000u
#define IOCTL_STORAGE_CHECK_VERIFY               0x002D4800u
#define IOCTL_STORAGE_CHECK_VERIFY2              0x002D0800u
#define IOCTL_STORAGE_EJECT_MEDIA                0x002D4808u
#define IOCTL_STORAGE_GET_DEVICE_NUMBER          0x002D1080u
#define IOCTL_STORAGE_GET_HOTPLUG_INFO           0x002D0C14u
#define IOCTL_STORAGE_GET_MEDIA_TYPES            0x002D0C00u
#define IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES 0x002D9404u
#define IOCTL_STORAGE_MEDIA_REMOVAL              0x002D4804u
#define IOCTL_STORAGE_QUERY_PROPERTY             0x002D1400u
#define IOCTL_VOLUME_GET_GPT_ATTRIBUTES          0x00560038u
#define IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS     0x00560000u
#define IOCTL_VOLUME_IS_DYNAMIC                  0x00560048u
#define IOCTL_VOLUME_ONLINE                      0x0056C008u

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

/* DISK_GEOMETRY_EX with what follows it: DISK_PARTITION_INFO and DISK_DETECTION_INFO */
struct storage_geometry_ex {
    struct storage_geometry geometry;
    int64_t disk_size;
    uint32_t partition_info_size;
    uint32_t partition_style; /* 0: MBR */
    uint32_t mbr_signature;
    uint32_t mbr_check_sum;
    uint32_t partition_union_rest[2];
    uint32_t detection_info_size;
    uint32_t detection_type; /* 0: none */
    uint32_t detection_union[12];
};
_Static_assert(offsetof(struct storage_geometry_ex, partition_info_size) == 32, "wire layout");
_Static_assert(offsetof(struct storage_geometry_ex, detection_info_size) == 56, "wire layout");
_Static_assert(sizeof(struct storage_geometry_ex) == 112, "wire layout");

#define GEOMETRY_EX_MINIMUM        32u /* without what follows */
#define GEOMETRY_EX_PARTITION_SIZE 24u
#define GEOMETRY_EX_DETECTION_SIZE 56u

/* DRIVE_LAYOUT_INFORMATION_EX with one partition */
struct storage_drive_layout {
    uint32_t partition_style; /* 0: MBR */
    uint32_t partition_count;
    _Alignas(8) uint32_t mbr_signature;
    uint32_t mbr_check_sum;
    uint32_t union_rest[8];
    struct storage_partition_ex partition;
};
_Static_assert(offsetof(struct storage_drive_layout, partition) == 48, "wire layout");
_Static_assert(sizeof(struct storage_drive_layout) == 192, "wire layout");

/* VOLUME_DISK_EXTENTS with one extent */
struct storage_disk_extents {
    uint32_t number_of_extents;
    uint32_t padding;
    uint32_t disk_number;
    uint32_t extent_padding;
    _Alignas(8) int64_t starting_offset;
    int64_t extent_length;
};
_Static_assert(sizeof(struct storage_disk_extents) == 32, "wire layout");

/* STORAGE_DEVICE_NUMBER */
struct storage_device_number {
    uint32_t device_type; /* FILE_DEVICE_* */
    uint32_t device_number;
    uint32_t partition_number; /* 0xFFFFFFFF: cannot have partitions */
};
_Static_assert(sizeof(struct storage_device_number) == 12, "wire layout");

#define STORAGE_DEVICE_TYPE_CD_ROM  2u
#define STORAGE_DEVICE_TYPE_DISK    7u
#define STORAGE_DEVICE_TYPE_UNKNOWN 0x22u

/* STORAGE_PROPERTY_QUERY without its parameters */
struct storage_property_query {
    uint32_t property;
    uint32_t type;
};
_Static_assert(sizeof(struct storage_property_query) == 8, "wire layout");

#define STORAGE_PROPERTY_DEVICE           0u
#define STORAGE_PROPERTY_ADAPTER          1u
#define STORAGE_PROPERTY_ACCESS_ALIGNMENT 6u
#define STORAGE_PROPERTY_SEEK_PENALTY     7u
#define STORAGE_PROPERTY_TRIM             8u
#define STORAGE_PROPERTY_LB_PROVISIONING  11u
#define STORAGE_QUERY_STANDARD            0u
#define STORAGE_QUERY_EXISTS              1u

/* STORAGE_DEVICE_DESCRIPTOR up to its raw properties; text follows */
struct storage_device_descriptor {
    uint32_t version;
    uint32_t size;
    uint8_t device_type; /* SCSI's: 0 direct access, 5 CD */
    uint8_t device_type_modifier;
    uint8_t removable_media;
    uint8_t command_queueing;
    uint32_t vendor_offset;
    uint32_t product_offset;
    uint32_t revision_offset;
    uint32_t serial_number_offset;
    uint32_t bus_type;
    uint32_t raw_properties_length;
};
_Static_assert(sizeof(struct storage_device_descriptor) == 36, "wire layout");

#define STORAGE_DEVICE_DESCRIPTOR_VERSION 40u /* sizeof(STORAGE_DEVICE_DESCRIPTOR) */
#define STORAGE_BUS_VIRTUAL               14u
#define STORAGE_BUS_FILE_BACKED_VIRTUAL   15u

/* STORAGE_ADAPTER_DESCRIPTOR */
struct storage_adapter_descriptor {
    uint32_t version;
    uint32_t size;
    uint32_t maximum_transfer_length; /* 0xFFFFFFFF: any */
    uint32_t maximum_physical_pages;  /* same */
    uint32_t alignment_mask;
    uint8_t uses_pio;
    uint8_t scans_down;
    uint8_t command_queueing;
    uint8_t accelerated_transfer;
    uint8_t bus_type;
    uint8_t padding;
    uint16_t bus_major_version;
    uint16_t bus_minor_version;
    uint8_t srb_type;
    uint8_t address_type;
};
_Static_assert(sizeof(struct storage_adapter_descriptor) == 32, "wire layout");

/* STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR */
struct storage_access_alignment {
    uint32_t version;
    uint32_t size;
    uint32_t bytes_per_cache_line;
    uint32_t cache_alignment_offset;
    uint32_t bytes_per_logical_sector;
    uint32_t bytes_per_physical_sector;
    uint32_t sector_alignment_offset; /* of logical sector 0 in its physical sector */
};
_Static_assert(sizeof(struct storage_access_alignment) == 28, "wire layout");

/* DEVICE_SEEK_PENALTY_DESCRIPTOR, DEVICE_TRIM_DESCRIPTOR */
struct storage_flag_descriptor {
    uint32_t version;
    uint32_t size;
    uint8_t value;
    uint8_t padding[3];
};
_Static_assert(sizeof(struct storage_flag_descriptor) == 12, "wire layout");

#define STORAGE_THIN_PROVISIONED 0x01u
#define STORAGE_THIN_READS_ZEROS 0x02u
#define STORAGE_UNMAP_ALIGNMENT  0x20u /* the alignment is valid */

/* DEVICE_LB_PROVISIONING_DESCRIPTOR, without its limits */
struct storage_lb_provisioning {
    uint32_t version;
    uint32_t size;
    uint8_t flags;
    uint8_t padding[7];
    uint64_t optimal_unmap_granularity;
    uint64_t unmap_granularity_alignment;
};
_Static_assert(sizeof(struct storage_lb_provisioning) == 32, "wire layout");

#define STORAGE_GPT_ATTRIBUTE_READ_ONLY 0x1000000000000000u
#define STORAGE_GPT_ATTRIBUTE_NO_LETTER 0x8000000000000000u

/* FORMAT_PARAMETERS */
struct storage_format_tracks {
    uint32_t media_type;
    uint32_t start_cylinder;
    uint32_t end_cylinder;
    uint32_t start_head;
    uint32_t end_head;
};
_Static_assert(sizeof(struct storage_format_tracks) == 20, "wire layout");

/* FORMAT_EX_PARAMETERS up to its sector numbers, which are 16 bits each */
struct storage_format_tracks_ex {
    struct storage_format_tracks tracks;
    uint16_t gap_length;
    uint16_t sectors_per_track;
};
_Static_assert(sizeof(struct storage_format_tracks_ex) == 24, "wire layout");

#define STORAGE_FORMAT_TRACKS_EX_SIZE 28u /* with one sector number, and padding */

/* SET_PARTITION_INFORMATION is one byte; SET_PARTITION_INFORMATION_EX begins with the style. */
#define STORAGE_SET_PARTITION_EX_SIZE 120u

/* VERIFY_INFORMATION */
struct storage_verify {
    _Alignas(8) int64_t starting_offset;
    uint32_t length;
    uint32_t padding;
};
_Static_assert(sizeof(struct storage_verify) == 16, "wire layout");

/* CDROM_TOC */
struct storage_toc_track {
    uint8_t reserved;
    uint8_t control_and_adr; /* control in the low half */
    uint8_t track_number;
    uint8_t reserved_1;
    uint8_t address[4]; /* reserved, minute, second, frame */
};

struct storage_toc {
    uint8_t length[2]; /* of what follows and is used, high byte first */
    uint8_t first_track;
    uint8_t last_track;
    struct storage_toc_track tracks[100];
};
_Static_assert(sizeof(struct storage_toc) == 804, "wire layout");

#define STORAGE_TOC_LEAD_OUT  0xAAu

/* ---- what the mount manager asks ---- */

/* sizeof(MOUNTDEV_UNIQUE_ID), of MOUNTDEV_NAME: a length in bytes, then so many bytes */
#define MOUNTDEV_COUNTED_SIZE 4u

/* MOUNTDEV_SUGGESTED_LINK_NAME */
struct mountdev_suggested_name {
    uint8_t use_only_if_there_are_no_other_links;
    uint8_t padding;
    uint16_t name_length; /* bytes */
    uint16_t name[];
};
#define MOUNTDEV_SUGGESTED_SIZE 6u

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
