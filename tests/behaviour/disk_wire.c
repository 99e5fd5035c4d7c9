/* SPDX-License-Identifier: MIT */
/*
 * The disk driver's behaviour table: ImDisk's interface in bytes. Control codes, offsets and values are those of the
 * interface's description in digits, not our headers' names: what is wrong in a header is wrong here.
 */

#include "tests/behaviour/disk_table.h"

#include <string.h>

#define QUERY_VERSION  0x83722000u
#define CREATE_DEVICE  0x8372E004u
#define QUERY_DEVICE   0x83722008u
#define SET_FLAGS      0x83722014u
#define REMOVE_DEVICE  0x8372E018u
#define CREATE_SIZE    56u
#define AT_NUMBER      0u
#define AT_SIZE        8u
#define AT_MEDIA       16u
#define AT_TRACKS      20u
#define AT_SECTORS     24u
#define AT_SECTOR_SIZE 28u
#define AT_OFFSET      32u
#define AT_FLAGS       40u
#define AT_LETTER      44u
#define AT_NAME_LENGTH 46u
#define AT_NAME        48u
#define ANY_NUMBER     0xFFFFFFFFu

static void put(unsigned char *bytes, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t get(const unsigned char *bytes, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

/* Creates a disk and receives the reply in its place. */
static uint32_t create(struct buffer *wire, uint32_t flags, uint64_t size, const char *image)
{
    size_t length = 0;
    memset(wire, 0, sizeof(*wire));
    put(wire->bytes + AT_NUMBER, ANY_NUMBER, 4);
    put(wire->bytes + AT_SIZE, size, 8);
    put(wire->bytes + AT_FLAGS, flags, 4);
    if (image != NULL) {
        const uint16_t *path = target_image_path(image, &length);
        memcpy(wire->bytes + AT_NAME, path, length);
    }
    put(wire->bytes + AT_NAME_LENGTH, length, 2);
    length += CREATE_SIZE;
    CHECK_EQUAL(target_ioctl(control_device(), CREATE_DEVICE, wire, length, wire, length, NULL), SUCCESS);
    return (uint32_t)get(wire->bytes + AT_NUMBER, 4);
}

static uint32_t reported(struct target_handle *disk)
{
    struct buffer wire;
    CHECK_EQUAL(target_ioctl(disk, QUERY_DEVICE, NULL, 0, &wire, sizeof(wire), NULL), SUCCESS);
    return (uint32_t)get(wire.bytes + AT_FLAGS, 4);
}

/* ---- 2.1 ---- */

/* Each code is known where it belongs: one that is unknown is INVALID_DEVICE_REQUEST whatever its buffers. */
void wire_codes(void)
{
    static const struct row control[] = {
        {QUERY_VERSION, 0, 3, INVALID_PARAMETER, 0},
        {QUERY_VERSION, 0, 4, SUCCESS, 4},
        {CREATE_DEVICE, 53, 0, INVALID_PARAMETER, 0},
        {QUERY_DEVICE, 0, 4096, INVALID_DEVICE_REQUEST, 0},
        {0x8372200C, 0, 3, INVALID_PARAMETER, 0},      /* QUERY_DRIVER */
        {0x8372E010, 8, 8, INVALID_DEVICE_REQUEST, 0}, /* REFERENCE_HANDLE, which is the proxies' */
        {REMOVE_DEVICE, 3, 0, INVALID_PARAMETER, 0},
        {0x8372E01C, 4, 0, INVALID_DEVICE_REQUEST, 0},   /* IOCTL_PASS_THROUGH, which is the disks' */
        {0x8372E342, 8, 0, INVALID_DEVICE_REQUEST, 0},   /* EXCHANGE_IO, which is DevIoDrv's */
        {0x8372E346, 8, 0, INVALID_DEVICE_REQUEST, 0},   /* LOCK_MEMORY, too */
        {0x8372E024, 8, 8, INVALID_DEVICE_REQUEST, 0},   /* GET_REFERENCED_HANDLE */
        {0x83722004, 56, 56, INVALID_DEVICE_REQUEST, 0}, /* CREATE_DEVICE without its access bits */
        {0x83722018, 4, 0, INVALID_DEVICE_REQUEST, 0},   /* REMOVE_DEVICE */
    };
    static const struct row disk[] = {
        {QUERY_VERSION, 0, 4, SUCCESS, 4},
        {QUERY_DEVICE, 0, 57, BUFFER_TOO_SMALL, 0},
        {QUERY_DEVICE, 0, 58, SUCCESS, 54},
        {SET_FLAGS, 7, 8, INVALID_PARAMETER, 0},
        {SET_FLAGS, 8, 8, SUCCESS, 8},
        {0x8372E01C, 3, 0, INVALID_PARAMETER, 0},
        {0x8372E020, 3, 0, INVALID_PARAMETER, 0}, /* FSCTL_PASS_THROUGH */
        {CREATE_DEVICE, 56, 56, INVALID_DEVICE_REQUEST, 0},
    };
    struct buffer wire;
    char path[64];
    CHECK(target_link("ImDiskCtl", path, sizeof(path)) && strcmp(path, "\\Device\\ImDiskCtl") == 0);
    RUN(control_device(), control);
    uint32_t number = create(&wire, 0, MIB, NULL);
    struct target_handle *handle = open_disk(number);
    RUN(handle, disk);
    target_close(handle);
    remove_disk(number);
}

/* ---- 2.2 ---- */

void wire_layouts(void)
{
    struct buffer wire = {{0}};
    uint32_t flags[2] = {1, 1}; /* what to change, and to what */
    char path[64];
    put(wire.bytes + AT_NUMBER, 1234, 4);
    put(wire.bytes + AT_SIZE, 1474560, 8);
    put(wire.bytes + AT_LETTER, 'k', 2);
    CHECK_EQUAL(target_ioctl(control_device(), CREATE_DEVICE, &wire, CREATE_SIZE, &wire, CREATE_SIZE, NULL), SUCCESS);
    CHECK_EQUAL(get(wire.bytes + AT_NUMBER, 4), 1234);
    CHECK_EQUAL(get(wire.bytes + AT_SIZE, 8), 1474560);
    CHECK_EQUAL(get(wire.bytes + AT_MEDIA, 4), 2);
    CHECK_EQUAL(get(wire.bytes + AT_TRACKS, 4), 2);
    CHECK_EQUAL(get(wire.bytes + AT_SECTORS, 4), 18);
    CHECK_EQUAL(get(wire.bytes + AT_SECTOR_SIZE, 4), 512);
    CHECK_EQUAL(get(wire.bytes + AT_OFFSET, 8), 0);
    CHECK_EQUAL(get(wire.bytes + AT_FLAGS, 4), 0x220);
    CHECK_EQUAL(get(wire.bytes + AT_LETTER, 2), 'K');
    CHECK_EQUAL(get(wire.bytes + AT_NAME_LENGTH, 2), 0);
    CHECK(target_link("ImDisk1234", path, sizeof(path)) && strcmp(path, "\\Device\\ImDisk1234") == 0);
    struct target_handle *disk = open_disk(1234);
    CHECK_EQUAL(target_ioctl(disk, SET_FLAGS, flags, 8, flags, 8, NULL), SUCCESS);
    CHECK_EQUAL(flags[0], 0);
    CHECK_EQUAL(reported(disk), 0x223);
    target_close(disk);
    remove_disk(1234);

    /* An image, its offset and its name, exactly as it was given. */
    size_t length = 0;
    CHECK(target_image_create("wire", MIB));
    const uint16_t *name = target_image_path("wire", &length);
    memset(&wire, 0, sizeof(wire));
    put(wire.bytes + AT_NUMBER, ANY_NUMBER, 4);
    put(wire.bytes + AT_OFFSET, 512, 8);
    put(wire.bytes + AT_FLAGS, 0x101, 4);
    put(wire.bytes + AT_NAME_LENGTH, length, 2);
    memcpy(wire.bytes + AT_NAME, name, length);
    CHECK_EQUAL(target_ioctl(control_device(), CREATE_DEVICE, &wire, 54 + length, &wire, sizeof(wire), NULL), SUCCESS);
    disk = open_disk((uint32_t)get(wire.bytes + AT_NUMBER, 4));
    memset(&wire, 0xCC, sizeof(wire));
    CHECK_EQUAL(target_ioctl(disk, QUERY_DEVICE, NULL, 0, &wire, sizeof(wire), NULL), SUCCESS);
    CHECK_EQUAL(get(wire.bytes + AT_SIZE, 8), MIB - 512);
    CHECK_EQUAL(get(wire.bytes + AT_OFFSET, 8), 512);
    CHECK_EQUAL(get(wire.bytes + AT_FLAGS, 4), 0x111);
    CHECK_EQUAL(get(wire.bytes + AT_NAME_LENGTH, 2), length);
    CHECK_BYTES(wire.bytes + AT_NAME, name, length);
    target_close(disk);
    remove_disk((uint32_t)get(wire.bytes + AT_NUMBER, 4));
    target_image_delete("wire");
}

/* ---- 3 ---- */

void wire_flags(void)
{
    static const struct {
        uint32_t given;
        bool image;
        uint32_t reply, reported; /* 0xFFFFFFFF: not checked */
    } rows[] = {
        {0, false, 0x210, 0x210},          {0x1, false, 0x211, 0x211}, /* read-only */
        {0x212, false, 0x212, 0x212},                                  /* removable */
        {0x20, false, 0x220, 0x222},     /* a floppy is removable when it is asked for, not in the reply */
        {0x30, false, 0x231, 0x233},     /* a CD is read-only, too */
        {0x40, false, 0x240, 0x240},     /* raw */
        {0x1100, false, 0x1110, 0x1110}, /* AWEALLOC */
        {0, true, 0x110, 0x110},           {0x2100, true, 0x2110, 0x2110}, /* parallel */
        {0x3100, true, 0xFFFFFFFF, 0x110},                                 /* buffered is not reported */
        {0x3108, true, 0xFFFFFFFF, 0x110},                                 /* nor are swapped bytes */
        {0x40100, true, 0x40110, 0x40110},                                 /* shared */
        {0x200, true, 0x210, 0x210},       {0x230, true, 0x231, 0x233},
    };
    CHECK(target_image_create("wireflags", MIB));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer wire;
        test_note("row %u", (unsigned)i);
        uint32_t number = create(&wire, rows[i].given, rows[i].image ? 0 : MIB, rows[i].image ? "wireflags" : NULL);
        struct target_handle *disk = open_disk(number);
        if (rows[i].reply != 0xFFFFFFFF) {
            CHECK_EQUAL(get(wire.bytes + AT_FLAGS, 4) & 0xFFFFF, rows[i].reply);
        }
        CHECK_EQUAL(reported(disk), rows[i].reported);
        target_close(disk);
        remove_disk(number);
    }
    target_image_delete("wireflags");
}

void wire_modified(void)
{
    struct buffer wire;
    unsigned char sector[512] = {1};
    uint32_t saved[2] = {0x10000, 0};
    uint32_t number = create(&wire, 0x210, MIB, NULL);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(reported(disk), 0x210);
    CHECK_EQUAL(target_write(disk, 0, sector, sizeof(sector), NULL), SUCCESS);
    CHECK_EQUAL(reported(disk), 0x10210);
    CHECK_EQUAL(target_ioctl(disk, SET_FLAGS, saved, 8, saved, 8, NULL), SUCCESS);
    CHECK_EQUAL(reported(disk), 0x210);
    target_close(disk);
    remove_disk(number);
}

/* ---- 2.12, 2.13 ---- */

static void check_geometry(struct target_handle *disk, uint64_t cylinders, uint32_t media, uint32_t tracks,
                           uint32_t sectors, uint32_t sector)
{
    static const uint32_t codes[] = {0x00070C00, 0x002D0C00, 0x00070000, 0x0002404C, 0x0007C0C8};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        unsigned char reply[24];
        test_note("code 0x%08x", (unsigned)codes[i]);
        CHECK_EQUAL(target_ioctl(disk, codes[i], NULL, 0, reply, sizeof(reply), NULL), SUCCESS);
        CHECK_EQUAL(get(reply, 8), cylinders);
        CHECK_EQUAL(get(reply + 8, 4), media);
        CHECK_EQUAL(get(reply + 12, 4), tracks);
        CHECK_EQUAL(get(reply + 16, 4), sectors);
        CHECK_EQUAL(get(reply + 20, 4), sector);
    }
    test_note("");
}

static void check_partition(struct target_handle *disk, uint64_t size)
{
    unsigned char reply[144];
    CHECK_EQUAL(target_ioctl(disk, 0x0007405C, NULL, 0, reply, 8, NULL), SUCCESS);
    CHECK_EQUAL(get(reply, 8), size);
    memset(reply, 0xCC, sizeof(reply));
    CHECK_EQUAL(target_ioctl(disk, 0x00074004, NULL, 0, reply, 32, NULL), SUCCESS);
    CHECK_EQUAL(get(reply, 8), 63 * 512); /* one track */
    CHECK_EQUAL(get(reply + 8, 8), size);
    CHECK_EQUAL(get(reply + 16, 4), 1); /* hidden sectors */
    CHECK_EQUAL(get(reply + 20, 4), 1); /* number */
    CHECK_EQUAL(get(reply + 24, 4), 6); /* type; neither active, nor recognized, nor to be rewritten */
    memset(reply, 0xCC, sizeof(reply));
    CHECK_EQUAL(target_ioctl(disk, 0x00070048, NULL, 0, reply, 144, NULL), SUCCESS);
    CHECK_EQUAL(get(reply, 4), 0); /* MBR */
    CHECK_EQUAL(get(reply + 8, 8), 63 * 512);
    CHECK_EQUAL(get(reply + 16, 8), size);
    CHECK_EQUAL(get(reply + 24, 4), 1);
    CHECK_EQUAL(reply[28], 0);
    CHECK_EQUAL(get(reply + 32, 3), 6);
    CHECK_EQUAL(get(reply + 36, 4), 1);
}

static void check_hotplug(struct target_handle *disk, unsigned removable)
{
    unsigned char reply[8];
    CHECK_EQUAL(target_ioctl(disk, 0x002D0C14, NULL, 0, reply, sizeof(reply), NULL), SUCCESS);
    CHECK_EQUAL(get(reply, 4), 8);
    CHECK_EQUAL(get(reply + 4, 4), removable != 0 ? 0x010101 : 0);
}

/* GROW_PARTITION changes the size alone. */
static void check_grow(struct target_handle *disk)
{
    unsigned char grow[16] = {1};
    unsigned char reply[24];
    put(grow + 8, 16u << 20, 8);
    CHECK_EQUAL(target_ioctl(disk, 0x0007C0D0, grow, sizeof(grow), NULL, 0, NULL), SUCCESS);
    CHECK_EQUAL(target_ioctl(disk, 0x00070000, NULL, 0, reply, sizeof(reply), NULL), SUCCESS);
    CHECK_EQUAL(get(reply, 8), 130);
    CHECK_EQUAL(get(reply + 12, 4), 8);
    CHECK_EQUAL(get(reply + 16, 4), 63);
}

void wire_storage(void)
{
    static const struct row rows[] = {
        {0x00074800, 0, 3, SUCCESS, 0},
        {0x00024800, 0, 4, SUCCESS, 4},
        {0x002D4800, 0, 4, SUCCESS, 4},
        {0x002D0800, 0, 4, SUCCESS, 4},
        {0x00070024, 0, 0, SUCCESS, 0},
        {0x00070140, 0, 0, SUCCESS, 0},
        {0x00074804, 1, 0, SUCCESS, 0},
        {0x002D4804, 1, 0, SUCCESS, 0},
        {0x00024038, 0, 64, SUCCESS, 0},
        {0x0007C008, 1, 0, SUCCESS, 0},
        {0x0007C04C, 120, 0, SUCCESS, 0},
        {0x00070014, 16, 0, SUCCESS, 0},
        {0x0007C018, 19, 0, INVALID_PARAMETER, 0},
        {0x0007C02C, 27, 0, INVALID_PARAMETER, 0},
        {0x002D9404, 27, 0, INVALID_PARAMETER, 0},
        {0x00024000, 0, 804, INVALID_DEVICE_REQUEST, 0},
    };
    static const uint32_t counters[] = {0x00074800, 0x00024800, 0x002D4800, 0x002D0800};
    struct buffer wire;
    uint32_t number = create(&wire, 0x210, 16u << 20, NULL);
    struct target_handle *disk = open_disk(number);
    RUN(disk, rows);
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) { /* of media changes */
        uint32_t count = 0;
        CHECK_EQUAL(target_ioctl(disk, counters[i], NULL, 0, &count, 4, NULL), SUCCESS);
        CHECK_EQUAL(count, 1);
    }
    check_geometry(disk, 65, 12, 8, 63, 512);
    check_partition(disk, 16u << 20);
    check_hotplug(disk, 0);
    check_grow(disk);
    CHECK_EQUAL(target_ioctl(disk, 0x00074808, NULL, 0, NULL, 0, NULL), SUCCESS); /* it is ejected */
    target_close(disk);
    CHECK_EQUAL(driver_disks(), 0); /* not by opening it: Wine opens a device until it is deleted */

    number = create(&wire, 0x230, 2048u * 32 * 64, NULL);
    disk = open_disk(number);
    check_geometry(disk, 1, 11, 64, 32, 2048);
    check_hotplug(disk, 1);
    CHECK_EQUAL(target_ioctl(disk, 0x00024000, NULL, 0, &wire, 804, NULL), SUCCESS);
    CHECK_EQUAL(wire.bytes[2], 1); /* first and last track */
    CHECK_EQUAL(wire.bytes[3], 1);
    CHECK_EQUAL(wire.bytes[5] & 0xF, 4); /* data */
    CHECK_EQUAL(target_ioctl(disk, 0x002D4808, NULL, 0, NULL, 0, NULL), SUCCESS);
    target_close(disk);
    CHECK_EQUAL(driver_disks(), 0); /* not by opening it: Wine opens a device until it is deleted */
}
