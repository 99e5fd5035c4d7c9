/* SPDX-License-Identifier: MIT */
/*
 * The control interface of ballastdisk.sys.
 *
 * Part 1 is ImDisk's interface, version 0x0103, byte for byte: existing ImDisk programs talk to this driver unchanged.
 * Part 2 is what Ballast adds on the same devices. docs/compatibility.md lists each fact of part 1 with its state.
 *
 * Objects: \Device\ImDiskCtl (\\.\ImDiskCtl) is the control device, \Device\ImDisk<n> (\\.\ImDisk<n>) is disk number n.
 * All sizes and offsets are in bytes, all text is UTF-16LE without a terminating zero.
 */
#ifndef BALLAST_DISK_ABI_H
#define BALLAST_DISK_ABI_H

#include "ballast/wire.h"

/* ---- Part 1: ImDisk's interface ---------------------------------------------------------------------------------- */

#define IMDISK_DEVICE_TYPE 0x8372u
#define IMDISK_VERSION     0x0103u

#define IMDISK_CONTROL_CODE(function, access) \
    BALLAST_CONTROL_CODE(IMDISK_DEVICE_TYPE, function, BALLAST_METHOD_BUFFERED, access)

#define IMDISK_IOCTL_QUERY_VERSION         IMDISK_CONTROL_CODE(0x800, BALLAST_ACCESS_ANY)
#define IMDISK_IOCTL_CREATE_DEVICE         IMDISK_CONTROL_CODE(0x801, BALLAST_ACCESS_READ_WRITE)
#define IMDISK_IOCTL_QUERY_DEVICE          IMDISK_CONTROL_CODE(0x802, BALLAST_ACCESS_ANY)
#define IMDISK_IOCTL_QUERY_DRIVER          IMDISK_CONTROL_CODE(0x803, BALLAST_ACCESS_ANY)
#define IMDISK_IOCTL_REFERENCE_HANDLE      IMDISK_CONTROL_CODE(0x804, BALLAST_ACCESS_READ_WRITE)
#define IMDISK_IOCTL_SET_DEVICE_FLAGS      IMDISK_CONTROL_CODE(0x805, BALLAST_ACCESS_ANY)
#define IMDISK_IOCTL_REMOVE_DEVICE         IMDISK_CONTROL_CODE(0x806, BALLAST_ACCESS_READ_WRITE)
#define IMDISK_IOCTL_IOCTL_PASS_THROUGH    IMDISK_CONTROL_CODE(0x807, BALLAST_ACCESS_READ_WRITE)
#define IMDISK_IOCTL_FSCTL_PASS_THROUGH    IMDISK_CONTROL_CODE(0x808, BALLAST_ACCESS_READ_WRITE)
#define IMDISK_IOCTL_GET_REFERENCED_HANDLE IMDISK_CONTROL_CODE(0x809, BALLAST_ACCESS_READ_WRITE)

_Static_assert(IMDISK_IOCTL_QUERY_VERSION == 0x83722000u, "wire value");
_Static_assert(IMDISK_IOCTL_CREATE_DEVICE == 0x8372E004u, "wire value");
_Static_assert(IMDISK_IOCTL_QUERY_DEVICE == 0x83722008u, "wire value");
_Static_assert(IMDISK_IOCTL_QUERY_DRIVER == 0x8372200Cu, "wire value");
_Static_assert(IMDISK_IOCTL_REFERENCE_HANDLE == 0x8372E010u, "wire value");
_Static_assert(IMDISK_IOCTL_SET_DEVICE_FLAGS == 0x83722014u, "wire value");
_Static_assert(IMDISK_IOCTL_REMOVE_DEVICE == 0x8372E018u, "wire value");
_Static_assert(IMDISK_IOCTL_IOCTL_PASS_THROUGH == 0x8372E01Cu, "wire value");
_Static_assert(IMDISK_IOCTL_FSCTL_PASS_THROUGH == 0x8372E020u, "wire value");
_Static_assert(IMDISK_IOCTL_GET_REFERENCED_HANDLE == 0x8372E024u, "wire value");

/* Creation flags. Zero in a field means "the driver decides". */
#define IMDISK_OPTION_READ_ONLY      0x00000001u
#define IMDISK_OPTION_REMOVABLE      0x00000002u
#define IMDISK_OPTION_SPARSE_FILE    0x00000004u
#define IMDISK_OPTION_BYTE_SWAP      0x00000008u
#define IMDISK_DEVICE_TYPE_MASK      0x000000F0u
#define IMDISK_DEVICE_TYPE_HD        0x00000010u
#define IMDISK_DEVICE_TYPE_FD        0x00000020u
#define IMDISK_DEVICE_TYPE_CD        0x00000030u
#define IMDISK_DEVICE_TYPE_RAW       0x00000040u
#define IMDISK_TYPE_MASK             0x00000F00u
#define IMDISK_TYPE_FILE             0x00000100u
#define IMDISK_TYPE_VM               0x00000200u
#define IMDISK_TYPE_PROXY            0x00000300u
#define IMDISK_SUBTYPE_MASK          0x0000F000u
#define IMDISK_FILE_QUEUED_IO        0x00000000u
#define IMDISK_FILE_AWE_ALLOC        0x00001000u
#define IMDISK_FILE_PARALLEL_IO      0x00002000u
#define IMDISK_FILE_BUFFERED_IO      0x00003000u
#define IMDISK_IMAGE_MODIFIED        0x00010000u
#define IMDISK_OPTION_SHARED_IMAGE   0x00040000u

/*
 * Ballast's own creation flags, in bits that ImDisk leaves alone. QUERY_DEVICE reports all but AS_IS.
 * STRICT_END: transfers beyond the end fail with NONEXISTENT_SECTOR, instead of succeeding with no bytes. Those of the
 * kernel always do.
 * MOUNT_MANAGER: registers the disk as a volume, and leaves the drive letter to the mount manager. CREATE_DEVICE fails as
 * that does. Without a letter the volume has none.
 * PREFER_VOLUME: the same, but what the mount manager refuses becomes a disk with a link of its own. The flags that the
 * disk has afterwards tell: MOUNT_MANAGER is among them or not.
 * AS_IS: takes the image as it is, without looking at it. Otherwise a file of another format than raw (such as VHDX) is
 * refused with UNRECOGNIZED_MEDIA if the disk begins at its beginning, a fixed VHD is without its footer, and ISO 9660
 * and UDF make a CD if no device type is given. The reply of CREATE_DEVICE has it if the disk has an image: who stores
 * that reply stores what was decided, and a later content of the image decides nothing. With a size that ends before the
 * footer of a fixed VHD, the disk does not grow over it.
 * SECTORS_512E: tells programs to keep to multiples of 4096 bytes, whatever the sector size.
 */
#define BALLAST_OPTION_AS_IS         0x08000000u
#define BALLAST_OPTION_SECTORS_512E  0x04000000u
#define BALLAST_OPTION_STRICT_END    0x01000000u
#define BALLAST_OPTION_MOUNT_MANAGER 0x02000000u
#define BALLAST_OPTION_PREFER_VOLUME 0x10000000u
#define BALLAST_OPTION_MASK                                                                    \
    (BALLAST_OPTION_STRICT_END | BALLAST_OPTION_MOUNT_MANAGER | BALLAST_OPTION_PREFER_VOLUME | \
     BALLAST_OPTION_SECTORS_512E | BALLAST_OPTION_AS_IS)

#define IMDISK_AUTO_DEVICE_NUMBER 0xFFFFFFFFu

/* A disk's number is below this. */
#define IMDISK_MAXIMUM_DEVICES    64000u

/*
 * Input and output of CREATE_DEVICE, output of QUERY_DEVICE. The name follows at offset 48. sizeof(IMDISK_CREATE_DATA)
 * of the ImDisk headers is 56; clients send 56 + name length, the driver requires 54 + name length.
 */
struct imdisk_create_data {
    uint32_t device_number; /* IMDISK_AUTO_DEVICE_NUMBER: the driver chooses */
    uint32_t reserved;
    _Alignas(8) int64_t size_bytes; /* the Cylinders member of DISK_GEOMETRY; 0: the size of the image */
    uint32_t media_type;            /* MEDIA_TYPE of the Windows headers */
    uint32_t tracks_per_cylinder;
    uint32_t sectors_per_track;
    uint32_t bytes_per_sector;
    _Alignas(8) int64_t image_offset_bytes;
    uint32_t flags;
    uint16_t drive_letter; /* 0: none */
    uint16_t file_name_length_bytes;
    uint16_t file_name[];
};
_Static_assert(offsetof(struct imdisk_create_data, size_bytes) == 8, "wire layout");
_Static_assert(offsetof(struct imdisk_create_data, media_type) == 16, "wire layout");
_Static_assert(offsetof(struct imdisk_create_data, tracks_per_cylinder) == 20, "wire layout");
_Static_assert(offsetof(struct imdisk_create_data, sectors_per_track) == 24, "wire layout");
_Static_assert(offsetof(struct imdisk_create_data, bytes_per_sector) == 28, "wire layout");
_Static_assert(offsetof(struct imdisk_create_data, image_offset_bytes) == 32, "wire layout");
_Static_assert(offsetof(struct imdisk_create_data, flags) == 40, "wire layout");
_Static_assert(offsetof(struct imdisk_create_data, drive_letter) == 44, "wire layout");
_Static_assert(offsetof(struct imdisk_create_data, file_name_length_bytes) == 46, "wire layout");
_Static_assert(offsetof(struct imdisk_create_data, file_name) == 48, "wire layout");
_Static_assert(sizeof(struct imdisk_create_data) == 48, "wire layout");

#define IMDISK_CREATE_DATA_SIZE         56u /* what clients add to the name length */
#define IMDISK_CREATE_DATA_MINIMUM      54u /* what the driver requires besides the name */
#define IMDISK_QUERY_DEVICE_MINIMUM     58u /* output length QUERY_DEVICE requires besides the name */
#define IMDISK_MAXIMUM_FILE_NAME_LENGTH 0xFFFEu

/* Input of SET_DEVICE_FLAGS, and its output: the flags that could not be changed. */
struct imdisk_set_device_flags {
    uint32_t flags_to_change;
    uint32_t flag_values;
};
_Static_assert(sizeof(struct imdisk_set_device_flags) == 8, "wire layout");

/*
 * STORAGE_GET_DEVICE_NUMBER and VOLUME_GET_VOLUME_DISK_EXTENTS call disk n by this number plus n: programs take such
 * numbers for those of \\.\PhysicalDrive<number>, and must not find somebody else's disk there.
 */
#define BALLAST_STORAGE_NUMBER_BASE 0x83720000u

/* ---- Part 2: Ballast's own codes --------------------------------------------------------------------------------- */

#define BALLAST_CONTROL(function, access) \
    BALLAST_CONTROL_CODE(BALLAST_DEVICE_TYPE, function, BALLAST_METHOD_BUFFERED, access)

/* On a disk: struct ballast_disk_state out. */
#define BALLAST_IOCTL_DISK_QUERY_STATE        BALLAST_CONTROL(0x801, BALLAST_ACCESS_ANY)
/* On a disk: struct ballast_disk_resize in. */
#define BALLAST_IOCTL_DISK_RESIZE             BALLAST_CONTROL(0x802, BALLAST_ACCESS_READ_WRITE)
/* On the control device: struct ballast_disk_driver_state out. */
#define BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE BALLAST_CONTROL(0x803, BALLAST_ACCESS_ANY)

/* On a disk: struct ballast_disk_range_query in, struct ballast_disk_ranges out. */
#define BALLAST_IOCTL_DISK_QUERY_RANGES       BALLAST_CONTROL(0x804, BALLAST_ACCESS_READ)

/* Bits of ballast_disk_state.valid: which of the values that not every disk has are known. */
#define BALLAST_DISK_VALID_MEMORY             0x00000001u /* allocated_bytes and overhead_bytes */

#define BALLAST_DISK_STATE_VERSION            1u

/* Counters start at zero when the disk is created and count completed requests. */
struct ballast_disk_state {
    struct ballast_header header;
    uint32_t device_number;
    uint32_t flags; /* as QUERY_DEVICE reports them */
    uint32_t valid; /* BALLAST_DISK_VALID_* */
    uint32_t bytes_per_sector;
    _Alignas(8) uint64_t size_bytes;
    uint64_t image_offset_bytes;
    uint64_t read_requests;
    uint64_t write_requests;
    uint64_t flush_requests;
    uint64_t trim_requests;
    uint64_t failed_requests; /* of all kinds; not counted in the lines above */
    uint64_t read_bytes;
    uint64_t written_bytes;
    uint64_t trimmed_bytes;
    uint64_t allocated_bytes;    /* memory that holds data */
    uint64_t overhead_bytes;     /* memory spent on finding that data */
    uint32_t requests_in_flight; /* accepted and not yet completed, this query included */
    uint32_t reserved;
};
_Static_assert(offsetof(struct ballast_disk_state, size_bytes) == 24, "wire layout");
_Static_assert(offsetof(struct ballast_disk_state, requests_in_flight) == 120, "wire layout");
_Static_assert(sizeof(struct ballast_disk_state) == 128, "wire layout");

#define BALLAST_DISK_RESIZE_VERSION      1u
#define BALLAST_DISK_RESIZE_ALLOW_SHRINK 0x0001u /* header.flags: data beyond the new end may be discarded */

/*
 * Sets a disk's size. A larger file disk extends its image, which must begin at offset 0; a smaller one leaves it as
 * long as it was. MEDIA_WRITE_PROTECTED if the disk is read-only.
 */
struct ballast_disk_resize {
    struct ballast_header header;
    _Alignas(8) uint64_t size_bytes;
};
_Static_assert(sizeof(struct ballast_disk_resize) == 16, "wire layout");

#define BALLAST_DISK_RANGES_VERSION 1u

/* Asks where from offset_bytes on, for length_bytes at most, the disk holds data. */
struct ballast_disk_range_query {
    struct ballast_header header;
    _Alignas(8) uint64_t offset_bytes;
    uint64_t length_bytes;
};
_Static_assert(sizeof(struct ballast_disk_range_query) == 24, "wire layout");

struct ballast_disk_range {
    uint64_t offset_bytes;
    uint64_t length_bytes;
};
_Static_assert(sizeof(struct ballast_disk_range) == 16, "wire layout");

/*
 * Ascending ranges that may hold something else than zeros; all between them, up to next_offset_bytes, reads as zeros.
 * What lies behind that has not been looked at: ask again from there, until it is the end of what was asked for, or of
 * the disk. A disk that does not know answers that all of it is data.
 */
struct ballast_disk_ranges {
    struct ballast_header header;
    uint32_t count;
    uint32_t reserved;
    uint64_t next_offset_bytes;
    struct ballast_disk_range ranges[]; /* as many as the output has room for */
};
_Static_assert(offsetof(struct ballast_disk_ranges, next_offset_bytes) == 16, "wire layout");
_Static_assert(offsetof(struct ballast_disk_ranges, ranges) == 24, "wire layout");

#define BALLAST_DISK_DRIVER_STATE_VERSION 1u

struct ballast_disk_driver_state {
    struct ballast_header header;
    uint32_t version; /* BALLAST_VERSION_NUMBER of the driver */
    uint32_t disks;   /* disks that exist, those being removed included */
    struct ballast_pool_usage pool[BALLAST_POOL_TAGS];
};
_Static_assert(offsetof(struct ballast_disk_driver_state, pool) == 16, "wire layout");
_Static_assert(sizeof(struct ballast_disk_driver_state) == 400, "wire layout");

#endif
