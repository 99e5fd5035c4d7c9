/* SPDX-License-Identifier: MIT */
/* Requests to the disk driver in the simulated kernel, counted: path.h says how. */

#include "bench/path.h"
#include "sim/sim.h"
#include "tests/behaviour/create_request.h"

#include <stdio.h>
#include <stdlib.h>

#define SIZE (1u << 20)

static unsigned char buffer[65536];

static void check(uint32_t status, const char *what)
{
    if (status != 0) {
        fprintf(stderr, "path-disk: %s: status 0x%08x\n", what, (unsigned)status);
        exit(1);
    }
}

static struct target_handle *create(struct target_handle *control, uint32_t number, uint32_t type, const char *image)
{
    _Alignas(8) unsigned char bytes[256];
    char name[16];
    struct imdisk_create_data fields = {.device_number = number, .flags = type, .size_bytes = SIZE};
    size_t length = create_request(bytes, sizeof(bytes), &fields, image);
    uint32_t status;
    check(target_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, bytes, length, NULL, 0, NULL), "create");
    (void)snprintf(name, sizeof(name), "ImDisk%u", (unsigned)number);
    struct target_handle *disk = target_open(name, TARGET_READ_WRITE, &status);
    check(status, "open");
    return disk;
}

/* The disk's workers rest first, or it would count how far they are with the request before. */
static uint32_t read_disk(struct target_handle *disk, size_t length)
{
    sim_settle();
    return target_read(disk, 8192, buffer, length, NULL);
}

static uint32_t write_disk(struct target_handle *disk, size_t length)
{
    sim_settle();
    return target_write(disk, 8192, buffer, length, NULL);
}

/* The end of a chunk of the RAM store and the beginning of the next are in each of the large ones. */
#define COUNT_TRANSFERS(disk, name)                                                      \
    do {                                                                                 \
        for (uint64_t offset = 0; offset < SIZE; offset += sizeof(buffer)) {             \
            check(target_write(disk, offset, buffer, sizeof(buffer), NULL), "write");    \
        }                                                                                \
        PATH_COUNT(name ".read.4k", check(read_disk(disk, 4096), "read"));               \
        PATH_COUNT(name ".write.4k", check(write_disk(disk, 4096), "write"));            \
        PATH_COUNT(name ".read.64k", check(read_disk(disk, sizeof(buffer)), "read"));    \
        PATH_COUNT(name ".write.64k", check(write_disk(disk, sizeof(buffer)), "write")); \
    } while (0)

int main(void)
{
    static _Alignas(8) unsigned char answer[1024];
    memset(buffer, 0xA5, sizeof(buffer));
    struct target_handle *control = target_open("ImDiskCtl", TARGET_READ_WRITE, NULL);
    struct target_handle *disk = create(control, 0, IMDISK_TYPE_VM, NULL);
    COUNT_TRANSFERS(disk, "path.ram");
    PATH_COUNT("path.query",
               check(target_ioctl(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, answer, sizeof(answer), NULL), "query"));
    target_close(disk);
    if (!target_image_create("image", SIZE)) {
        return 1;
    }
    disk = create(control, 1, IMDISK_TYPE_FILE, "image");
    COUNT_TRANSFERS(disk, "path.file");
    target_close(disk);
    target_close(control);
    return 0;
}
