/* SPDX-License-Identifier: MIT */
/* The disk driver's behaviour table, 2.11, 2.14 and 3: what the creation options do. */

#include "core/disk/storage_abi.h"
#include "tests/behaviour/disk_table.h"

#include <string.h>

#define PASS_THROUGH_SET_SPARSE       0x000900C4u
#define PASS_THROUGH_ALLOCATED_RANGES 0x000940CFu /* METHOD_NEITHER */
#define PASS_THROUGH_SET_ZERO_DATA    0x000980C8u /* needs write access */
#define PASS_THROUGH_NOTHING          0x00091FFCu

/* ---- byte swapping ---- */

/* The disk's bytes of an image with target_pattern, as a model that writes change, too. */
static void swapped_pattern(unsigned char *model, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        model[i] = target_pattern((i ^ 1) < size ? i ^ 1 : i);
    }
}

static void check_model(struct target_handle *disk, const unsigned char *model, size_t size)
{
    static unsigned char found[2 * MIB];
    if (target_file_system()) { /* whole sectors only */
        size &= ~(size_t)511;
    }
    CHECK_EQUAL(target_read(disk, 0, found, size, NULL), SUCCESS);
    CHECK_BYTES(found, model, size);
}

/* Requests that begin and end between pairs: each byte is found where it was written. */
static void swap_odd_pieces(struct target_handle *disk, unsigned char *model, size_t size)
{
    static const size_t rows[][2] = {{0, 1},      {1, 1},      {1, 2},     {511, 2},
                                     {513, 4094}, {4096, 512}, {0, 70000}, {1, 140001}};
    static unsigned char piece[140001];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t done = 0;
        test_note("piece %u", (unsigned)i);
        if (transfer_status(rows[i][0], rows[i][1], SUCCESS) != SUCCESS) {
            CHECK_EQUAL(target_read(disk, rows[i][0], piece, rows[i][1], NULL), INVALID_PARAMETER);
            continue;
        }
        for (size_t j = 0; j < rows[i][1]; j++) {
            piece[j] = (unsigned char)(j * 13 + i);
        }
        memcpy(model + rows[i][0], piece, rows[i][1]);
        CHECK_EQUAL(target_write(disk, rows[i][0], piece, rows[i][1], &done), SUCCESS);
        CHECK_EQUAL(done, rows[i][1]);
        memset(piece, 0, sizeof(piece));
        CHECK_EQUAL(target_read(disk, rows[i][0], piece, rows[i][1], NULL), SUCCESS);
        CHECK_BYTES(piece, model + rows[i][0], rows[i][1]);
    }
    unsigned char last = 0xA7; /* of an odd disk its own partner */
    if (!target_file_system()) {
        model[size - 1] = last;
    }
    CHECK_EQUAL(target_write(disk, size - 1, &last, 1, NULL), transfer_status(size - 1, 1, SUCCESS));
    test_note("");
}

void byte_swapped_images(void)
{
    static unsigned char model[2 * MIB];
    static unsigned char image[2 * MIB];
    static const size_t sizes[] = {MIB, MIB + 1};
    for (size_t i = 0; i < 2; i++) {
        size_t size = sizes[i];
        CHECK(target_image_create("swap", size));
        swapped_pattern(model, size);
        uint32_t number =
            create_disk((struct create){.number = AUTOMATIC,
                                        .flags = IMDISK_TYPE_FILE | IMDISK_FILE_BUFFERED_IO | IMDISK_OPTION_BYTE_SWAP,
                                        .image = "swap"});
        struct target_handle *disk = open_disk(number);
        check_model(disk, model, size);
        swap_odd_pieces(disk, model, size);
        check_model(disk, model, size);
        CHECK_EQUAL(target_flush(disk), flush_status());
        target_close(disk);
        remove_disk(number);
        CHECK(target_image_read("swap", 0, image, size));
        for (size_t j = 0; j < size; j++) {
            if (!CHECK_EQUAL(image[(j ^ 1) < size ? j ^ 1 : j], model[j])) {
                break;
            }
        }
        target_image_delete("swap");
    }
}

/* The boot sector that is looked at is the disk's, not the image's: 1024 bytes, 17 sectors, 3 heads. */
void a_swapped_boot_sector_is_found(void)
{
    static const unsigned char swapped[28] = {[10] = 0, [13] = 4, [25] = 17, [27] = 3};
    struct storage_geometry geometry;
    CHECK(target_image_create("swapboot", MIB));
    CHECK(target_image_write("swapboot", 0, swapped, sizeof(swapped)));
    uint32_t number =
        create_disk((struct create){.number = AUTOMATIC,
                                    .flags = IMDISK_TYPE_FILE | IMDISK_FILE_BUFFERED_IO | IMDISK_OPTION_BYTE_SWAP,
                                    .image = "swapboot"});
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, &geometry, sizeof(geometry), NULL), SUCCESS);
    CHECK_EQUAL(geometry.bytes_per_sector, 1024);
    CHECK_EQUAL(geometry.sectors_per_track, 17);
    CHECK_EQUAL(geometry.tracks_per_cylinder, 3);
    target_close(disk);
    remove_disk(number);
    target_image_delete("swapboot");
}

/* Swapped while it is loaded; the flag is not reported. */
void byte_swapped_memory(void)
{
    static unsigned char model[2 * MIB];
    struct buffer reply;
    size_t size = MIB + 4097;
    CHECK(target_image_create("swapload", size));
    swapped_pattern(model, size);
    uint32_t number = create_disk(
        (struct create){.number = AUTOMATIC, .flags = IMDISK_TYPE_VM | IMDISK_OPTION_BYTE_SWAP, .image = "swapload"});
    struct target_handle *disk = open_disk(number);
    check_model(disk, model, size);
    swap_odd_pieces(disk, model, size);
    check_model(disk, model, size);
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, &reply, sizeof(reply), NULL), SUCCESS);
    CHECK_EQUAL(data_of(&reply)->flags & IMDISK_OPTION_BYTE_SWAP, 0);
    target_close(disk);
    remove_disk(number);
    CHECK(target_image_read("swapload", 0, model, 1));
    CHECK_EQUAL(model[0], target_pattern(0)); /* the image is not written */
    target_image_delete("swapload");
    remove_disk(create_ram(IMDISK_OPTION_BYTE_SWAP, MIB));
}

/* ---- locked memory ---- */

static uint32_t create_named(const char *prefix, const char *image, uint32_t flags, int64_t size, uint32_t *number)
{
    struct buffer buffer;
    struct create create = {.number = AUTOMATIC, .flags = flags, .size = size, .image = image};
    size_t length = build(&create, &buffer);
    struct imdisk_create_data *data = data_of(&buffer);
    size_t characters = strlen(prefix);
    memmove(data->file_name + characters, data->file_name, data->file_name_length_bytes);
    for (size_t i = 0; i < characters; i++) {
        data->file_name[i] = (unsigned char)prefix[i];
    }
    data->file_name_length_bytes = (uint16_t)(data->file_name_length_bytes + 2 * characters);
    length += 2 * characters;
    uint32_t status =
        target_ioctl(control_device(), IMDISK_IOCTL_CREATE_DEVICE, &buffer, length, &buffer, length, NULL);
    *number = data->device_number;
    return status;
}

/* A file of the device AWEAlloc, which ImDisk has for this. */
void locked_memory_by_name(void)
{
    unsigned char sector[512] = {0};
    uint32_t number;
    CHECK(target_image_create("awe", MIB));
    CHECK_EQUAL(create_named("\\Device\\AWEAlloc", "awe", 0, 0, &number), SUCCESS);
    target_image_delete("awe"); /* loaded, and not held open */
    CHECK_EQUAL(target_image_size("awe"), UINT64_MAX);
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_read(disk, MIB - 512, sector, 512, NULL), SUCCESS);
    CHECK_EQUAL(sector[511], target_pattern(MIB - 1));
    CHECK_EQUAL(allocated(disk), MIB);
    struct buffer reply;
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, &reply, sizeof(reply), NULL), SUCCESS);
    CHECK_EQUAL(data_of(&reply)->flags & 0xFF00u, IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC);
    CHECK_EQUAL(data_of(&reply)->file_name[8], 'A'); /* the name as it was given */
    target_close(disk);
    remove_disk(number);

    CHECK_EQUAL(create_named("\\??\\awealloc", NULL, IMDISK_TYPE_FILE, MIB, &number), SUCCESS);
    remove_disk(number);
    CHECK_EQUAL(create_named("\\Device\\AWEAlloc", NULL, 0, 65536, &number), INVALID_PARAMETER);
    CHECK_EQUAL(create_named("\\Device\\AWEAlloc", "none", 0, MIB, &number), OBJECT_NAME_NOT_FOUND);
    CHECK(create_named("\\Device\\AWEAllocator", NULL, 0, MIB, &number) != SUCCESS);
}

/* ---- 2.11 ---- */

void pass_through(void)
{
    static const struct row memory[] = {
        {IMDISK_IOCTL_IOCTL_PASS_THROUGH, 0, 0, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_FSCTL_PASS_THROUGH, 3, 8, INVALID_PARAMETER, 0},
        {IMDISK_IOCTL_IOCTL_PASS_THROUGH, 4, 0, INVALID_DEVICE_REQUEST, 0},
        {IMDISK_IOCTL_FSCTL_PASS_THROUGH, 64, 64, INVALID_DEVICE_REQUEST, 0},
    };
    uint32_t code = PASS_THROUGH_SET_SPARSE;
    uint32_t number = create_ram(0, MIB);
    struct target_handle *disk = open_disk(number);
    RUN(disk, memory);
    target_close(disk);
    remove_disk(number);

    CHECK(target_image_create("pass", MIB));
    number = create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_READ_ONLY, .image = "pass"});
    disk = open_disk(number);
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_FSCTL_PASS_THROUGH, &code, 3, NULL, 0, NULL), INVALID_PARAMETER);
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_FSCTL_PASS_THROUGH, &code, 4, NULL, 0, NULL),
                target_sparse_images() ? SUCCESS : INVALID_DEVICE_REQUEST);
    code = PASS_THROUGH_ALLOCATED_RANGES;
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_FSCTL_PASS_THROUGH, &code, 4, NULL, 0, NULL), INVALID_DEVICE_REQUEST);
    uint32_t zero[5] = {PASS_THROUGH_SET_ZERO_DATA, 0, 0, MIB, 0};
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_FSCTL_PASS_THROUGH, zero, sizeof(zero), NULL, 0, NULL), ACCESS_DENIED);
    code = PASS_THROUGH_NOTHING;
    uint32_t status = target_ioctl(disk, IMDISK_IOCTL_IOCTL_PASS_THROUGH, &code, 4, NULL, 0, NULL);
    CHECK(status == INVALID_DEVICE_REQUEST || status == INVALID_PARAMETER || status == NOT_SUPPORTED);
    target_close(disk);
    disk = open_number(number, TARGET_READ);
    CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_FSCTL_PASS_THROUGH, &code, 4, NULL, 0, NULL), ACCESS_DENIED);
    target_close(disk);
    remove_disk(number);
    target_image_delete("pass");
}

/* ---- 2.14 ---- */

void strict_ends(void)
{
    unsigned char sector[512] = {1};
    size_t done = 99;
    CHECK(target_image_create("strict", MIB));
    struct create rows[] = {
        {.number = AUTOMATIC, .flags = BALLAST_OPTION_STRICT_END, .size = MIB},
        {.number = AUTOMATIC, .flags = BALLAST_OPTION_STRICT_END, .image = "strict"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct buffer reply;
        uint32_t number = create_disk(rows[i]);
        struct target_handle *disk = open_disk(number);
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(target_write(disk, MIB - 512, sector, 512, &done), SUCCESS);
        CHECK_EQUAL(done, 512);
        uint32_t odd = transfer_status(MIB - 511, 512, NONEXISTENT_SECTOR);
        CHECK_EQUAL(target_write(disk, MIB - 511, sector, 512, &done), odd);
        CHECK_EQUAL(target_read(disk, MIB - 511, sector, 512, &done), odd);
        CHECK_EQUAL(target_read(disk, MIB, sector, 512, &done), NONEXISTENT_SECTOR);
        CHECK_EQUAL(target_write(disk, 1ull << 40, sector, 512, &done), NONEXISTENT_SECTOR);
        CHECK_EQUAL(target_read(disk, MIB, sector, 0, &done), SUCCESS);
        CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, &reply, sizeof(reply), NULL), SUCCESS);
        CHECK_EQUAL(data_of(&reply)->flags & BALLAST_OPTION_MASK, BALLAST_OPTION_STRICT_END);
        target_close(disk);
        remove_disk(number);
    }
    target_image_delete("strict");
}

/* Each way of doing file I/O reads and writes the same; which are reported is ImDisk's choice. */
void file_subtypes(void)
{
    static const struct {
        uint32_t flags, reported;
    } rows[] = {
        {IMDISK_FILE_QUEUED_IO, 0},
        {IMDISK_FILE_PARALLEL_IO, IMDISK_FILE_PARALLEL_IO},
        {IMDISK_FILE_BUFFERED_IO, 0},
        {IMDISK_OPTION_SHARED_IMAGE, IMDISK_OPTION_SHARED_IMAGE},
        {IMDISK_OPTION_SPARSE_FILE, IMDISK_OPTION_SPARSE_FILE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static unsigned char written[8192], found[8192];
        struct buffer reply;
        CHECK(target_image_create("subtype", MIB));
        uint32_t number = create_disk(
            (struct create){.number = AUTOMATIC, .flags = IMDISK_TYPE_FILE | rows[i].flags, .image = "subtype"});
        struct target_handle *disk = open_disk(number);
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, &reply, sizeof(reply), NULL), SUCCESS);
        uint32_t expected = rows[i].reported & ~(target_sparse_images() ? 0 : IMDISK_OPTION_SPARSE_FILE);
        CHECK_EQUAL(data_of(&reply)->flags, IMDISK_TYPE_FILE | IMDISK_DEVICE_TYPE_HD | expected);
        memset(written, (int)(i + 1), sizeof(written));
        CHECK_EQUAL(target_write(disk, 4096, written, sizeof(written), NULL), SUCCESS);
        memset(written, 0, 512);
        CHECK_EQUAL(target_write(disk, 4096, written, 512, NULL), SUCCESS); /* a hole, where there can be one */
        CHECK_EQUAL(target_read(disk, 4096, found, sizeof(found), NULL), SUCCESS);
        CHECK_BYTES(found, written, sizeof(found));
        target_close(disk);
        remove_disk(number);
        CHECK(target_image_read("subtype", 4096, found, sizeof(found)));
        CHECK_BYTES(found, written, sizeof(found));
        target_image_delete("subtype");
    }
}

/* ---- 1.3 ---- */

static struct target_handle *refreshed;

static void create_and_remove(void)
{
    remove_disk(create_ram(0, MIB));
}

static void change_flags(void)
{
    uint32_t flags[2] = {IMDISK_OPTION_REMOVABLE, IMDISK_OPTION_REMOVABLE};
    CHECK_EQUAL(target_ioctl(refreshed, IMDISK_IOCTL_SET_DEVICE_FLAGS, flags, 8, NULL, 0, NULL), SUCCESS);
}

static void grow(void)
{
    struct storage_grow_partition input = {.partition_number = 1, .bytes_to_grow = 512};
    CHECK_EQUAL(target_ioctl(refreshed, IOCTL_DISK_GROW_PARTITION, &input, sizeof(input), NULL, 0, NULL), SUCCESS);
}

void changes_refresh(void)
{
    CHECK(target_refreshed_by(create_and_remove));
    uint32_t number = create_ram(0, MIB);
    refreshed = open_disk(number);
    CHECK(target_refreshed_by(change_flags));
    CHECK(target_refreshed_by(grow));
    target_close(refreshed);
    remove_disk(number);
}

/* ---- the mount manager ---- */

void mount_manager_registration(void)
{
    struct create create = {.number = 60, .flags = BALLAST_OPTION_MOUNT_MANAGER, .size = MIB, .letter = 'V'};
    static const char volume[] = "\\Device\\BallastVolume";
    char path[64];
    uint32_t status = create_status(create);
    if (target_kind() == TARGET_WINE) { /* its mount manager takes no volumes */
        CHECK_EQUAL(status, NOT_SUPPORTED);
        CHECK_EQUAL(driver_disks(), 0);
        return;
    }
    CHECK_EQUAL(status, SUCCESS);
    CHECK(target_link("V:", path, sizeof(path)) && strncmp(path, volume, sizeof(volume) - 1) == 0);
    remove_disk(60);
    CHECK(!target_link("V:", path, sizeof(path)));
}
