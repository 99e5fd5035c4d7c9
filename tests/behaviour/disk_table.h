/* SPDX-License-Identifier: MIT */
/* What the files of the disk driver's behaviour table share: statuses, creating disks, rows, the list of cases. */
#ifndef TESTS_BEHAVIOUR_DISK_TABLE_H
#define TESTS_BEHAVIOUR_DISK_TABLE_H

#include "ballast/disk_abi.h"
#include "tests/behaviour/target.h"
#include "tests/harness/test.h"

#define SUCCESS                0x00000000u
#define INVALID_PARAMETER      0xC000000Du
#define INVALID_DEVICE_REQUEST 0xC0000010u
#define ACCESS_DENIED          0xC0000022u
#define BUFFER_TOO_SMALL       0xC0000023u
#define OBJECT_NAME_NOT_FOUND  0xC0000034u
#define OBJECT_NAME_COLLISION  0xC0000035u
#define SHARING_VIOLATION      0xC0000043u
#define WRITE_PROTECTED        0xC00000A2u
#define BUFFER_OVERFLOW        0x80000005u
#define UNSUCCESSFUL           0xC0000001u
#define NONEXISTENT_SECTOR     0xC0000015u
#define DEVICE_DOES_NOT_EXIST  0xC00000C0u
#define NOT_SUPPORTED          0xC00000BBu
#define FILE_DELETED           0xC0000123u
#define IO_DEVICE_ERROR        0xC0000185u
#define DEVICE_REMOVED         0xC00002B6u

#define MIB                    (1u << 20)
#define CHUNK                  65536u
#define AUTOMATIC              IMDISK_AUTO_DEVICE_NUMBER
#define NO_DISK                0xFFFFFFFEu

/* ---- creating disks for the rows ---- */

struct create {
    uint32_t number;
    uint32_t flags;
    int64_t size;
    int64_t offset;
    const char *image; /* NULL: none */
    uint32_t bytes_per_sector;
    uint16_t letter;
};

struct buffer {
    _Alignas(8) unsigned char bytes[4096];
};

static inline struct imdisk_create_data *data_of(struct buffer *buffer)
{
    return (struct imdisk_create_data *)buffer->bytes;
}

/* Returns the length of the request. */
size_t build(const struct create *create, struct buffer *buffer);

/* Opened on first use, never closed. */
struct target_handle *control_device(void);

uint32_t create_with(const struct create *create, struct buffer *buffer);
uint32_t create_status(struct create create);

/* The number of the new disk, NO_DISK after a failed check. */
uint32_t create_disk(struct create create);
uint32_t create_ram(uint32_t flags, int64_t size);

uint32_t remove_number(uint32_t number);
void remove_disk(uint32_t number);

struct target_handle *open_number(uint32_t number, unsigned rights);
struct target_handle *open_disk(uint32_t number);

/* How many disks the driver has. */
uint32_t driver_disks(void);

/* Bytes of memory that hold a disk's data. */
uint64_t allocated(struct target_handle *disk);

/* ---- what a file system, where one stands above a disk, answers itself ---- */

/* The status of a flush of a disk. */
static inline uint32_t flush_status(void)
{
    return target_raw() ? INVALID_DEVICE_REQUEST : SUCCESS;
}

/* The status of a transfer for which the driver's would be `status`. */
static inline uint32_t transfer_status(uint64_t offset, size_t length, uint32_t status)
{
    return target_file_system() && ((offset | length) & 511) != 0 ? INVALID_PARAMETER : status;
}

/* ---- rows of one request each ---- */

struct row {
    uint32_t code;
    size_t input, output;
    uint32_t status;
    size_t information;
};

void run_rows(struct target_handle *handle, const struct row *rows, size_t count);
#define RUN(handle, rows) run_rows(handle, rows, sizeof(rows) / sizeof((rows)[0]))

/* ---- the cases, in their order ---- */

#define DISK_TABLE_CASES(CASE)                          \
    CASE(control_device_codes)                          \
    CASE(disk_codes)                                    \
    CASE(transfers_on_the_control_device)               \
    CASE(the_device_awealloc_is_only_opened)            \
    CASE(access_rights)                                 \
    CASE(query_version)                                 \
    CASE(create_lengths)                                \
    CASE(create_name_lengths)                           \
    CASE(create_reply)                                  \
    CASE(create_without_reply)                          \
    CASE(create_statuses)                               \
    CASE(drive_letters)                                 \
    CASE(numbers)                                       \
    CASE(create_and_remove_many_times)                  \
    CASE(device_kinds)                                  \
    CASE(file_disk_reads_and_writes_the_image)          \
    CASE(file_disk_with_offset)                         \
    CASE(a_size_creates_and_extends_but_never_cuts)     \
    CASE(a_shared_image_is_extended_by_what_is_missing) \
    CASE(read_only_images_are_not_touched)              \
    CASE(too_small_images)                              \
    CASE(images_are_shared_for_reading_only)            \
    CASE(loading_an_image_into_memory)                  \
    CASE(loading_what_was_just_written)                 \
    CASE(cached_handles_and_disks_agree)                \
    CASE(truncated_images_fail_and_recover)             \
    CASE(containers_are_refused)                        \
    CASE(cds_are_found_by_content)                      \
    CASE(a_fixed_vhd_is_its_data)                       \
    CASE(what_was_decided_is_not_decided_again)         \
    CASE(a_stored_vhd_keeps_its_footer)                 \
    CASE(query_device)                                  \
    CASE(query_driver)                                  \
    CASE(set_flags_lengths)                             \
    CASE(set_flags_on_memory)                           \
    CASE(set_flags_on_files)                            \
    CASE(remove_statuses)                               \
    CASE(requests_after_removal)                        \
    CASE(ejecting)                                      \
    CASE(storage_lengths)                               \
    CASE(driver_state_lengths)                          \
    CASE(ranges_with_data)                              \
    CASE(growing)                                       \
    CASE(trimming_gives_memory_back)                    \
    CASE(transfer_boundaries)                           \
    CASE(large_disks_cost_nothing)                      \
    CASE(statistics)                                    \
    CASE(byte_swapped_images)                           \
    CASE(byte_swapped_memory)                           \
    CASE(a_swapped_boot_sector_is_found)                \
    CASE(locked_memory_by_name)                         \
    CASE(pass_through)                                  \
    CASE(strict_ends)                                   \
    CASE(file_subtypes)                                 \
    CASE(changes_refresh)                               \
    CASE(mount_manager_registration)                    \
    CASE(standard_lengths)                              \
    CASE(check_verify_reads)                            \
    CASE(verifying)                                     \
    CASE(formatting_tracks)                             \
    CASE(device_descriptions)                           \
    CASE(properties)                                    \
    CASE(tables_of_contents)                            \
    CASE(mount_manager_names)                           \
    CASE(identities)                                    \
    CASE(large_sectors)                                 \
    CASE(wire_codes)                                    \
    CASE(wire_layouts)                                  \
    CASE(wire_flags)                                    \
    CASE(wire_modified)                                 \
    CASE(wire_storage)                                  \
    CASE(nothing_is_left)

#define DISK_TABLE_PROTOTYPE(name) void name(void);
DISK_TABLE_CASES(DISK_TABLE_PROTOTYPE)

#endif
