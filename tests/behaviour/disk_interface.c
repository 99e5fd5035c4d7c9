/* SPDX-License-Identifier: MIT */
/* The disk driver's behaviour table, 2.1 - 2.4: which device answers what, versions, creation. */

#include "core/disk/storage_abi.h"
#include "tests/behaviour/disk_table.h"

#include <string.h>

/* ---- 2.1 which device answers which code ---- */

void control_device_codes(void)
{
    static const struct row rows[] = {
        {IMDISK_IOCTL_QUERY_VERSION, 0, 4, SUCCESS, 4},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 4, SUCCESS, 4},
        {IMDISK_IOCTL_QUERY_DEVICE, 0, 4096, INVALID_DEVICE_REQUEST, 0},
        {IMDISK_IOCTL_SET_DEVICE_FLAGS, 8, 8, INVALID_DEVICE_REQUEST, 0},
        {BALLAST_IOCTL_DISK_QUERY_STATE, 0, 4096, INVALID_DEVICE_REQUEST, 0},
        {BALLAST_IOCTL_DISK_RESIZE, 16, 0, INVALID_DEVICE_REQUEST, 0},
        {IOCTL_DISK_GET_LENGTH_INFO, 0, 8, INVALID_DEVICE_REQUEST, 0},
        {IOCTL_STORAGE_EJECT_MEDIA, 0, 0, INVALID_DEVICE_REQUEST, 0},
        {0x00000000, 0, 0, INVALID_DEVICE_REQUEST, 0},
        {0x83722FFC, 0, 4096, INVALID_DEVICE_REQUEST, 0},
        {0xFFFFFFFC, 64, 64, INVALID_DEVICE_REQUEST, 0},
    };
    RUN(control_device(), rows);
}

void disk_codes(void)
{
    static const struct row rows[] = {
        {IMDISK_IOCTL_QUERY_VERSION, 0, 4, SUCCESS, 4},
        {IMDISK_IOCTL_QUERY_DRIVER, 0, 4, SUCCESS, 4},
        {IMDISK_IOCTL_CREATE_DEVICE, 64, 64, INVALID_DEVICE_REQUEST, 0},
        {IMDISK_IOCTL_REMOVE_DEVICE, 4, 0, INVALID_DEVICE_REQUEST, 0},
        {IMDISK_IOCTL_REFERENCE_HANDLE, 8, 8, INVALID_DEVICE_REQUEST, 0},
        {BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, 0, 4096, INVALID_DEVICE_REQUEST, 0},
        {0x00070FFC, 0, 4096, INVALID_DEVICE_REQUEST, 0},
    };
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    RUN(disk, rows);
    target_close(disk);
    remove_disk(number);
}

void transfers_on_the_control_device(void)
{
    char buffer[512] = {0};
    CHECK_EQUAL(target_read(control_device(), 0, buffer, sizeof(buffer), NULL), INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(target_write(control_device(), 0, buffer, sizeof(buffer), NULL), INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(target_flush(control_device()), INVALID_DEVICE_REQUEST);
}

/* What ImDisk's programs look for before they create locked memory: a device, with nothing in it. */
void the_device_awealloc_is_only_opened(void)
{
    char buffer[512] = {0};
    uint32_t status = 0;
    CHECK(target_open("AWEAlloc\\file", TARGET_QUERY, &status) == NULL);
    CHECK_EQUAL(status, OBJECT_NAME_NOT_FOUND);
    for (unsigned rights = TARGET_QUERY; rights <= TARGET_READ_WRITE; rights++) {
        struct target_handle *device = target_open("AWEAlloc", rights, &status);
        test_note("rights %u", rights);
        CHECK_EQUAL(status, SUCCESS);
        CHECK_EQUAL(target_ioctl(device, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, buffer, 4, NULL), INVALID_DEVICE_REQUEST);
        CHECK_EQUAL(target_ioctl(device, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, buffer, 4, NULL), INVALID_DEVICE_REQUEST);
        if (rights == TARGET_READ_WRITE) {
            CHECK_EQUAL(target_ioctl(device, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, buffer, 8, NULL),
                        INVALID_DEVICE_REQUEST);
            CHECK_EQUAL(target_read(device, 0, buffer, sizeof(buffer), NULL), INVALID_DEVICE_REQUEST);
            CHECK_EQUAL(target_write(device, 0, buffer, sizeof(buffer), NULL), INVALID_DEVICE_REQUEST);
            CHECK_EQUAL(target_flush(device), INVALID_DEVICE_REQUEST);
        }
        target_close(device);
    }
}

/* Access bits of the codes: what an unprivileged reader cannot do. */
void access_rights(void)
{
    uint32_t number = create_ram(0, MIB);
    struct buffer buffer;
    struct create create = {.number = AUTOMATIC, .flags = IMDISK_TYPE_VM, .size = MIB};
    for (unsigned rights = TARGET_QUERY; rights <= TARGET_READ; rights++) {
        struct target_handle *control = target_open("ImDiskCtl", rights, NULL);
        struct target_handle *disk = open_number(number, rights);
        struct ballast_disk_resize resize = {{16, 1, 0}, 2 * MIB};
        char sector[512] = {0};
        test_note("rights %u", rights);
        CHECK_EQUAL(target_ioctl(control, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, buffer.bytes, 4, NULL), SUCCESS);
        size_t length = build(&create, &buffer);
        CHECK_EQUAL(target_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, &buffer, length, &buffer, length, NULL),
                    ACCESS_DENIED);
        CHECK_EQUAL(target_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, 4, NULL, 0, NULL), ACCESS_DENIED);
        CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, buffer.bytes, 58, NULL), SUCCESS);
        CHECK_EQUAL(target_ioctl(disk, BALLAST_IOCTL_DISK_RESIZE, &resize, 16, NULL, 0, NULL), ACCESS_DENIED);
        CHECK_EQUAL(target_write(disk, 0, sector, sizeof(sector), NULL), ACCESS_DENIED);
        /* Codes that any handle may send: who sends them is an administrator. Other users: sim/disk-kernel. */
        uint32_t flags[2] = {IMDISK_IMAGE_MODIFIED, IMDISK_IMAGE_MODIFIED};
        struct storage_verify verify = {0, 512, 0};
        CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, flags, 8, NULL), SUCCESS);
        CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_VERIFY, &verify, sizeof(verify), NULL, 0, NULL), SUCCESS);
        target_close(disk);
        target_close(control);
    }
    remove_disk(number);
}

/* ---- 2.3 ---- */

void query_version(void)
{
    static const struct row rows[] = {
        {IMDISK_IOCTL_QUERY_VERSION, 0, 0, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_QUERY_VERSION, 0, 1, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_QUERY_VERSION, 0, 3, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_QUERY_VERSION, 0, 4, SUCCESS, 4},
        {IMDISK_IOCTL_QUERY_VERSION, 0, 5, SUCCESS, 4},
        {IMDISK_IOCTL_QUERY_VERSION, 100, 100, SUCCESS, 4},
    };
    uint32_t version = 0;
    RUN(control_device(), rows);
    CHECK_EQUAL(target_ioctl(control_device(), IMDISK_IOCTL_QUERY_VERSION, NULL, 0, &version, 4, NULL), SUCCESS);
    CHECK_EQUAL(version, 0x0103);
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_number(number, TARGET_QUERY);
    RUN(disk, rows);
    target_close(disk);
    remove_disk(number);
}

/* ---- 2.4 ---- */

void create_lengths(void)
{
    static const struct {
        size_t input;
        uint32_t status;
    } rows[] = {{0, INVALID_PARAMETER}, {4, INVALID_PARAMETER}, {53, INVALID_PARAMETER}, {54, SUCCESS},
                {55, SUCCESS},          {56, SUCCESS},          {57, SUCCESS},           {4096, SUCCESS}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer buffer;
        struct create create = {.number = AUTOMATIC, .flags = IMDISK_TYPE_VM, .size = MIB};
        size_t information = 0;
        (void)build(&create, &buffer);
        test_note("input %u", (unsigned)rows[i].input);
        CHECK_EQUAL(target_ioctl(control_device(), IMDISK_IOCTL_CREATE_DEVICE, &buffer, rows[i].input, &buffer,
                                 sizeof(buffer), &information),
                    rows[i].status);
        if (rows[i].status == SUCCESS) {
            CHECK_EQUAL(information, sizeof(buffer));
            remove_disk(data_of(&buffer)->device_number);
        }
    }
}

void create_name_lengths(void)
{
    static const struct {
        uint16_t declared;
        int difference; /* of the input length from 54 + declared */
        uint32_t status;
    } rows[] = {{100, -1, INVALID_PARAMETER},
                {100, -2, INVALID_PARAMETER},
                {0xFFFE, -40000, INVALID_PARAMETER},
                {101, 0, INVALID_PARAMETER},
                {1, 0, INVALID_PARAMETER}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static _Alignas(8) unsigned char bytes[70000];
        struct imdisk_create_data *data = (struct imdisk_create_data *)bytes;
        memset(bytes, 'x', sizeof(bytes));
        *data = (struct imdisk_create_data){.device_number = AUTOMATIC,
                                            .flags = IMDISK_TYPE_VM,
                                            .size_bytes = MIB,
                                            .file_name_length_bytes = rows[i].declared};
        test_note("row %u", (unsigned)i);
        size_t length = (size_t)(54 + rows[i].declared + rows[i].difference);
        CHECK_EQUAL(target_ioctl(control_device(), IMDISK_IOCTL_CREATE_DEVICE, bytes, length, bytes, length, NULL),
                    rows[i].status);
    }
}

void create_reply(void)
{
    struct buffer buffer;
    struct create create = {.number = AUTOMATIC, .flags = 0, .size = 1440 * 1024, .letter = 'v'};
    size_t information = 99;
    size_t length = build(&create, &buffer);
    CHECK_EQUAL(
        target_ioctl(control_device(), IMDISK_IOCTL_CREATE_DEVICE, &buffer, length, &buffer, length + 8, &information),
        SUCCESS);
    CHECK_EQUAL(information, length + 8);
    const struct imdisk_create_data *data = data_of(&buffer);
    CHECK(data->device_number != AUTOMATIC);
    CHECK_EQUAL(data->flags, IMDISK_TYPE_VM | IMDISK_DEVICE_TYPE_FD);
    CHECK_EQUAL(data->size_bytes, 1440 * 1024);
    CHECK_EQUAL(data->media_type, 2);
    CHECK_EQUAL(data->tracks_per_cylinder, 2);
    CHECK_EQUAL(data->sectors_per_track, 18);
    CHECK_EQUAL(data->bytes_per_sector, 512);
    CHECK_EQUAL(data->drive_letter, 'V');
    static const unsigned char zeros[16];
    CHECK_BYTES(buffer.bytes + length, zeros, 8); /* what lies behind the input is not left over from anybody */
    remove_disk(data->device_number);
}

/* With too little room for a reply the disk is created all the same. */
void create_without_reply(void)
{
    struct buffer buffer;
    struct create create = {.number = 77, .flags = IMDISK_TYPE_VM, .size = MIB};
    size_t information = 99;
    size_t length = build(&create, &buffer);
    CHECK_EQUAL(
        target_ioctl(control_device(), IMDISK_IOCTL_CREATE_DEVICE, &buffer, length, &buffer, length - 1, &information),
        SUCCESS);
    CHECK_EQUAL(information, 0);
    remove_disk(77);
    length = build(&create, &buffer);
    CHECK_EQUAL(target_ioctl(control_device(), IMDISK_IOCTL_CREATE_DEVICE, &buffer, length, NULL, 0, &information),
                SUCCESS);
    CHECK_EQUAL(information, 0);
    remove_disk(77);
}

void create_statuses(void)
{
    static const struct {
        struct create create;
        uint32_t status;
    } rows[] = {
        {{.number = AUTOMATIC, .size = 0}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .size = 65536}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .size = -1}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .flags = IMDISK_TYPE_FILE, .size = MIB}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .flags = 0x400, .size = MIB}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .flags = 0x50, .size = MIB}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .flags = 0x80000000, .size = MIB}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .size = MIB, .bytes_per_sector = 1000}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .size = MIB, .letter = '1'}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .size = INT64_MAX, .offset = 1}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .size = MIB, .offset = -512}, INVALID_PARAMETER},
        {{.number = 64000, .size = MIB}, INVALID_PARAMETER},
        {{.number = AUTOMATIC - 1, .size = MIB}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .flags = IMDISK_TYPE_PROXY, .size = MIB, .image = "none"}, NOT_SUPPORTED},
        {{.number = AUTOMATIC, .flags = IMDISK_OPTION_BYTE_SWAP, .size = MIB, .image = "none"}, INVALID_PARAMETER},
        {{.number = AUTOMATIC,
          .flags = IMDISK_OPTION_BYTE_SWAP | IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC,
          .size = MIB},
         INVALID_PARAMETER},
        {{.number = AUTOMATIC,
          .flags = IMDISK_OPTION_BYTE_SWAP | IMDISK_TYPE_FILE | IMDISK_FILE_PARALLEL_IO,
          .size = MIB,
          .image = "none"},
         INVALID_PARAMETER},
        {{.number = AUTOMATIC, .image = "none"}, OBJECT_NAME_NOT_FOUND},
        {{.number = AUTOMATIC, .flags = IMDISK_TYPE_VM, .size = MIB, .image = "none"}, OBJECT_NAME_NOT_FOUND},
        {{.number = AUTOMATIC, .flags = IMDISK_OPTION_READ_ONLY, .size = MIB, .image = "none"}, OBJECT_NAME_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(create_status(rows[i].create), rows[i].status);
    }
    CHECK_EQUAL(target_image_size("none"), UINT64_MAX);
}

uint32_t driver_disks(void)
{
    uint32_t reply[65] = {0};
    CHECK_EQUAL(target_ioctl(control_device(), IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, reply, sizeof(reply), NULL),
                SUCCESS);
    return reply[0];
}

/* Links are of the disk that made them: a letter that is taken is not taken away. */
void drive_letters(void)
{
    char path[64];
    uint32_t first = create_disk((struct create){.number = 50, .size = MIB, .letter = 'V'});
    uint32_t second = create_disk((struct create){.number = 51, .size = MIB, .letter = 'V'});
    CHECK(target_link("V:", path, sizeof(path)) && strcmp(path, "\\Device\\ImDisk50") == 0);
    CHECK(target_link("ImDisk51", path, sizeof(path)) && strcmp(path, "\\Device\\ImDisk51") == 0);
    remove_disk(second);
    CHECK(target_link("V:", path, sizeof(path)) && strcmp(path, "\\Device\\ImDisk50") == 0);
    CHECK(!target_link("ImDisk51", path, sizeof(path)));
    remove_disk(first);
    CHECK(!target_link("V:", path, sizeof(path)));
    CHECK(!target_link("ImDisk50", path, sizeof(path)));
}

void numbers(void)
{
    uint32_t first = create_ram(0, MIB);
    uint32_t second = create_ram(0, MIB);
    CHECK_EQUAL(first, 0);
    CHECK_EQUAL(second, 1);
    CHECK_EQUAL(create_status((struct create){.number = second, .size = MIB}), OBJECT_NAME_COLLISION);
    CHECK_EQUAL(create_disk((struct create){.number = 63999, .size = MIB}), 63999);
    CHECK_EQUAL(create_status((struct create){.number = 64000, .size = MIB}), INVALID_PARAMETER);
    remove_disk(first);
    CHECK_EQUAL(create_ram(0, MIB), first); /* the lowest free one, at once */
    remove_disk(63999);
    remove_disk(second);
    remove_disk(first);
    CHECK_EQUAL(driver_disks(), 0);
}

void create_and_remove_many_times(void)
{
    for (int i = 0; i < 100; i++) {
        test_note("round %d", i);
        CHECK_EQUAL(create_ram(0, 16 * (int64_t)MIB), 0);
        remove_disk(0);
    }
}

void device_kinds(void)
{
    static const struct {
        uint32_t flags, reported;
    } rows[] = {
        {IMDISK_DEVICE_TYPE_HD, IMDISK_DEVICE_TYPE_HD},
        {IMDISK_DEVICE_TYPE_FD, IMDISK_DEVICE_TYPE_FD | IMDISK_OPTION_REMOVABLE},
        {IMDISK_DEVICE_TYPE_CD, IMDISK_DEVICE_TYPE_CD | IMDISK_OPTION_REMOVABLE | IMDISK_OPTION_READ_ONLY},
        {IMDISK_DEVICE_TYPE_RAW, IMDISK_DEVICE_TYPE_RAW},
        {IMDISK_DEVICE_TYPE_HD | IMDISK_OPTION_REMOVABLE, IMDISK_DEVICE_TYPE_HD | IMDISK_OPTION_REMOVABLE},
        {IMDISK_DEVICE_TYPE_HD | IMDISK_OPTION_READ_ONLY, IMDISK_DEVICE_TYPE_HD | IMDISK_OPTION_READ_ONLY},
        {0, IMDISK_DEVICE_TYPE_HD},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer buffer;
        uint32_t number = create_ram(rows[i].flags, MIB);
        struct target_handle *disk = open_disk(number);
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, &buffer, sizeof(buffer), NULL), SUCCESS);
        CHECK_EQUAL(data_of(&buffer)->flags, IMDISK_TYPE_VM | rows[i].reported);
        target_close(disk);
        remove_disk(number);
    }
}
