/* SPDX-License-Identifier: MIT */
/*
 * The behaviour table of the disk driver: what each request of the interface answers, with every wrong length and
 * status. One source for all rungs: Wine, Windows and other NT kernels, and the simulation. Where a rung is known to
 * differ the row says so and why. Section numbers are those of the interface's description.
 *
 * The program needs a loaded driver without disks and leaves it so.
 */

#include "ballast/disk_abi.h"
#include "core/disk/storage_abi.h"
#include "tests/behaviour/target.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

#define SUCCESS                0x00000000u
#define INVALID_PARAMETER      0xC000000Du
#define INVALID_DEVICE_REQUEST 0xC0000010u
#define ACCESS_DENIED          0xC0000022u
#define BUFFER_TOO_SMALL       0xC0000023u
#define OBJECT_NAME_NOT_FOUND  0xC0000034u
#define OBJECT_NAME_COLLISION  0xC0000035u
#define SHARING_VIOLATION      0xC0000043u
#define WRITE_PROTECTED        0xC00000A2u
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

static struct imdisk_create_data *data_of(struct buffer *buffer)
{
    return (struct imdisk_create_data *)buffer->bytes;
}

/* Returns the length of the request. */
static size_t build(const struct create *create, struct buffer *buffer)
{
    size_t name_length = 0;
    memset(buffer, 0, sizeof(*buffer));
    struct imdisk_create_data *data = data_of(buffer);
    data->device_number = create->number;
    data->flags = create->flags;
    data->size_bytes = create->size;
    data->image_offset_bytes = create->offset;
    data->bytes_per_sector = create->bytes_per_sector;
    data->drive_letter = create->letter;
    if (create->image != NULL) {
        const uint16_t *path = target_image_path(create->image, &name_length);
        memcpy(data->file_name, path, name_length);
    }
    data->file_name_length_bytes = (uint16_t)name_length;
    return IMDISK_CREATE_DATA_SIZE + name_length;
}

static struct target_handle *control_device(void)
{
    static struct target_handle *control;
    if (control == NULL) {
        control = target_open("ImDiskCtl", TARGET_READ_WRITE, NULL);
        if (control == NULL) {
            CHECK(control != NULL);
            exit(1);
        }
    }
    return control;
}

static uint32_t create_with(const struct create *create, struct buffer *buffer)
{
    size_t length = build(create, buffer);
    return target_ioctl(control_device(), IMDISK_IOCTL_CREATE_DEVICE, buffer, length, buffer, length, NULL);
}

static uint32_t create_status(struct create create)
{
    struct buffer buffer;
    return create_with(&create, &buffer);
}

/* The number of the new disk, NO_DISK after a failed check. */
static uint32_t create_disk(struct create create)
{
    struct buffer buffer;
    return CHECK_EQUAL(create_with(&create, &buffer), SUCCESS) ? data_of(&buffer)->device_number : NO_DISK;
}

static uint32_t create_ram(uint32_t flags, int64_t size)
{
    return create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_TYPE_VM | flags, .size = size});
}

static uint32_t remove_number(uint32_t number)
{
    return target_ioctl(control_device(), IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL);
}

static void remove_disk(uint32_t number)
{
    CHECK_EQUAL(remove_number(number), SUCCESS);
}

static struct target_handle *open_number(uint32_t number, unsigned rights)
{
    char name[32] = "ImDisk";
    char digits[12];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    for (size_t i = 0; i < count; i++) {
        name[6 + i] = digits[count - 1 - i];
    }
    name[6 + count] = 0;
    return target_open(name, rights, NULL);
}

static struct target_handle *open_disk(uint32_t number)
{
    struct target_handle *disk = open_number(number, TARGET_READ_WRITE);
    CHECK(disk != NULL);
    return disk;
}

/* ---- rows of one request each ---- */

struct row {
    uint32_t code;
    size_t input, output;
    uint32_t status;
    size_t information;
};

static void run_rows(struct target_handle *handle, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer input = {{0}};
        struct buffer output = {{0}};
        size_t information = 0;
        test_note("row %u: code 0x%08x, input %u, output %u", (unsigned)i, (unsigned)rows[i].code,
                  (unsigned)rows[i].input, (unsigned)rows[i].output);
        CHECK_EQUAL(
            target_ioctl(handle, rows[i].code, input.bytes, rows[i].input, output.bytes, rows[i].output, &information),
            rows[i].status);
        CHECK_EQUAL(information, rows[i].information);
    }
    test_note("");
}
#define RUN(handle, rows) run_rows(handle, rows, sizeof(rows) / sizeof((rows)[0]))

/* ---- 2.1 which device answers which code ---- */

static void control_device_codes(void)
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

static void disk_codes(void)
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

static void transfers_on_the_control_device(void)
{
    char buffer[512] = {0};
    CHECK_EQUAL(target_read(control_device(), 0, buffer, sizeof(buffer), NULL), INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(target_write(control_device(), 0, buffer, sizeof(buffer), NULL), INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(target_flush(control_device()), INVALID_DEVICE_REQUEST);
}

/* Access bits of the codes: what an unprivileged reader cannot do. */
static void access_rights(void)
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
        uint32_t flags[2] = {IMDISK_IMAGE_MODIFIED, IMDISK_IMAGE_MODIFIED};
        uint32_t status = target_ioctl(disk, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, flags, 8, NULL);
        /* The code is FILE_ANY_ACCESS; the driver asks the file object, which in Wine does not know. */
        CHECK_EQUAL(status, target_kind() == TARGET_WINE ? SUCCESS : ACCESS_DENIED);
        if (target_kind() != TARGET_WINE) {
            CHECK_EQUAL(target_ioctl(disk, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL), ACCESS_DENIED);
        }
        target_close(disk);
        target_close(control);
    }
    remove_disk(number);
}

/* ---- 2.3 ---- */

static void query_version(void)
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

static void create_lengths(void)
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

static void create_name_lengths(void)
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

static void create_reply(void)
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
static void create_without_reply(void)
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

static void create_statuses(void)
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
        {{.number = IMDISK_MAXIMUM_DEVICES, .size = MIB}, INVALID_PARAMETER},
        {{.number = AUTOMATIC - 1, .size = MIB}, INVALID_PARAMETER},
        {{.number = AUTOMATIC, .flags = IMDISK_TYPE_PROXY, .size = MIB, .image = "none"}, NOT_SUPPORTED},
        {{.number = AUTOMATIC, .flags = IMDISK_OPTION_BYTE_SWAP, .size = MIB}, NOT_SUPPORTED},
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

static uint32_t driver_disks(void)
{
    uint32_t reply[65] = {0};
    CHECK_EQUAL(target_ioctl(control_device(), IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, reply, sizeof(reply), NULL),
                SUCCESS);
    return reply[0];
}

/* Links are of the disk that made them: a letter that is taken is not taken away. */
static void drive_letters(void)
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

static void numbers(void)
{
    uint32_t first = create_ram(0, MIB);
    uint32_t second = create_ram(0, MIB);
    CHECK_EQUAL(first, 0);
    CHECK_EQUAL(second, 1);
    CHECK_EQUAL(create_status((struct create){.number = second, .size = MIB}), OBJECT_NAME_COLLISION);
    CHECK_EQUAL(create_disk((struct create){.number = IMDISK_MAXIMUM_DEVICES - 1, .size = MIB}),
                IMDISK_MAXIMUM_DEVICES - 1);
    remove_disk(first);
    CHECK_EQUAL(create_ram(0, MIB), first); /* the lowest free one, at once */
    remove_disk(IMDISK_MAXIMUM_DEVICES - 1);
    remove_disk(second);
    remove_disk(first);
    CHECK_EQUAL(driver_disks(), 0);
}

static void create_and_remove_many_times(void)
{
    for (int i = 0; i < 100; i++) {
        test_note("round %d", i);
        CHECK_EQUAL(create_ram(0, 16 * (int64_t)MIB), 0);
        remove_disk(0);
    }
}

static void device_kinds(void)
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

/* ---- 2.5 images ---- */

static void file_disk_reads_and_writes_the_image(void)
{
    unsigned char buffer[2048];
    unsigned char found[2048];
    size_t done = 0;
    CHECK(target_image_create("data", MIB));
    uint32_t number = create_disk((struct create){.number = AUTOMATIC, .image = "data"});
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_read(disk, 4096, buffer, sizeof(buffer), &done), SUCCESS);
    CHECK_EQUAL(done, sizeof(buffer));
    for (unsigned i = 0; i < sizeof(buffer); i++) {
        found[i] = target_pattern(4096 + i);
    }
    CHECK_BYTES(buffer, found, sizeof(buffer));
    memset(buffer, 0x77, sizeof(buffer));
    CHECK_EQUAL(target_write(disk, MIB - sizeof(buffer), buffer, sizeof(buffer), &done), SUCCESS);
    CHECK_EQUAL(done, sizeof(buffer));
    CHECK_EQUAL(target_flush(disk), SUCCESS);
    CHECK(target_image_read("data", MIB - sizeof(buffer), found, sizeof(found)));
    CHECK_BYTES(found, buffer, sizeof(buffer));
    target_close(disk);
    remove_disk(number);
    CHECK_EQUAL(target_image_size("data"), MIB);
    target_image_delete("data");
}

static void file_disk_with_offset(void)
{
    unsigned char sector[512];
    unsigned char expected[512];
    CHECK(target_image_create("offset", MIB));
    uint32_t number = create_disk((struct create){.number = AUTOMATIC, .offset = 1536, .image = "offset"});
    struct target_handle *disk = open_disk(number);
    uint64_t length = 0;
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, 8, NULL), SUCCESS);
    CHECK_EQUAL(length, MIB - 1536);
    CHECK_EQUAL(target_read(disk, 512, sector, sizeof(sector), NULL), SUCCESS);
    for (unsigned i = 0; i < sizeof(sector); i++) {
        expected[i] = target_pattern(2048 + i);
    }
    CHECK_BYTES(sector, expected, sizeof(sector));
    target_close(disk);
    remove_disk(number);
    target_image_delete("offset");
}

static void a_size_creates_and_extends_but_never_cuts(void)
{
    unsigned char byte = 0;
    uint32_t number = create_disk((struct create){.number = AUTOMATIC, .size = 3 * MIB, .image = "new"});
    remove_disk(number);
    CHECK_EQUAL(target_image_size("new"), 3 * MIB);
    target_image_delete("new");

    CHECK(target_image_create("given", MIB));
    number = create_disk((struct create){.number = AUTOMATIC, .size = MIB / 2, .image = "given"});
    struct target_handle *disk = open_disk(number);
    uint64_t length = 0;
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, 8, NULL), SUCCESS);
    CHECK_EQUAL(length, MIB / 2);
    target_close(disk);
    remove_disk(number);
    CHECK_EQUAL(target_image_size("given"), MIB); /* ImDisk would have cut it to half */
    CHECK(target_image_read("given", MIB - 1, &byte, 1));
    CHECK_EQUAL(byte, target_pattern(MIB - 1));
    number = create_disk((struct create){.number = AUTOMATIC, .size = 2 * MIB, .image = "given"});
    remove_disk(number);
    CHECK_EQUAL(target_image_size("given"), 2 * MIB);
    target_image_delete("given");
}

/* The length counts that the file has now, not the one it had when another disk opened it. */
static void a_shared_image_is_extended_by_what_is_missing(void)
{
    struct ballast_disk_resize resize = {{sizeof(resize), 1, 0}, 3 * MIB};
    unsigned char byte = 0;
    CHECK(target_image_create("shared", MIB));
    uint32_t first = create_disk(
        (struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_SHARED_IMAGE, .size = MIB, .image = "shared"});
    uint32_t second = create_disk(
        (struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_SHARED_IMAGE, .size = 4 * MIB, .image = "shared"});
    CHECK(target_image_write("shared", 4 * MIB - 1, "x", 1));
    struct target_handle *disk = open_disk(first);
    CHECK_EQUAL(target_ioctl(disk, BALLAST_IOCTL_DISK_RESIZE, &resize, sizeof(resize), NULL, 0, NULL), SUCCESS);
    CHECK_EQUAL(target_image_size("shared"), 4 * MIB);
    CHECK(target_image_read("shared", 4 * MIB - 1, &byte, 1));
    CHECK_EQUAL(byte, 'x');
    target_close(disk);
    remove_disk(first);
    remove_disk(second);
    target_image_delete("shared");
}

static void read_only_images_are_not_touched(void)
{
    char sector[512] = {0};
    CHECK(target_image_create("ro", MIB));
    uint32_t number = create_disk(
        (struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_READ_ONLY, .size = 2 * MIB, .image = "ro"});
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_write(disk, 0, sector, sizeof(sector), NULL), WRITE_PROTECTED);
    CHECK_EQUAL(target_read(disk, 0, sector, sizeof(sector), NULL), SUCCESS);
    CHECK_EQUAL(target_read(disk, MIB, sector, sizeof(sector), NULL), IO_DEVICE_ERROR); /* declared, but not there */
    CHECK_EQUAL(target_flush(disk), SUCCESS);
    target_close(disk);
    remove_disk(number);
    CHECK_EQUAL(target_image_size("ro"), MIB);
    target_image_delete("ro");
}

static void too_small_images(void)
{
    CHECK(target_image_create("small", 65536));
    CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .image = "small"}), INVALID_PARAMETER);
    CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .flags = IMDISK_TYPE_VM, .image = "small"}),
                INVALID_PARAMETER);
    CHECK_EQUAL(target_image_size("small"), 65536);
    CHECK(target_image_create("small", 65537));
    remove_disk(create_disk((struct create){.number = AUTOMATIC, .image = "small"}));
    CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .offset = 1, .image = "small"}), INVALID_PARAMETER);
    CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .offset = MIB, .image = "small"}),
                INVALID_PARAMETER);
    target_image_delete("small");
}

static void images_are_shared_for_reading_only(void)
{
    char byte = 1;
    CHECK(target_image_create("share", MIB));
    uint32_t number = create_disk((struct create){.number = AUTOMATIC, .image = "share"});
    CHECK(target_image_read("share", 0, &byte, 1));
    CHECK(!target_image_write("share", 0, &byte, 1));
    CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .image = "share"}), SHARING_VIOLATION);
    remove_disk(number);
    CHECK(target_image_write("share", 0, &byte, 1));
    number = create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_SHARED_IMAGE, .image = "share"});
    CHECK(target_image_write("share", 0, &byte, 1));
    remove_disk(number);
    target_image_delete("share");
}

static void loading_an_image_into_memory(void)
{
    static unsigned char found[3 * MIB];
    uint64_t size = 2 * MIB + 12345; /* more than a block, and no multiple of anything */
    CHECK(target_image_create("load", size));
    uint32_t number =
        create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_TYPE_VM, .size = 3 * MIB, .image = "load"});
    target_image_delete("load"); /* it is not needed any more: nothing holds it open */
    CHECK_EQUAL(target_image_size("load"), UINT64_MAX);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_read(disk, 0, found, sizeof(found), NULL), SUCCESS);
    for (uint64_t i = 0; i < sizeof(found); i++) {
        if (found[i] != (i < size ? target_pattern(i) : 0)) {
            CHECK_EQUAL(i, sizeof(found));
            break;
        }
    }
    target_close(disk);
    remove_disk(number);
}

static void truncated_images_fail_and_recover(void)
{
    char sector[512];
    CHECK(target_image_create("cut", MIB));
    uint32_t number =
        create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_SHARED_IMAGE, .image = "cut"});
    struct target_handle *disk = open_disk(number);
    CHECK(target_image_truncate("cut", MIB / 2));
    CHECK_EQUAL(target_read(disk, MIB / 2, sector, sizeof(sector), NULL), IO_DEVICE_ERROR);
    CHECK_EQUAL(target_read(disk, 0, sector, sizeof(sector), NULL), SUCCESS); /* one error does not end a disk */
    target_close(disk);
    remove_disk(number);
    target_image_delete("cut");
}

/* ---- 2.6 ---- */

static void query_device(void)
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

static void query_driver(void)
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

static void set_flags_lengths(void)
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

static void set_flags_on_memory(void)
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

static void set_flags_on_files(void)
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

static void remove_statuses(void)
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
static void requests_after_removal(void)
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

static void ejecting(void)
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

/* ---- 2.12 the storage interface ---- */

static void storage_lengths(void)
{
    static const struct row rows[] = {
        {IOCTL_DISK_GET_LENGTH_INFO, 0, 7, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_LENGTH_INFO, 0, 8, SUCCESS, 8},
        {IOCTL_DISK_GET_DRIVE_GEOMETRY, 0, 23, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_DRIVE_GEOMETRY, 0, 24, SUCCESS, 24},
        {IOCTL_CDROM_GET_DRIVE_GEOMETRY, 0, 24, SUCCESS, 24},
        {IOCTL_DISK_GET_MEDIA_TYPES, 0, 23, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_MEDIA_TYPES, 0, 24, SUCCESS, 24},
        {IOCTL_STORAGE_GET_MEDIA_TYPES, 0, 100, SUCCESS, 24},
        {IOCTL_DISK_UPDATE_DRIVE_SIZE, 0, 24, SUCCESS, 24},
        {IOCTL_DISK_GET_PARTITION_INFO, 0, 31, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_PARTITION_INFO, 0, 32, SUCCESS, 32},
        {IOCTL_DISK_GET_PARTITION_INFO_EX, 0, 143, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GET_PARTITION_INFO_EX, 0, 144, SUCCESS, 144},
        {IOCTL_STORAGE_GET_HOTPLUG_INFO, 0, 7, INVALID_PARAMETER, 0},
        {IOCTL_STORAGE_GET_HOTPLUG_INFO, 0, 8, SUCCESS, 8},
        {IOCTL_DISK_IS_WRITABLE, 0, 0, SUCCESS, 0},
        {IOCTL_DISK_CHECK_VERIFY, 0, 0, SUCCESS, 0},
        {IOCTL_DISK_CHECK_VERIFY, 0, 3, SUCCESS, 0},
        {IOCTL_STORAGE_CHECK_VERIFY, 0, 4, SUCCESS, 4},
        {IOCTL_STORAGE_CHECK_VERIFY2, 0, 8, SUCCESS, 4},
        {IOCTL_CDROM_CHECK_VERIFY, 0, 0, SUCCESS, 0},
        {IOCTL_DISK_MEDIA_REMOVAL, 1, 0, SUCCESS, 0},
        {IOCTL_STORAGE_MEDIA_REMOVAL, 1, 0, SUCCESS, 0},
        {IOCTL_DISK_UPDATE_PROPERTIES, 0, 0, SUCCESS, 0},
        {IOCTL_DISK_GROW_PARTITION, 12, 0, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GROW_PARTITION, 15, 0, BUFFER_TOO_SMALL, 0},
        {IOCTL_DISK_GROW_PARTITION, 16, 0, INVALID_PARAMETER, 0}, /* partition 0 */
        {IOCTL_DISK_GROW_PARTITION, 24, 0, BUFFER_TOO_SMALL, 0},
        {IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, 27, 0, INVALID_PARAMETER, 0},
        {IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, 28, 0, INVALID_DEVICE_REQUEST, 0}, /* action 0 */
        {BALLAST_IOCTL_DISK_QUERY_STATE, 0, 127, BUFFER_TOO_SMALL, 0},
        {BALLAST_IOCTL_DISK_QUERY_STATE, 0, 128, SUCCESS, 128},
        {BALLAST_IOCTL_DISK_RESIZE, 15, 0, INVALID_PARAMETER, 0},
        {BALLAST_IOCTL_DISK_RESIZE, 16, 0, INVALID_PARAMETER, 0}, /* header of zeros */
    };
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    RUN(disk, rows);
    target_close(disk);
    remove_disk(number);
}

static void driver_state_lengths(void)
{
    static const struct row rows[] = {
        {BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, 0, 399, BUFFER_TOO_SMALL, 0},
        {BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, 0, 400, SUCCESS, 400},
        {BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, 0, 4096, SUCCESS, 400},
    };
    RUN(control_device(), rows);
}

static void growing(void)
{
    struct storage_grow_partition grow = {.partition_number = 1, .bytes_to_grow = MIB};
    uint64_t length = 0;
    char sector[512];
    static const char zeros[512];
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL), SUCCESS);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, 8, NULL), SUCCESS);
    CHECK_EQUAL(length, 2 * MIB);
    CHECK_EQUAL(target_read(disk, 2 * MIB - 512, sector, sizeof(sector), NULL), SUCCESS);
    CHECK_BYTES(sector, zeros, sizeof(sector));
    target_close(disk);
    remove_disk(number);

    CHECK(target_image_create("grow", MIB));
    number = create_disk((struct create){.number = AUTOMATIC, .image = "grow"});
    disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL), SUCCESS);
    CHECK_EQUAL(target_image_size("grow"), 2 * MIB);
    target_close(disk);
    remove_disk(number);
    number = create_disk((struct create){.number = AUTOMATIC, .offset = 512, .image = "grow"});
    disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL),
                INVALID_DEVICE_REQUEST);
    target_close(disk);
    remove_disk(number);
    number = create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_READ_ONLY, .image = "grow"});
    disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL), WRITE_PROTECTED);
    target_close(disk);
    remove_disk(number);
    target_image_delete("grow");
}

static uint64_t allocated(struct target_handle *disk)
{
    struct ballast_disk_state state = {.valid = 0};
    CHECK_EQUAL(target_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &state, sizeof(state), NULL), SUCCESS);
    CHECK(state.valid & BALLAST_DISK_VALID_MEMORY);
    return state.allocated_bytes;
}

static void trimming_gives_memory_back(void)
{
    static unsigned char block[MIB];
    struct {
        struct storage_data_set_attributes attributes;
        uint32_t padding;
        struct storage_data_set_range range;
    } trim = {{28, DATA_SET_ACTION_TRIM, 0, 0, 0, 32, 16}, 0, {CHUNK, 4 * CHUNK}};
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    memset(block, 0xAA, sizeof(block));
    CHECK_EQUAL(allocated(disk), 0);
    CHECK_EQUAL(target_write(disk, 0, block, sizeof(block), NULL), SUCCESS);
    CHECK_EQUAL(allocated(disk), MIB);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &trim, sizeof(trim), NULL, 0, NULL),
                SUCCESS);
    CHECK_EQUAL(allocated(disk), MIB - 4 * CHUNK);
    memset(block, 0, sizeof(block));
    CHECK_EQUAL(target_write(disk, 0, block, sizeof(block), NULL), SUCCESS);
    CHECK_EQUAL(allocated(disk), 0);
    trim.range.length_bytes = MIB;
    CHECK_EQUAL(target_ioctl(disk, IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, &trim, sizeof(trim), NULL, 0, NULL),
                INVALID_PARAMETER);
    target_close(disk);
    remove_disk(number);
}

/* ---- 2.14 transfers ---- */

static void transfer_boundaries(void)
{
    static const struct {
        uint64_t offset;
        size_t length;
        size_t transferred;
    } rows[] = {
        {0, 0, 0},
        {0, 512, 512},
        {0, 1, 1}, /* no alignment is asked for */
        {511, 3, 3},
        {MIB - 512, 512, 512},
        {MIB - 1, 1, 1},
        {MIB - 511, 512, 0}, /* never a part, and no error */
        {MIB, 512, 0},
        {MIB, 0, 0},
        {1ull << 40, 512, 0},
        {INT64_MAX - 511, 512, 0},
        {0, MIB, MIB},
    };
    static unsigned char buffer[MIB + 1];
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t done = 99;
        test_note("row %u", (unsigned)i);
        memset(buffer, (int)(i + 1), sizeof(buffer));
        CHECK_EQUAL(target_write(disk, rows[i].offset, buffer, rows[i].length, &done), SUCCESS);
        CHECK_EQUAL(done, rows[i].transferred);
        memset(buffer, 0, sizeof(buffer));
        CHECK_EQUAL(target_read(disk, rows[i].offset, buffer, rows[i].length, &done), SUCCESS);
        CHECK_EQUAL(done, rows[i].transferred);
        for (size_t j = 0; j < done; j++) {
            if (!CHECK_EQUAL(buffer[j], i + 1)) {
                break;
            }
        }
    }
    target_close(disk);
    remove_disk(number);
}

static void large_disks_cost_nothing(void)
{
    char sector[512] = {1};
    if (!target_kernel_is_64_bit()) { /* as with ImDisk, RAM disks are below 2 GiB there */
        CHECK_EQUAL(create_status((struct create){.number = AUTOMATIC, .size = 1ll << 31}), INVALID_PARAMETER);
        remove_disk(create_ram(0, (1ll << 31) - 512));
        return;
    }
    uint32_t number = create_ram(0, 16ll << 30);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(allocated(disk), 0);
    CHECK_EQUAL(target_write(disk, (16ull << 30) - 512, sector, sizeof(sector), NULL), SUCCESS);
    CHECK_EQUAL(allocated(disk), CHUNK);
    target_close(disk);
    remove_disk(number);
}

static void statistics(void)
{
    struct ballast_disk_state state;
    static char buffer[8192] = {1};
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_write(disk, 0, buffer, 8192, NULL), SUCCESS);
    CHECK_EQUAL(target_read(disk, 0, buffer, 4096, NULL), SUCCESS);
    CHECK_EQUAL(target_read(disk, MIB, buffer, 4096, NULL), SUCCESS); /* beyond the end: nothing is read */
    CHECK_EQUAL(target_flush(disk), SUCCESS);
    CHECK_EQUAL(target_ioctl(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &state, sizeof(state), NULL), SUCCESS);
    CHECK_EQUAL(state.write_requests, 1);
    CHECK_EQUAL(state.written_bytes, 8192);
    CHECK_EQUAL(state.read_requests, 1);
    CHECK_EQUAL(state.read_bytes, 4096);
    CHECK_EQUAL(state.flush_requests, 1);
    CHECK_EQUAL(state.failed_requests, 0);
    CHECK_EQUAL(state.requests_in_flight, 1);
    CHECK_EQUAL(state.device_number, number);
    CHECK_EQUAL(state.size_bytes, MIB);
    target_close(disk);
    remove_disk(number);
}

/* After all of the above: no disk, and no memory but what a driver without disks has. */
static void nothing_is_left(void)
{
    struct ballast_disk_driver_state state;
    CHECK_EQUAL(
        target_ioctl(control_device(), BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, NULL, 0, &state, sizeof(state), NULL),
        SUCCESS);
    CHECK_EQUAL(state.disks, 0);
    for (size_t i = 0; i < BALLAST_DISK_POOL_TAGS; i++) {
        test_note("tag %.4s", (const char *)&state.pool[i].tag);
        CHECK_EQUAL(state.pool[i].blocks, 0);
        CHECK_EQUAL(state.pool[i].bytes, 0);
    }
}

#define CASE(name)  \
    {               \
#name, name \
    }

TEST_MAIN(CASE(control_device_codes), CASE(disk_codes), CASE(transfers_on_the_control_device), CASE(access_rights),
          CASE(query_version), CASE(create_lengths), CASE(create_name_lengths), CASE(create_reply),
          CASE(create_without_reply), CASE(create_statuses), CASE(drive_letters), CASE(numbers),
          CASE(create_and_remove_many_times), CASE(device_kinds), CASE(file_disk_reads_and_writes_the_image),
          CASE(file_disk_with_offset), CASE(a_size_creates_and_extends_but_never_cuts),
          CASE(a_shared_image_is_extended_by_what_is_missing), CASE(read_only_images_are_not_touched),
          CASE(too_small_images), CASE(images_are_shared_for_reading_only), CASE(loading_an_image_into_memory),
          CASE(truncated_images_fail_and_recover), CASE(query_device), CASE(query_driver), CASE(set_flags_lengths),
          CASE(set_flags_on_memory), CASE(set_flags_on_files), CASE(remove_statuses), CASE(requests_after_removal),
          CASE(ejecting), CASE(storage_lengths), CASE(driver_state_lengths), CASE(growing),
          CASE(trimming_gives_memory_back), CASE(transfer_boundaries), CASE(large_disks_cost_nothing), CASE(statistics),
          CASE(nothing_is_left))
