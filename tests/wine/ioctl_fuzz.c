/* SPDX-License-Identifier: MIT */
/*
 * Random control requests with random lengths against the driver as it runs. The oracle: it answers everything, the disk
 * that nobody may touch keeps its content, and afterwards no memory is left.
 *
 * ioctl-fuzz [CALLS [SEED]]
 */

#include "ballast/disk_abi.h"
#include "core/disk/storage_abi.h"
#include "tests/behaviour/create_request.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB          (1u << 20)
#define MAXIMUM_DATA 5000u
#define ROUND        500 /* calls between cleaning up */

static unsigned long calls = 100000;
static uint64_t seed = 1;

static const uint32_t known_codes[] = {
    IMDISK_IOCTL_QUERY_VERSION,
    IMDISK_IOCTL_CREATE_DEVICE,
    IMDISK_IOCTL_QUERY_DEVICE,
    IMDISK_IOCTL_QUERY_DRIVER,
    IMDISK_IOCTL_REFERENCE_HANDLE,
    IMDISK_IOCTL_SET_DEVICE_FLAGS,
    IMDISK_IOCTL_REMOVE_DEVICE,
    IMDISK_IOCTL_IOCTL_PASS_THROUGH,
    IMDISK_IOCTL_FSCTL_PASS_THROUGH,
    IMDISK_IOCTL_GET_REFERENCED_HANDLE,
    BALLAST_IOCTL_DISK_QUERY_STATE,
    BALLAST_IOCTL_DISK_RESIZE,
    BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE,
    IOCTL_CDROM_CHECK_VERIFY,
    IOCTL_CDROM_GET_DRIVE_GEOMETRY,
    IOCTL_CDROM_GET_LAST_SESSION,
    IOCTL_CDROM_READ_TOC,
    IOCTL_DISK_CHECK_VERIFY,
    IOCTL_DISK_EJECT_MEDIA,
    IOCTL_DISK_FORMAT_TRACKS,
    IOCTL_DISK_FORMAT_TRACKS_EX,
    IOCTL_DISK_GET_DRIVE_GEOMETRY,
    IOCTL_DISK_GET_DRIVE_GEOMETRY_EX,
    IOCTL_DISK_GET_DRIVE_LAYOUT_EX,
    IOCTL_DISK_GET_LENGTH_INFO,
    IOCTL_DISK_GET_MEDIA_TYPES,
    IOCTL_DISK_GET_PARTITION_INFO,
    IOCTL_DISK_GET_PARTITION_INFO_EX,
    IOCTL_DISK_GROW_PARTITION,
    IOCTL_DISK_IS_WRITABLE,
    IOCTL_DISK_MEDIA_REMOVAL,
    IOCTL_DISK_SET_PARTITION_INFO,
    IOCTL_DISK_SET_PARTITION_INFO_EX,
    IOCTL_DISK_UPDATE_DRIVE_SIZE,
    IOCTL_DISK_UPDATE_PROPERTIES,
    IOCTL_DISK_VERIFY,
    IOCTL_MOUNTDEV_LINK_CREATED,
    IOCTL_MOUNTDEV_LINK_DELETED_OLD,
    IOCTL_MOUNTDEV_QUERY_DEVICE_NAME,
    IOCTL_MOUNTDEV_QUERY_STABLE_GUID,
    IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME,
    IOCTL_MOUNTDEV_QUERY_UNIQUE_ID,
    IOCTL_STORAGE_CHECK_VERIFY,
    IOCTL_STORAGE_CHECK_VERIFY2,
    IOCTL_STORAGE_EJECT_MEDIA,
    IOCTL_STORAGE_GET_DEVICE_NUMBER,
    IOCTL_STORAGE_GET_HOTPLUG_INFO,
    IOCTL_STORAGE_GET_MEDIA_TYPES,
    IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
    IOCTL_STORAGE_MEDIA_REMOVAL,
    IOCTL_STORAGE_QUERY_PROPERTY,
    IOCTL_VOLUME_GET_GPT_ATTRIBUTES,
    IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS,
    IOCTL_VOLUME_IS_DYNAMIC,
    IOCTL_VOLUME_ONLINE,
};
#define KNOWN_CODES (sizeof(known_codes) / sizeof(known_codes[0]))

static struct target_handle *control;

static uint32_t random_code(struct test_random *random)
{
    static const uint32_t types[] = {0x8372, 0xBA57, 0x0007, 0x0002, 0x002D, 0x004D, 0x0056, 0x0009};
    switch (test_random_below(random, 8)) {
    case 0:
        return (uint32_t)test_random_next(random);
    case 1:
        return types[test_random_below(random, 8)] << 16 | (uint32_t)test_random_below(random, 65536);
    default:
        return known_codes[test_random_below(random, KNOWN_CODES)];
    }
}

/* Small numbers, limits and their neighbours are where mistakes live. */
static uint64_t random_value(struct test_random *random)
{
    static const uint64_t interesting[] = {0,          1,          2,         7,          8,          54,
                                           56,         512,        65536,     65537,      MIB,        0x7FFFFFFF,
                                           0x80000000, 0xFFFFFFFF, INT64_MAX, 1ull << 63, UINT64_MAX, 0x100000000};
    uint64_t value = interesting[test_random_below(random, sizeof(interesting) / sizeof(interesting[0]))];
    return value + test_random_below(random, 3) - 1;
}

static void random_input(struct test_random *random, unsigned char *data, size_t length)
{
    uint64_t mode = test_random_below(random, 3);
    for (size_t i = 0; i < length; i += 4) {
        uint64_t value = mode == 0 ? test_random_next(random) : mode == 1 ? random_value(random) : 0;
        memcpy(data + i, &value, length - i < 4 ? length - i : 4);
    }
}

static size_t random_length(struct test_random *random)
{
    static const size_t interesting[] = {0, 1, 3, 4, 7, 8, 16, 24, 27, 28, 32, 53, 54, 56, 58, 64, 128, 144, 400, 4096};
    return test_random_below(random, 4) == 0 ? (size_t)test_random_below(random, MAXIMUM_DATA)
                                             : interesting[test_random_below(random, 20)];
}

static uint32_t create(uint32_t number, uint32_t flags, const char *image)
{
    static _Alignas(8) unsigned char bytes[2048];
    struct imdisk_create_data fields = {.device_number = number, .flags = flags, .size_bytes = MIB};
    size_t length = create_request(bytes, sizeof(bytes), &fields, image);
    return target_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, bytes, length, NULL, 0, NULL);
}

static void remove_all(void)
{
    static uint32_t reply[65536];
    CHECK_EQUAL(target_ioctl(control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, reply, sizeof(reply), NULL), 0);
    for (uint32_t i = 1; i <= reply[0]; i++) {
        (void)target_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &reply[i], 4, NULL, 0, NULL);
    }
}

static uint64_t pool_bytes(void)
{
    struct ballast_disk_driver_state state;
    uint64_t bytes = 0;
    CHECK_EQUAL(target_ioctl(control, BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, NULL, 0, &state, sizeof(state), NULL), 0);
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        bytes += state.pool[i].bytes;
    }
    return bytes;
}

static void one_round(struct test_random *random, unsigned long count)
{
    static _Alignas(8) unsigned char input[MAXIMUM_DATA];
    static _Alignas(8) unsigned char output[MAXIMUM_DATA];
    struct target_handle *targets[4] = {control, NULL, NULL, NULL};
    CHECK_EQUAL(create(0, IMDISK_TYPE_VM, NULL), 0);
    CHECK_EQUAL(create(1, IMDISK_TYPE_FILE, "fuzz"), 0);
    CHECK_EQUAL(create(2, IMDISK_TYPE_VM | IMDISK_OPTION_READ_ONLY | IMDISK_DEVICE_TYPE_CD, NULL), 0);
    targets[1] = target_open("ImDisk0", TARGET_READ_WRITE, NULL);
    targets[2] = target_open("ImDisk1", TARGET_READ_WRITE, NULL);
    targets[3] = target_open("ImDisk2", TARGET_READ, NULL);
    for (unsigned long i = 0; i < count; i++) {
        size_t input_length = random_length(random);
        size_t output_length = random_length(random);
        struct target_handle *target = targets[test_random_below(random, 4)];
        uint32_t code = random_code(random);
        random_input(random, input, input_length);
        size_t information = 0;
        uint32_t status = target_ioctl(target, code, input, input_length, output, output_length, &information);
        test_note("code 0x%08x, input %u, output %u, status 0x%08x", (unsigned)code, (unsigned)input_length,
                  (unsigned)output_length, (unsigned)status);
        CHECK(information <= output_length);
    }
    for (size_t i = 1; i < 4; i++) {
        target_close(targets[i]);
    }
    remove_all();
}

static void random_requests(void)
{
    struct test_random random = {seed};
    uint32_t version = 0;
    control = target_open("ImDiskCtl", TARGET_READ_WRITE, NULL);
    if (!CHECK(control != NULL) || !CHECK(target_image_create("fuzz", MIB))) {
        return;
    }
    uint64_t before = pool_bytes();
    for (unsigned long done = 0; done < calls; done += ROUND) {
        one_round(&random, ROUND);
    }
    CHECK_EQUAL(target_ioctl(control, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, &version, 4, NULL), 0);
    CHECK_EQUAL(version, IMDISK_VERSION);
    CHECK_EQUAL(pool_bytes(), before);
    printf("# %lu calls, seed %llu\n", calls, (unsigned long long)seed);
    target_close(control);
    target_image_delete("fuzz");
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {{"random_requests", random_requests}};
    if (argc > 1) {
        calls = strtoul(argv[1], NULL, 10);
    }
    if (argc > 2) {
        seed = strtoul(argv[2], NULL, 10);
    }
    return test_main(cases, 1, 1, argv);
}
