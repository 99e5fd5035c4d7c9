/* SPDX-License-Identifier: MIT */
/*
 * Many disks: 200 at once, and one after the other until anything that each left behind would show. On every rung.
 *
 * disk-many [ROUNDS]
 */

#include "tests/behaviour/create_request.h"
#include "tests/behaviour/driver_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB   (1u << 20)
#define DISKS 200u
#define FILES 10u /* of these, on images */

static unsigned long rounds = 64000;
static struct target_handle *control;

static uint64_t pool_bytes(const struct ballast_disk_driver_state *state)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        bytes += state->pool[i].bytes;
    }
    return bytes;
}

/* The number of the new disk; 0xFFFFFFFF after a failed check. */
static uint32_t create(const char *image)
{
    static _Alignas(8) unsigned char bytes[2048];
    struct imdisk_create_data fields = {.device_number = IMDISK_AUTO_DEVICE_NUMBER, .size_bytes = MIB};
    const struct imdisk_create_data *created = (const struct imdisk_create_data *)bytes;
    size_t length = create_request(bytes, sizeof(bytes), &fields, image);
    bool ok = CHECK_EQUAL(target_ioctl(control, IMDISK_IOCTL_CREATE_DEVICE, bytes, length, bytes, length, NULL), 0);
    return ok ? created->device_number : 0xFFFFFFFFu;
}

static bool remove_number(uint32_t number)
{
    return CHECK_EQUAL(target_ioctl(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL), 0);
}

static struct target_handle *open_number(uint32_t number)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "ImDisk%u", (unsigned)number);
    return target_open(name, TARGET_READ_WRITE, NULL);
}

/* Each has its own content, and none is another's. */
static void two_hundred_at_once(void)
{
    static unsigned char written[4096], found[4096];
    struct target_handle *disks[DISKS];
    char image[32];
    control = target_open("ImDiskCtl", TARGET_READ_WRITE, NULL);
    for (unsigned i = 0; i < DISKS; i++) {
        (void)snprintf(image, sizeof(image), "many%u", i);
        CHECK(i >= FILES || target_image_create(image, MIB));
        CHECK_EQUAL(create(i < FILES ? image : NULL), i);
        disks[i] = open_number(i);
        memset(written, (int)(i + 1), sizeof(written));
        CHECK_EQUAL(target_write(disks[i], i * 512, written, sizeof(written), NULL), 0);
    }
    CHECK_EQUAL(driver_state(control).disks, DISKS);
    for (unsigned i = 0; i < DISKS; i++) {
        memset(written, (int)(i + 1), sizeof(written));
        CHECK_EQUAL(target_read(disks[i], i * 512, found, sizeof(found), NULL), 0);
        CHECK_BYTES(found, written, sizeof(found));
    }
    for (unsigned i = 0; i < DISKS; i++) { /* open handles do not keep them */
        CHECK(remove_number(i));
        target_close(disks[i]);
    }
    for (unsigned i = 0; i < FILES; i++) {
        (void)snprintf(image, sizeof(image), "many%u", i);
        target_image_delete(image);
    }
    CHECK_EQUAL(driver_state(control).disks, 0);
}

static void no_drift(void)
{
    struct ballast_disk_driver_state before = driver_state(control);
    for (unsigned long i = 0; i < rounds; i++) {
        test_note("round %lu", i);
        if (!CHECK_EQUAL(create(NULL), 0) || !remove_number(0)) {
            return;
        }
    }
    struct ballast_disk_driver_state after = driver_state(control);
    CHECK_EQUAL(after.disks, 0);
    CHECK_EQUAL(pool_bytes(&after), pool_bytes(&before));
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        test_note("tag %.4s", (const char *)&after.pool[i].tag);
        CHECK_EQUAL(after.pool[i].blocks, after.pool[i].tag == before.pool[i].tag ? before.pool[i].blocks : 0);
    }
    printf("# note: %lu creations and removals, %llu bytes of pool before and %llu after\n", rounds,
           (unsigned long long)pool_bytes(&before), (unsigned long long)pool_bytes(&after));
    target_close(control);
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {{"two_hundred_at_once", two_hundred_at_once}, {"no_drift", no_drift}};
    if (argc > 1) {
        rounds = strtoul(argv[1], NULL, 10);
    }
    return test_main(cases, 2, 1, argv);
}
