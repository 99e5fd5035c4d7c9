/* SPDX-License-Identifier: MIT */
/* The disk driver's behaviour table, 2.5: image files. */

#include "core/disk/storage_abi.h"
#include "tests/behaviour/disk_table.h"

#include <string.h>

/* ---- 2.5 images ---- */

void file_disk_reads_and_writes_the_image(void)
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
    CHECK_EQUAL(target_flush(disk), flush_status());
    CHECK(target_image_read("data", MIB - sizeof(buffer), found, sizeof(found)));
    CHECK_BYTES(found, buffer, sizeof(buffer));
    target_close(disk);
    remove_disk(number);
    CHECK_EQUAL(target_image_size("data"), MIB);
    target_image_delete("data");
}

void file_disk_with_offset(void)
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

void a_size_creates_and_extends_but_never_cuts(void)
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
void a_shared_image_is_extended_by_what_is_missing(void)
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

void read_only_images_are_not_touched(void)
{
    char sector[512] = {0};
    CHECK(target_image_create("ro", MIB));
    uint32_t number = create_disk(
        (struct create){.number = AUTOMATIC, .flags = IMDISK_OPTION_READ_ONLY, .size = 2 * MIB, .image = "ro"});
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_write(disk, 0, sector, sizeof(sector), NULL), WRITE_PROTECTED);
    CHECK_EQUAL(target_read(disk, 0, sector, sizeof(sector), NULL), SUCCESS);
    CHECK_EQUAL(target_read(disk, MIB, sector, sizeof(sector), NULL), IO_DEVICE_ERROR); /* declared, but not there */
    CHECK_EQUAL(target_flush(disk), flush_status());
    target_close(disk);
    remove_disk(number);
    CHECK_EQUAL(target_image_size("ro"), MIB);
    target_image_delete("ro");
}

void too_small_images(void)
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

void images_are_shared_for_reading_only(void)
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
    struct target_handle *disk = open_disk(number);
    for (unsigned i = 0; i < 3; i++) { /* nothing that was read before answers for the image */
        unsigned char sector[512] = {0};
        byte = (char)(100 + i);
        CHECK(target_image_write("share", 0, &byte, 1));
        CHECK_EQUAL(target_read(disk, 0, sector, sizeof(sector), NULL), SUCCESS);
        CHECK_EQUAL(sector[0], 100 + i);
    }
    target_close(disk);
    remove_disk(number);
    target_image_delete("share");
}

void loading_an_image_into_memory(void)
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

void truncated_images_fail_and_recover(void)
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

/* ---- what others write through the host's cache, and what the disk writes ---- */

/* Its pages are still dirty in the host's cache; the driver reads without the cache. */
void loading_what_was_just_written(void)
{
    static unsigned char found[MIB];
    static unsigned char expected[MIB];
    char last[3000];
    for (unsigned i = 0; i < MIB; i++) {
        expected[i] = target_pattern(i);
    }
    memset(last, 0x3C, sizeof(last));
    memcpy(expected + 77777, last, sizeof(last));
    CHECK(target_image_create("copied", MIB));
    struct target_kept *kept = target_image_keep("copied");
    CHECK(kept != NULL);
    CHECK(target_image_write("copied", 77777, last, sizeof(last)));
    uint32_t number = create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_TYPE_VM, .image = "copied"});
    struct target_handle *disk = open_disk(number);
    CHECK_EQUAL(target_read(disk, 0, found, sizeof(found), NULL), SUCCESS);
    CHECK_BYTES(found, expected, sizeof(found));
    target_close(disk);
    remove_disk(number);
    target_image_release(kept);
    target_image_delete("copied");
}

enum { PAGE = 4096, CACHED_AT = 700, CACHED_LENGTH = 100, DISK_AT = 2048 };

/*
 * In each page of the image something is written through the cache, and beside it something by the disk: neither may be
 * lost when the dirty page lands after the disk's sector, and each side sees both at once.
 */
static void write_from_both_sides(struct target_handle *disk, unsigned char *model)
{
    unsigned char found[PAGE];
    for (unsigned page = 0; page < MIB / PAGE; page++) {
        unsigned char *bytes = model + page * PAGE;
        uint64_t offset = (uint64_t)page * PAGE;
        memset(bytes + CACHED_AT, (int)(page + 1), CACHED_LENGTH);
        memset(bytes + DISK_AT, (int)(page + 128), 512);
        if (page % 2 == 0) {
            CHECK(target_image_write("both", offset + CACHED_AT, bytes + CACHED_AT, CACHED_LENGTH));
        }
        CHECK_EQUAL(target_write(disk, offset + DISK_AT, bytes + DISK_AT, 512, NULL), SUCCESS);
        if (page % 2 != 0) {
            CHECK(target_image_write("both", offset + CACHED_AT, bytes + CACHED_AT, CACHED_LENGTH));
        }
        CHECK_EQUAL(target_read(disk, offset, found, PAGE, NULL), SUCCESS);
        CHECK_BYTES(found, bytes, PAGE);
        CHECK(target_image_read("both", offset, found, PAGE));
        CHECK_BYTES(found, bytes, PAGE);
    }
}

void cached_handles_and_disks_agree(void)
{
    static const uint32_t flags[] = {0, IMDISK_FILE_PARALLEL_IO, IMDISK_FILE_BUFFERED_IO};
    static unsigned char model[MIB];
    static unsigned char found[MIB];
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        test_note("flags 0x%x", flags[i]);
        CHECK(target_image_create("both", MIB));
        struct target_kept *kept = target_image_keep("both");
        CHECK(kept != NULL);
        CHECK(target_image_read("both", 0, model, sizeof(model))); /* all of it is cached now */
        uint32_t number = create_disk((struct create){
            .number = AUTOMATIC, .flags = IMDISK_TYPE_FILE | IMDISK_OPTION_SHARED_IMAGE | flags[i], .image = "both"});
        struct target_handle *disk = open_disk(number);
        write_from_both_sides(disk, model);
        CHECK_EQUAL(target_flush(disk), flush_status());
        CHECK(target_image_read("both", 0, found, sizeof(found)));
        CHECK_BYTES(found, model, sizeof(found));
        CHECK_EQUAL(target_read(disk, 0, found, sizeof(found), NULL), SUCCESS);
        CHECK_BYTES(found, model, sizeof(found));
        target_close(disk);
        remove_disk(number);
        target_image_release(kept);
        CHECK(target_image_read("both", 0, found, sizeof(found)));
        CHECK_BYTES(found, model, sizeof(found));
        target_image_delete("both");
    }
}
