/* SPDX-License-Identifier: MIT */
/* The disk driver's behaviour table, 2.6 - 2.9: queries, flags, removal. */

#include "core/disk/storage_abi.h"
#include "tests/behaviour/disk_table.h"

#include <string.h>

/* ---- 2.6 ---- */

void query_device(void)
{
    static const struct row unnamed[] = {
        {IMDISK_IOCTL_QUERY_DEVICE, 0, 0, BUFFER_TOO_SMALL, 0},
        {IMDISK_IOCTL_QUERY_DEVICE, 0, 54, BUFFER_TOO_SMALL, 0},
        {IMDISK_IOCTL_QUERY_DEVICE, 0, 57, BUFFER_TOO_SMALL, 0},
        {IMDISK_IOCTL_QUERY_DEVICE, 0, 58, SUCCESS, 54},
        {IMDISK_IOCTL_QUERY_DEVICE, 0, 4096, SUCCESS, 54},
    };
    struct buffer buffer;
    size_t name_length = 0;
    size_t information = 0;
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_number(number, TARGET_QUERY);
    RUN(disk, unnamed);
    target_close(disk);
    remove_disk(number);

    CHECK(target_image_create("query", MIB));
    number = create_disk((struct create){.number = AUTOMATIC, .offset = 512, .image = "query", .letter = 'W'});
    disk = open_number(number, TARGET_QUERY);
    const uint16_t *path = target_image_path("query", &name_length);
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, &buffer, 57 + name_length, NULL),
                BUFFER_TOO_SMALL);
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, &buffer, 58 + name_length, &information),
                SUCCESS);
    CHECK_EQUAL(information, 54 + name_length);
    CHECK_EQUAL(data_of(&buffer)->device_number, number);
    CHECK_EQUAL(data_of(&buffer)->size_bytes, MIB - 512);
    CHECK_EQUAL(data_of(&buffer)->image_offset_bytes, 512);
    CHECK_EQUAL(data_of(&buffer)->drive_letter, 'W');
    CHECK_EQUAL(data_of(&buffer)->file_name_length_bytes, name_length);
    CHECK_BYTES(data_of(&buffer)->file_name, path, name_length);
    target_close(disk);
    remove_disk(number);
    target_image_delete("query");
}

/* ---- 2.7 ---- */

void query_driver(void)
{
    static const struct row empty[] = {
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 0, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 3, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 4, SUCCESS, 4},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 7, SUCCESS, 4},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 8, SUCCESS, 8},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 9, SUCCESS, 4},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 4096, SUCCESS, 4},
    };
    static const struct row three[] = {
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 4, INVALID_PARAMETER, 0}, {IMDISK_IOCTL_QUERY_DRIVER, 0, 8, SUCCESS, 8},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 15, SUCCESS, 4},          {IMDISK_IOCTL_QUERY_DRIVER, 0, 16, SUCCESS, 16},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 4096, SUCCESS, 16},
    };
    static const struct row large[] = {
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 4, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 8, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 4096, SUCCESS, 20},
    };
    uint64_t bitmap = 0;
    uint32_t list[8] = {0};
    RUN(control_device(), empty);
    uint32_t disks[] = {0, 40, 63, 64};
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQUAL(create_disk((struct create){.number = disks[i], .size = MIB}), disks[i]);
    }
    RUN(control_device(), three);
    CHECK_EQUAL(target_ioctl(control_device(), IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, &bitmap, 8, NULL), SUCCESS);
    CHECK_EQUAL(bitmap, 1 | 1ull << 40 | 1ull << 63);
    CHECK_EQUAL(target_ioctl(control_device(), IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, list, sizeof(list), NULL), SUCCESS);
    CHECK_EQUAL(list[0], 3);
    CHECK_EQUAL(list[1], 63); /* newest first */
    CHECK_EQUAL(list[2], 40);
    CHECK_EQUAL(list[3], 0);
    CHECK_EQUAL(create_disk((struct create){.number = 64, .size = MIB}), 64);
    RUN(control_device(), large);
    for (size_t i = 0; i < 4; i++) {
        remove_disk(disks[i]);
    }
}

/* ---- 2.8 ---- */

void set_flags_lengths(void)
{
    static const struct row rows[] = {
        {IMDISK_IOCTL_SET_DEVICE_FLAGS, 0, 8, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_SET_DEVICE_FLAGS, 7, 8, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_SET_DEVICE_FLAGS, 8, 0, SUCCESS, 0},
        {IMDISK_IOCTL_SET_DEVICE_FLAGS, 8, 7, SUCCESS, 0},
        {IMDISK_IOCTL_SET_DEVICE_FLAGS, 8, 8, SUCCESS, 8},
        {IMDISK_IOCTL_SET_DEVICE_FLAGS, 64, 64, SUCCESS, 8},
    };
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    RUN(disk, rows);
    target_close(disk);
    remove_disk(number);
}

static uint32_t reported(struct target_handle *disk)
{
    struct buffer buffer;
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, &buffer, sizeof(buffer), NULL), SUCCESS);
    return data_of(&buffer)->flags;
}

static uint32_t set_flags(struct target_handle *disk, uint32_t change, uint32_t values, uint32_t *remaining)
{
    struct imdisk_set_device_flags flags = {change, values};
    uint32_t status = target_ioctl(disk, IMDISK_IOCTL_SET_DEVICE_FLAGS, &flags, 8, &flags, 8, NULL);
    *remaining = flags.flags_to_change;
    return status;
}

void set_flags_on_memory(void)
{
    enum { RO = IMDISK_OPTION_READ_ONLY, REM = IMDISK_OPTION_REMOVABLE, MOD = IMDISK_IMAGE_MODIFIED };
    uint32_t base = IMDISK_TYPE_VM | IMDISK_DEVICE_TYPE_HD;
    uint32_t remaining = 0;
    char sector[512] = {1};
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(set_flags(disk, RO, RO, &remaining), SUCCESS);
    CHECK_EQUAL(remaining, 0);
    CHECK_EQUAL(reported(disk), base | RO);
    CHECK_EQUAL(target_write(disk, 0, sector, sizeof(sector), NULL), WRITE_PROTECTED);
    CHECK_EQUAL(set_flags(disk, RO, 0, &remaining), SUCCESS);
    CHECK_EQUAL(target_write(disk, 0, sector, sizeof(sector), NULL), SUCCESS);
    CHECK_EQUAL(reported(disk), base | MOD);
    CHECK_EQUAL(set_flags(disk, REM | MOD, REM, &remaining), SUCCESS);
    CHECK_EQUAL(reported(disk), base | REM);
    CHECK_EQUAL(set_flags(disk, IMDISK_OPTION_SPARSE_FILE, IMDISK_OPTION_SPARSE_FILE, &remaining),
                INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(set_flags(disk, IMDISK_OPTION_BYTE_SWAP | RO, IMDISK_OPTION_BYTE_SWAP | RO, &remaining),
                INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(reported(disk), base | REM | RO); /* what could be changed was */
    target_close(disk);
    remove_disk(number);
}

void set_flags_on_files(void)
{
    uint32_t remaining = 0;
    CHECK(target_image_create("flags", MIB));
    uint32_t number =
        create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_READ_ONLY, .image = "flags"});
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(set_flags(disk, IMDISK_OPTION_READ_ONLY, 0, &remaining), INVALID_DEVICE_REQUEST);
    CHECK(reported(disk) & IMDISK_OPTION_READ_ONLY);
    CHECK_EQUAL(set_flags(disk, IMDISK_IMAGE_MODIFIED, IMDISK_IMAGE_MODIFIED, &remaining), SUCCESS);
    CHECK(reported(disk) & IMDISK_IMAGE_MODIFIED);
    target_close(disk);
    remove_disk(number);
    target_image_delete("flags");
}

/* ---- 2.9 ---- */

void remove_statuses(void)
{
    static const struct row rows[] = {
        {IMDISK_IOCTL_REMOVE_DEVICE, 0, 0, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_REMOVE_DEVICE, 3, 0, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_REMOVE_DEVICE, 4, 0, OBJECT_NAME_NOT_FOUND, 0}, /* disk 0 */
        {IMDISK_IOCTL_REMOVE_DEVICE, 64, 64, OBJECT_NAME_NOT_FOUND, 0},
    };
    RUN(control_device(), rows);
    CHECK_EQUAL(remove_number(0xFFFFFFFF), OBJECT_NAME_NOT_FOUND); /* crashed ImDisk */
    CHECK_EQUAL(remove_number(63999), OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(create_ram(0, MIB), 0);
    CHECK_EQUAL(remove_number(0), SUCCESS);
    CHECK_EQUAL(remove_number(0), OBJECT_NAME_NOT_FOUND);
}

/* A handle outlives its disk, but gets nothing any more. */
void requests_after_removal(void)
{
    char sector[512] = {0};
    uint64_t length;
    /* Wine's server answers for a deleted device itself. */
    uint32_t gone = target_kind() == TARGET_WINE ? FILE_DELETED : DEVICE_REMOVED;
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    remove_disk(number);
    CHECK_EQUAL(target_read(disk, 0, sector, sizeof(sector), NULL), gone);
    CHECK_EQUAL(target_write(disk, 0, sector, sizeof(sector), NULL), gone);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, 8, NULL), gone);
    CHECK(open_number(number, TARGET_READ) == NULL);
    target_close(disk);
}

void ejecting(void)
{
    static const uint32_t codes[] = {IOCTL_STORAGE_EJECT_MEDIA, IOCTL_DISK_EJECT_MEDIA};
    for (size_t i = 0; i < 2; i++) {
        uint32_t number = create_ram(0, MIB);
        struct target_handle *disk = open_disk(number);
        CHECK_EQUAL(target_ioctl(disk, codes[i], NULL, 0, NULL, 0, NULL), SUCCESS);
        CHECK_EQUAL(driver_disks(), 0);
        target_close(disk);
    }
    CHECK(target_image_create("eject", MIB));
    struct target_handle *disk = open_disk(create_disk((struct create){.number = AUTOMATIC, .image = "eject"}));
    CHECK_EQUAL(target_ioctl(disk, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL), SUCCESS);
    target_close(disk);
    char byte = 0;
    CHECK(target_image_write("eject", 0, &byte, 1)); /* the image is closed when the call returns */
    target_image_delete("eject");
}
