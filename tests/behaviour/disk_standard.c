/* SPDX-License-Identifier: MIT */
/*
 * The disk driver's behaviour table, 2.12 and what ImDisk never answered: every standard control code with short, exact
 * and long buffers on each kind of disk, and the contents of the answers.
 */

#include "core/disk/storage_abi.h"
#include "tests/behaviour/disk_table.h"

#include <string.h>

/* ---- lengths ---- */

enum { HARD_DISK, FLOPPY, CD, RAW, READ_ONLY, KINDS };

static const uint32_t kind_flags[KINDS] = {
    IMDISK_DEVICE_TYPE_HD,
    IMDISK_DEVICE_TYPE_FD,
    IMDISK_DEVICE_TYPE_CD,
    IMDISK_DEVICE_TYPE_RAW,
    IMDISK_DEVICE_TYPE_HD | IMDISK_OPTION_READ_ONLY,
};

/* A code whose input and output must have these lengths. The input is zeros but for `first`, its first 32 bits. */
struct standard {
    uint32_t code;
    size_t input, output;
    uint32_t short_input, short_output; /* 0: any length will do */
    uint32_t status;                    /* of hard disks; others as `exceptions` say */
    size_t information;
    size_t long_information; /* with 4096 bytes of output; 0: the same */
    unsigned exceptions;     /* bits of kinds that answer `otherwise`, whatever the lengths */
    uint32_t otherwise;
    uint32_t first;
};

#define ONLY(kind)    (((1u << KINDS) - 1) & ~(1u << (kind)))
#define WRITE_REFUSED (1u << CD | 1u << READ_ONLY), WRITE_PROTECTED

static const struct standard standards[] = {
    {IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, 0, 32, 0, BUFFER_TOO_SMALL, SUCCESS, 32, 112, 0, 0, 0},
    {IOCTL_DISK_GET_DRIVE_LAYOUT_EX, 0, 192, 0, BUFFER_TOO_SMALL, SUCCESS, 192, 0, 0, 0, 0},
    {IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, 0, 32, 0, BUFFER_TOO_SMALL, SUCCESS, 32, 0, 0, 0, 0},
    {IOCTL_VOLUME_ONLINE, 0, 0, 0, 0, SUCCESS, 0, 0, 0, 0, 0},
    {IOCTL_VOLUME_GET_GPT_ATTRIBUTES, 0, 8, 0, BUFFER_TOO_SMALL, SUCCESS, 8, 0, 0, 0, 0},
    {IOCTL_VOLUME_IS_DYNAMIC, 0, 1, 0, BUFFER_TOO_SMALL, SUCCESS, 1, 0, 0, 0, 0},
    {IOCTL_STORAGE_GET_DEVICE_NUMBER, 0, 12, 0, BUFFER_TOO_SMALL, SUCCESS, 12, 0, 0, 0, 0},
    {IOCTL_STORAGE_QUERY_PROPERTY, 8, 8, INVALID_PARAMETER, BUFFER_TOO_SMALL, SUCCESS, 8, 104, 0, 0, 0},
    {IOCTL_STORAGE_QUERY_PROPERTY, 8, 8, INVALID_PARAMETER, BUFFER_TOO_SMALL, SUCCESS, 8, 32, 0, 0, 1},
    {IOCTL_STORAGE_QUERY_PROPERTY, 8, 8, INVALID_PARAMETER, BUFFER_TOO_SMALL, SUCCESS, 8, 28, 0, 0, 6},
    {IOCTL_STORAGE_QUERY_PROPERTY, 8, 8, INVALID_PARAMETER, BUFFER_TOO_SMALL, SUCCESS, 8, 12, 0, 0, 7},
    {IOCTL_STORAGE_QUERY_PROPERTY, 8, 8, INVALID_PARAMETER, BUFFER_TOO_SMALL, SUCCESS, 8, 12, 0, 0, 8},
    {IOCTL_STORAGE_QUERY_PROPERTY, 8, 0, INVALID_PARAMETER, 0, INVALID_DEVICE_REQUEST, 0, 0, 0, 0, 99},
    {IOCTL_MOUNTDEV_QUERY_UNIQUE_ID, 0, 18, 0, BUFFER_OVERFLOW, SUCCESS, 18, 0, 0, 0, 0},
    {IOCTL_MOUNTDEV_QUERY_STABLE_GUID, 0, 16, 0, INVALID_PARAMETER, SUCCESS, 16, 0, 0, 0, 0},
    {IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, 0, 32, 0, BUFFER_OVERFLOW, SUCCESS, 32, 0, 0, 0, 0},
    {IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, 0, 6, 0, INVALID_PARAMETER, OBJECT_NAME_NOT_FOUND, 0, 0, 0, 0, 0},
    {IOCTL_MOUNTDEV_LINK_CREATED, 4, 0, INVALID_PARAMETER, 0, SUCCESS, 0, 0, 0, 0, 0},
    {IOCTL_MOUNTDEV_LINK_CREATED_OLD, 4, 0, INVALID_PARAMETER, 0, SUCCESS, 0, 0, 0, 0, 0},
    {IOCTL_MOUNTDEV_LINK_DELETED, 4, 0, INVALID_PARAMETER, 0, SUCCESS, 0, 0, 0, 0, 0},
    {IOCTL_MOUNTDEV_LINK_DELETED_OLD, 4, 0, INVALID_PARAMETER, 0, SUCCESS, 0, 0, 0, 0, 0},
    {IOCTL_CDROM_READ_TOC, 0, 804, 0, BUFFER_TOO_SMALL, SUCCESS, 804, 0, ONLY(CD), INVALID_DEVICE_REQUEST, 0},
    {IOCTL_CDROM_GET_LAST_SESSION, 0, 0, 0, 0, SUCCESS, 0, 0, 0, 0, 0},
    {IOCTL_DISK_VERIFY, 16, 0, INVALID_PARAMETER, 0, SUCCESS, 0, 0, 0, 0, 0},
    {IOCTL_DISK_FORMAT_TRACKS, 20, 0, INVALID_PARAMETER, 0, SUCCESS, 0, 0, WRITE_REFUSED, 0},
    {IOCTL_DISK_FORMAT_TRACKS_EX, 28, 0, INVALID_PARAMETER, 0, INVALID_PARAMETER, 0, 0, WRITE_REFUSED, 0},
    {IOCTL_DISK_SET_PARTITION_INFO, 1, 0, INVALID_PARAMETER, 0, SUCCESS, 0, 0, WRITE_REFUSED, 0},
    {IOCTL_DISK_SET_PARTITION_INFO_EX, 120, 0, INVALID_PARAMETER, 0, SUCCESS, 0, 0, WRITE_REFUSED, 0},
    {IOCTL_DISK_SET_PARTITION_INFO_EX, 120, 0, INVALID_PARAMETER, 0, UNSUCCESSFUL, 0, 0, WRITE_REFUSED, 1},
    {IOCTL_DISK_IS_WRITABLE, 0, 0, 0, 0, SUCCESS, 0, 0, WRITE_REFUSED, 0},
    {IOCTL_DISK_GROW_PARTITION, 16, 0, BUFFER_TOO_SMALL, 0, INVALID_PARAMETER, 0, 0, 1u << CD | 1u << READ_ONLY, 0, 0},
    {IOCTL_DISK_GET_LENGTH_INFO, 0, 8, 0, BUFFER_TOO_SMALL, SUCCESS, 8, 0, 0, 0, 0},
    {IOCTL_DISK_GET_DRIVE_GEOMETRY, 0, 24, 0, BUFFER_TOO_SMALL, SUCCESS, 24, 0, 0, 0, 0},
    {IOCTL_CDROM_GET_DRIVE_GEOMETRY, 0, 24, 0, BUFFER_TOO_SMALL, SUCCESS, 24, 0, 0, 0, 0},
    {IOCTL_DISK_GET_MEDIA_TYPES, 0, 24, 0, BUFFER_TOO_SMALL, SUCCESS, 24, 0, 0, 0, 0},
    {IOCTL_STORAGE_GET_MEDIA_TYPES, 0, 24, 0, BUFFER_TOO_SMALL, SUCCESS, 24, 0, 0, 0, 0},
    {IOCTL_DISK_UPDATE_DRIVE_SIZE, 0, 24, 0, BUFFER_TOO_SMALL, SUCCESS, 24, 0, 0, 0, 0},
    {IOCTL_DISK_GET_PARTITION_INFO, 0, 32, 0, BUFFER_TOO_SMALL, SUCCESS, 32, 0, 0, 0, 0},
    {IOCTL_DISK_GET_PARTITION_INFO_EX, 0, 144, 0, BUFFER_TOO_SMALL, SUCCESS, 144, 0, 0, 0, 0},
    {IOCTL_STORAGE_GET_HOTPLUG_INFO, 0, 8, 0, INVALID_PARAMETER, SUCCESS, 8, 0, 0, 0, 0},
    {IOCTL_DISK_CHECK_VERIFY, 0, 4, 0, SUCCESS, SUCCESS, 4, 0, 0, 0, 0},
    {IOCTL_CDROM_CHECK_VERIFY, 0, 4, 0, SUCCESS, SUCCESS, 4, 0, 0, 0, 0},
    {IOCTL_STORAGE_CHECK_VERIFY, 0, 4, 0, SUCCESS, SUCCESS, 4, 0, 0, 0, 0},
    {IOCTL_STORAGE_CHECK_VERIFY2, 0, 4, 0, SUCCESS, SUCCESS, 4, 0, 0, 0, 0},
    {IOCTL_DISK_MEDIA_REMOVAL, 0, 0, 0, 0, SUCCESS, 0, 0, 0, 0, 0},
    {IOCTL_STORAGE_MEDIA_REMOVAL, 0, 0, 0, 0, SUCCESS, 0, 0, 0, 0, 0},
    {IOCTL_DISK_UPDATE_PROPERTIES, 0, 0, 0, 0, SUCCESS, 0, 0, 0, 0, 0},
};

static uint32_t send(struct target_handle *disk, const struct standard *row, size_t input_length, size_t output_length,
                     size_t *information)
{
    struct buffer input = {{0}};
    struct buffer output;
    memcpy(input.bytes, &row->first, sizeof(row->first));
    memset(&output, 0xCC, sizeof(output));
    return target_ioctl(disk, row->code, input.bytes, input_length, output.bytes, output_length, information);
}

static void check_row(struct target_handle *disk, const struct standard *row, unsigned kind)
{
    /* A grow's length is looked at before the disk. */
    bool excepted = (row->exceptions >> kind & 1) != 0 && row->otherwise != 0;
    bool exact_only = row->code == IOCTL_DISK_GROW_PARTITION;
    uint32_t status = excepted ? row->otherwise : row->status;
    if (exact_only && (row->exceptions >> kind & 1) != 0) {
        status = WRITE_PROTECTED;
    }
    size_t expected = status == SUCCESS ? row->information : 0;
    size_t information = 99;
    CHECK_EQUAL(send(disk, row, row->input, row->output, &information), status);
    CHECK_EQUAL(information, expected);
    if (row->short_input != 0) {
        uint32_t wanted = excepted ? row->otherwise : row->short_input;
        CHECK_EQUAL(send(disk, row, row->input - 1, row->output, NULL), wanted);
        CHECK_EQUAL(send(disk, row, 0, row->output, NULL), wanted);
    }
    if (row->output != 0) {
        CHECK_EQUAL(send(disk, row, row->input, row->output - 1, NULL), excepted ? row->otherwise : row->short_output);
    }
    CHECK_EQUAL(send(disk, row, row->input + 1, row->output, NULL), exact_only ? BUFFER_TOO_SMALL : status);
    CHECK_EQUAL(send(disk, row, row->input, 4096, &information), status);
    CHECK_EQUAL(information, expected != 0 && row->long_information != 0 ? row->long_information : expected);
}

void standard_lengths(void)
{
    for (unsigned kind = 0; kind < KINDS; kind++) {
        uint32_t number = create_ram(kind_flags[kind], MIB);
        struct target_handle *disk = open_disk(number);
        for (size_t i = 0; i < sizeof(standards) / sizeof(standards[0]); i++) {
            test_note("row %u, code 0x%08x, kind %u", (unsigned)i, (unsigned)standards[i].code, kind);
            check_row(disk, &standards[i], kind);
        }
        test_note("");
        target_close(disk);
        remove_disk(number);
    }
}

/* ---- reading and writing whole tracks ---- */

/* An image that has become shorter than its disk: memory need not be looked at. */
void check_verify_reads(void)
{
    uint32_t count = 0;
    CHECK(target_image_create("check", MIB));
    uint32_t number =
        create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_SHARED_IMAGE, .image = "check"});
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_STORAGE_CHECK_VERIFY, NULL, 0, &count, 4, NULL), SUCCESS);
    CHECK_EQUAL(count, 1);
    CHECK(target_image_truncate("check", 0));
    CHECK_EQUAL(target_ioctl(disk, IOCTL_STORAGE_CHECK_VERIFY, NULL, 0, NULL, 0, NULL), DEVICE_DOES_NOT_EXIST);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_CHECK_VERIFY, NULL, 0, &count, 4, NULL), DEVICE_DOES_NOT_EXIST);
    CHECK(target_image_truncate("check", MIB));
    CHECK_EQUAL(target_ioctl(disk, IOCTL_CDROM_CHECK_VERIFY, NULL, 0, NULL, 0, NULL), SUCCESS);
    target_close(disk);
    remove_disk(number);
    target_image_delete("check");
}

static uint32_t verify(struct target_handle *disk, int64_t offset, uint32_t length)
{
    struct storage_verify input = {offset, length, 0};
    return target_ioctl(disk, IOCTL_DISK_VERIFY, &input, sizeof(input), NULL, 0, NULL);
}

void verifying(void)
{
    CHECK(target_image_create("verify", MIB));
    uint32_t number = create_disk(
        (struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_READ_ONLY, .size = 2 * MIB, .image = "verify"});
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(verify(disk, 0, MIB), SUCCESS); /* ImDisk refuses read-only disks */
    CHECK_EQUAL(verify(disk, 0, 0), SUCCESS);
    CHECK_EQUAL(verify(disk, 2 * MIB, 0), SUCCESS);
    CHECK_EQUAL(verify(disk, 0, MIB + 512), IO_DEVICE_ERROR); /* the image ends there: ImDisk does not look */
    CHECK_EQUAL(verify(disk, MIB, 512), IO_DEVICE_ERROR);
    CHECK_EQUAL(verify(disk, 0, 2 * MIB + 1), NONEXISTENT_SECTOR);
    CHECK_EQUAL(verify(disk, 2 * MIB, 1), NONEXISTENT_SECTOR);
    CHECK_EQUAL(verify(disk, -512, 512), NONEXISTENT_SECTOR);
    CHECK_EQUAL(verify(disk, INT64_MAX, 0xFFFFFFFF), NONEXISTENT_SECTOR);
    target_close(disk);
    remove_disk(number);
    target_image_delete("verify");
}

static uint32_t format(struct target_handle *disk, uint32_t cylinder, uint32_t head, uint32_t end_cylinder,
                       uint32_t end_head)
{
    struct storage_format_tracks input = {2, cylinder, end_cylinder, head, end_head};
    return target_ioctl(disk, IOCTL_DISK_FORMAT_TRACKS, &input, sizeof(input), NULL, 0, NULL);
}

static uint32_t format_ex(struct target_handle *disk, uint16_t sectors, size_t given)
{
    struct {
        struct storage_format_tracks_ex fixed;
        uint16_t sector[64];
    } input = {{{2, 79, 79, 1, 1}, 0, sectors}, {1}};
    return target_ioctl(disk, IOCTL_DISK_FORMAT_TRACKS_EX, &input, sizeof(input.fixed) + given * 2, NULL, 0, NULL);
}

/* A floppy has 80 cylinders, 2 heads, 18 sectors. */
void formatting_tracks(void)
{
    enum { TRACK = 18 * 512, SIZE = 160 * TRACK };
    static unsigned char content[SIZE];
    static unsigned char expected[SIZE];
    uint32_t number = create_ram(0, SIZE);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(format(disk, 0, 2, 0, 2), INVALID_PARAMETER);
    CHECK_EQUAL(format(disk, 0, 0, 0, 2), INVALID_PARAMETER);
    CHECK_EQUAL(format(disk, 1, 0, 0, 1), INVALID_PARAMETER);
    CHECK_EQUAL(format(disk, 80, 0, 80, 0), INVALID_PARAMETER);
    CHECK_EQUAL(format(disk, 81, 0, 81, 0), INVALID_PARAMETER);
    CHECK_EQUAL(format(disk, 0xFFFFFFFF, 0, 0xFFFFFFFF, 1), INVALID_PARAMETER);
    CHECK_EQUAL(allocated(disk), 0);
    CHECK_EQUAL(format(disk, 1, 1, 2, 0), SUCCESS);
    memset(expected + 3 * TRACK, 0xF6, 2 * TRACK);
    CHECK_EQUAL(target_read(disk, 0, content, SIZE, NULL), SUCCESS);
    CHECK_BYTES(content, expected, SIZE);
    CHECK_EQUAL(format_ex(disk, 17, 17), INVALID_PARAMETER);
    CHECK_EQUAL(format_ex(disk, 18, 17), INVALID_PARAMETER);
    CHECK_EQUAL(format_ex(disk, 18, 18), SUCCESS);
    memset(expected + 159 * TRACK, 0xF6, TRACK);
    CHECK_EQUAL(target_read(disk, 0, content, SIZE, NULL), SUCCESS);
    CHECK_BYTES(content, expected, SIZE);
    CHECK_EQUAL(format(disk, 0, 0, 79, 1), SUCCESS);
    CHECK_EQUAL(target_read(disk, SIZE - 512, content, 512, NULL), SUCCESS);
    CHECK_EQUAL(content[511], 0xF6);
    target_close(disk);
    remove_disk(number);
}

/* ---- what a disk says it is ---- */

void device_descriptions(void)
{
    static const uint32_t types[KINDS] = {7, 7, 2, 0x22, 7};
    for (unsigned kind = 0; kind < KINDS; kind++) {
        struct storage_device_number device;
        struct storage_disk_extents extents;
        struct storage_geometry_ex geometry;
        struct storage_drive_layout layout;
        uint64_t attributes;
        uint32_t number = create_disk((struct create){.number = 9, .flags = kind_flags[kind], .size = MIB + 512});
        struct target_handle *disk = open_disk(number);
        test_note("kind %u", kind);
        CHECK_EQUAL(target_ioctl(disk, IOCTL_STORAGE_GET_DEVICE_NUMBER, NULL, 0, &device, sizeof(device), NULL),
                    SUCCESS);
        CHECK_EQUAL(device.device_type, types[kind]);
        CHECK_EQUAL(device.device_number, 0x83720000 + 9); /* nobody's \\.\PhysicalDrive9 */
        CHECK_EQUAL(device.partition_number, kind == HARD_DISK || kind == READ_ONLY ? 1 : 0xFFFFFFFF);
        CHECK_EQUAL(target_ioctl(disk, IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, NULL, 0, &extents, sizeof(extents), NULL),
                    SUCCESS);
        CHECK_EQUAL(extents.number_of_extents, 1);
        CHECK_EQUAL(extents.disk_number, device.device_number);
        CHECK_EQUAL(extents.starting_offset, 0);
        CHECK_EQUAL(extents.extent_length, MIB + 512);
        CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, NULL, 0, &geometry, sizeof(geometry), NULL),
                    SUCCESS);
        CHECK_EQUAL(geometry.disk_size, MIB + 512);
        CHECK_EQUAL(geometry.geometry.bytes_per_sector, kind == CD ? 2048 : 512);
        CHECK_EQUAL(geometry.partition_info_size, 24);
        CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_DRIVE_LAYOUT_EX, NULL, 0, &layout, sizeof(layout), NULL),
                    SUCCESS);
        CHECK_EQUAL(layout.partition_style, 0);
        CHECK_EQUAL(layout.partition_count, 1);
        CHECK_EQUAL(layout.mbr_signature, geometry.mbr_signature);
        CHECK_EQUAL(layout.partition.starting_offset, 0);
        CHECK_EQUAL(layout.partition.partition_length, MIB + 512);
        CHECK_EQUAL(layout.partition.partition_number, 1);
        CHECK_EQUAL(target_ioctl(disk, IOCTL_VOLUME_GET_GPT_ATTRIBUTES, NULL, 0, &attributes, 8, NULL), SUCCESS);
        CHECK_EQUAL(attributes, kind == CD || kind == READ_ONLY ? STORAGE_GPT_ATTRIBUTE_READ_ONLY : 0);
        target_close(disk);
        remove_disk(number);
    }
}

static uint32_t query(struct target_handle *disk, uint32_t property, uint32_t type, struct buffer *reply)
{
    struct storage_property_query input = {property, type};
    memset(reply, 0xCC, sizeof(*reply));
    return target_ioctl(disk, IOCTL_STORAGE_QUERY_PROPERTY, &input, sizeof(input), reply, sizeof(*reply), NULL);
}

static bool trim_advertised(struct target_handle *disk)
{
    struct buffer reply;
    struct storage_flag_descriptor trim;
    CHECK_EQUAL(query(disk, STORAGE_PROPERTY_TRIM, STORAGE_QUERY_STANDARD, &reply), SUCCESS);
    memcpy(&trim, reply.bytes, sizeof(trim));
    CHECK_EQUAL(trim.version, 12);
    CHECK_EQUAL(trim.size, 12);
    struct storage_lb_provisioning thin;
    CHECK_EQUAL(query(disk, STORAGE_PROPERTY_LB_PROVISIONING, STORAGE_QUERY_STANDARD, &reply), SUCCESS);
    memcpy(&thin, reply.bytes, sizeof(thin));
    CHECK_EQUAL(thin.version, 32);
    CHECK_EQUAL(thin.size, 32);
    CHECK_EQUAL(thin.flags, trim.value != 0 ? 0x23 : 0); /* what is trimmed reads as zeros */
    CHECK_EQUAL(thin.optimal_unmap_granularity, trim.value != 0 ? 65536 : 0);
    CHECK_EQUAL(thin.unmap_granularity_alignment, 0);
    return trim.value != 0;
}

static void check_device_descriptor(const struct buffer *reply, uint32_t bus)
{
    struct storage_device_descriptor device;
    memcpy(&device, reply->bytes, sizeof(device));
    CHECK_EQUAL(device.version, 40);
    CHECK_EQUAL(device.size, 104);
    CHECK_EQUAL(device.bus_type, bus);
    CHECK(strcmp((const char *)reply->bytes + device.vendor_offset, "Ballast") == 0);
    CHECK(strcmp((const char *)reply->bytes + device.product_offset, "Virtual Disk") == 0);
    CHECK_EQUAL(strlen((const char *)reply->bytes + device.serial_number_offset), 32);
}

void properties(void)
{
    struct buffer reply;
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_number(number, TARGET_QUERY);
    CHECK_EQUAL(query(disk, STORAGE_PROPERTY_DEVICE, STORAGE_QUERY_STANDARD, &reply), SUCCESS);
    check_device_descriptor(&reply, STORAGE_BUS_VIRTUAL);
    CHECK_EQUAL(query(disk, STORAGE_PROPERTY_SEEK_PENALTY, STORAGE_QUERY_STANDARD, &reply), SUCCESS);
    CHECK_EQUAL(reply.bytes[8], 0);
    CHECK(trim_advertised(disk));
    static const uint32_t known[] = {0, 1, 6, 7, 8};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        CHECK_EQUAL(query(disk, known[i], STORAGE_QUERY_EXISTS, &reply), SUCCESS);
    }
    CHECK_EQUAL(query(disk, 2, STORAGE_QUERY_EXISTS, &reply), INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(query(disk, 0, 2, &reply), INVALID_PARAMETER);
    CHECK_EQUAL(query(disk, 0, 0xFFFFFFFF, &reply), INVALID_PARAMETER);
    target_close(disk);
    remove_disk(number);

    number = create_ram(IMDISK_OPTION_READ_ONLY, MIB);
    disk = open_number(number, TARGET_QUERY);
    CHECK(!trim_advertised(disk));
    target_close(disk);
    remove_disk(number);

    CHECK(target_image_create("property", MIB));
    number = create_disk((struct create){.number = AUTOMATIC, .image = "property"});
    disk = open_number(number, TARGET_QUERY);
    CHECK_EQUAL(query(disk, STORAGE_PROPERTY_DEVICE, STORAGE_QUERY_STANDARD, &reply), SUCCESS);
    check_device_descriptor(&reply, STORAGE_BUS_FILE_BACKED_VIRTUAL);
    CHECK_EQUAL(query(disk, STORAGE_PROPERTY_SEEK_PENALTY, STORAGE_QUERY_STANDARD, &reply), INVALID_DEVICE_REQUEST);
    CHECK(!trim_advertised(disk)); /* no holes, so a trim would do nothing */
    target_close(disk);
    remove_disk(number);
    target_image_delete("property");
}

void tables_of_contents(void)
{
    static const struct {
        int64_t size;
        unsigned char lead_out[4];
    } rows[] = {
        {MIB, {0, 0, 8, 62}},            /* 512 sectors + 150 */
        {700ll * MIB, {0, 79, 40, 50}},  /* 358400 + 150 */
        {1ll << 30, {0, 116, 32, 38}},   /* 524288 + 150 */
        {100ll << 30, {0, 255, 59, 74}}, /* as far as it can be told */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct storage_toc toc;
        if (rows[i].size > INT32_MAX && !target_kernel_is_64_bit()) {
            continue;
        }
        uint32_t number = create_ram(IMDISK_DEVICE_TYPE_CD, rows[i].size);
        struct target_handle *disk = open_disk(number);
        test_note("row %u", (unsigned)i);
        memset(&toc, 0xCC, sizeof(toc));
        CHECK_EQUAL(target_ioctl(disk, IOCTL_CDROM_READ_TOC, NULL, 0, &toc, sizeof(toc), NULL), SUCCESS);
        CHECK_EQUAL(toc.length[0], 0);
        CHECK_EQUAL(toc.length[1], 18);
        CHECK_EQUAL(toc.first_track, 1);
        CHECK_EQUAL(toc.last_track, 1);
        CHECK_EQUAL(toc.tracks[0].control_and_adr, 0x14);
        CHECK_EQUAL(toc.tracks[0].track_number, 1);
        CHECK_BYTES(toc.tracks[0].address, "\0\0\2\0", 4);
        CHECK_EQUAL(toc.tracks[1].track_number, 0xAA);
        CHECK_BYTES(toc.tracks[1].address, rows[i].lead_out, 4);
        CHECK_EQUAL(toc.tracks[2].track_number, 0);
        target_close(disk);
        remove_disk(number);
    }
}

/* ---- the mount manager ---- */

static void check_text(const unsigned char *name, const char *text)
{
    for (size_t i = 0; text[i] != 0; i++) {
        CHECK_EQUAL(name[2 * i], text[i]);
        CHECK_EQUAL(name[2 * i + 1], 0);
    }
}

void mount_manager_names(void)
{
    static const struct row rows[] = {
        {IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, 0, 3, INVALID_PARAMETER, 0},
        {IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, 0, 4, BUFFER_OVERFLOW, 4},
        {IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, 0, 39, BUFFER_OVERFLOW, 4},
        {IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, 0, 40, SUCCESS, 40},
        {IOCTL_MOUNTDEV_QUERY_UNIQUE_ID, 0, 3, INVALID_PARAMETER, 0},
        {IOCTL_MOUNTDEV_QUERY_UNIQUE_ID, 0, 4, BUFFER_OVERFLOW, 4},
        {IOCTL_MOUNTDEV_QUERY_UNIQUE_ID, 0, 17, BUFFER_OVERFLOW, 4},
        {IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, 0, 5, INVALID_PARAMETER, 0},
        {IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, 0, 6, BUFFER_OVERFLOW, 6},
        {IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, 0, 31, BUFFER_OVERFLOW, 6},
        {IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, 0, 32, SUCCESS, 32},
    };
    struct buffer reply;
    uint16_t length = 0;
    uint32_t number = create_disk((struct create){.number = 63999, .size = MIB, .letter = 'W'});
    struct target_handle *disk = open_disk(number);
    RUN(disk, rows);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, NULL, 0, &reply, 6, NULL), BUFFER_OVERFLOW);
    memcpy(&length, reply.bytes, sizeof(length));
    CHECK_EQUAL(length, 38); /* what to come again with */
    CHECK_EQUAL(target_ioctl(disk, IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, NULL, 0, &reply, 40, NULL), SUCCESS);
    check_text(reply.bytes + 2, "\\Device\\ImDisk63999");
    CHECK_EQUAL(target_ioctl(disk, IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, NULL, 0, &reply, 64, NULL), SUCCESS);
    check_text(reply.bytes + 4, "\\DosDevices\\W:");
    uint16_t created[4] = {6, 'a', 'b', 'c'};
    CHECK_EQUAL(target_ioctl(disk, IOCTL_MOUNTDEV_LINK_CREATED, created, 8, NULL, 0, NULL), SUCCESS);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_MOUNTDEV_LINK_CREATED, created, 7, NULL, 0, NULL), INVALID_PARAMETER);
    target_close(disk);
    remove_disk(number);
}

struct identity {
    unsigned char bytes[16];
};

static struct identity identity_of(uint32_t number)
{
    struct identity guid = {{0}};
    unsigned char unique[18] = {0};
    struct target_handle *disk = open_number(number, TARGET_QUERY);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_MOUNTDEV_QUERY_STABLE_GUID, NULL, 0, &guid, sizeof(guid), NULL), SUCCESS);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_MOUNTDEV_QUERY_UNIQUE_ID, NULL, 0, unique, sizeof(unique), NULL), SUCCESS);
    CHECK_EQUAL(unique[0], 16);
    CHECK_BYTES(unique + 2, guid.bytes, sizeof(guid));
    target_close(disk);
    return guid;
}

static bool same(struct identity a, struct identity b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

/* The same image has the same identity whatever its number; two disks at a time never have. */
void identities(void)
{
    struct create image = {.number = 5, .flags = IMDISK_OPTION_READ_ONLY, .image = "identity"};
    CHECK(target_image_create("identity", MIB));
    uint32_t first = create_disk(image);
    struct identity identity = identity_of(first);
    image.number = 6;
    uint32_t second = create_disk(image);
    CHECK(!same(identity_of(second), identity));
    image.number = 7;
    image.offset = 512;
    uint32_t third = create_disk(image);
    CHECK(!same(identity_of(third), identity));
    remove_disk(first);
    remove_disk(second);
    remove_disk(third);
    image.number = 8;
    image.offset = 0;
    first = create_disk(image);
    CHECK(same(identity_of(first), identity));
    remove_disk(first);
    target_image_delete("identity");

    first = create_disk((struct create){.number = 5, .size = MIB});
    second = create_disk((struct create){.number = 6, .size = MIB});
    identity = identity_of(first);
    CHECK(!same(identity_of(second), identity));
    remove_disk(first);
    first = create_disk((struct create){.number = 5, .size = 2 * MIB});
    CHECK(same(identity_of(first), identity));
    remove_disk(first);
    remove_disk(second);
}

/* ---- large sectors ---- */

static void check_sectors(uint32_t flags, uint32_t sector, const char *image, uint32_t physical)
{
    struct storage_geometry geometry;
    struct storage_access_alignment alignment;
    struct buffer reply;
    static unsigned char written[65536], read[65536];
    uint32_t number = create_disk(
        (struct create){.number = AUTOMATIC, .flags = flags, .size = MIB, .bytes_per_sector = sector, .image = image});
    struct target_handle *disk = open_disk(number);
    test_note("flags 0x%08x, sector %u, %s", (unsigned)flags, (unsigned)sector, image != NULL ? "image" : "memory");
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, &geometry, sizeof(geometry), NULL), SUCCESS);
    CHECK_EQUAL(geometry.bytes_per_sector, sector);
    CHECK_EQUAL(query(disk, STORAGE_PROPERTY_ACCESS_ALIGNMENT, STORAGE_QUERY_STANDARD, &reply), SUCCESS);
    memcpy(&alignment, reply.bytes, sizeof(alignment));
    CHECK_EQUAL(alignment.bytes_per_logical_sector, sector);
    if (image == NULL) {
        CHECK_EQUAL(alignment.bytes_per_physical_sector, physical);
    } else {
        CHECK(alignment.bytes_per_physical_sector >= physical); /* the host's may be larger */
    }
    CHECK_EQUAL(alignment.sector_alignment_offset, 0);
    memset(written, 0x3C, sizeof(written));
    CHECK_EQUAL(target_write(disk, sector, written, sector, NULL), SUCCESS);
    CHECK_EQUAL(target_read(disk, sector, read, sector, NULL), SUCCESS);
    CHECK_BYTES(read, written, sector);
    target_close(disk);
    remove_disk(number);
    if (image != NULL) {
        target_image_delete(image);
    }
}

void large_sectors(void)
{
    static const uint32_t sectors[] = {512, 1024, 2048, 4096, 32768, 65536};
    for (size_t i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
        uint32_t emulated = sectors[i] < 4096 ? 4096 : sectors[i];
        check_sectors(0, sectors[i], NULL, sectors[i]);
        check_sectors(BALLAST_OPTION_SECTORS_512E, sectors[i], NULL, emulated);
        check_sectors(0, sectors[i], "sectors", sectors[i]);
        check_sectors(BALLAST_OPTION_SECTORS_512E, sectors[i], "sectors", emulated);
    }
}
