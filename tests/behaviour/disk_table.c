/* SPDX-License-Identifier: MIT */
/*
 * The behaviour table of the disk driver: what each request of the interface answers, with every wrong length and
 * status. One source for all rungs: Wine, Windows and other NT kernels, and the simulation. Where a rung is known to
 * differ the row says so and why. The cases are in the disk_*.c beside this file, listed in disk_table.h.
 *
 * The program needs a loaded driver without disks and leaves it so.
 */

#include "tests/behaviour/disk_table.h"

#include "tests/behaviour/create_request.h"
#include "tests/behaviour/driver_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- creating disks for the rows ---- */

/* Returns the length of the request. */
size_t build(const struct create *create, struct buffer *buffer)
{
    struct imdisk_create_data fields = {.device_number = create->number,
                                        .flags = create->flags,
                                        .size_bytes = create->size,
                                        .image_offset_bytes = create->offset,
                                        .bytes_per_sector = create->bytes_per_sector,
                                        .drive_letter = create->letter};
    return create_request(buffer, sizeof(*buffer), &fields, create->image);
}

struct target_handle *control_device(void)
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

uint32_t create_with(const struct create *create, struct buffer *buffer)
{
    size_t length = build(create, buffer);
    return target_ioctl(control_device(), IMDISK_IOCTL_CREATE_DEVICE, buffer, length, buffer, length, NULL);
}

uint32_t create_status(struct create create)
{
    struct buffer buffer;
    return create_with(&create, &buffer);
}

/* The number of the new disk, NO_DISK after a failed check. */
uint32_t create_disk(struct create create)
{
    struct buffer buffer;
    return CHECK_EQUAL(create_with(&create, &buffer), SUCCESS) ? data_of(&buffer)->device_number : NO_DISK;
}

uint32_t create_ram(uint32_t flags, int64_t size)
{
    return create_disk((struct create){.number = AUTOMATIC, .flags = IMDISK_TYPE_VM | flags, .size = size});
}

uint32_t remove_number(uint32_t number)
{
    return target_ioctl(control_device(), IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL);
}

void remove_disk(uint32_t number)
{
    CHECK_EQUAL(remove_number(number), SUCCESS);
}

struct target_handle *open_number(uint32_t number, unsigned rights)
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

struct target_handle *open_disk(uint32_t number)
{
    struct target_handle *disk = open_number(number, TARGET_READ_WRITE);
    CHECK(disk != NULL);
    return disk;
}

/* ---- rows of one request each ---- */

void run_rows(struct target_handle *handle, const struct row *rows, size_t count)
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

/* ---- the end ---- */

/* After all of the above: no disk, and no memory but what a driver without disks has. */
void nothing_is_left(void)
{
    struct ballast_disk_driver_state state = driver_state(control_device());
    CHECK_EQUAL(state.disks, 0);
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        test_note("tag %.4s", (const char *)&state.pool[i].tag);
        CHECK_EQUAL(state.pool[i].blocks, 0);
        CHECK_EQUAL(state.pool[i].bytes, 0);
    }
}

#define CASE(name) {#name, name},

TEST_MAIN(DISK_TABLE_CASES(CASE))
