/* SPDX-License-Identifier: MIT */
#include "core/base/mount_point.h"
#include "tests/harness/test.h"

#include <string.h>

static const uint16_t device[] = {'\\', 'D', 'e', 'v', 'i', 'c', 'e', '\\', 'I', 'm', 'D', 'i', 's', 'k', '7', '\\'};
#define DEVICE_LENGTH (sizeof(device) / sizeof(device[0]))
#define DEVICE_BYTES  (16 + 2 * (sizeof(device) + 2))

static void builds_what_windows_expects(void)
{
    unsigned char data[256];
    memset(data, 0xEE, sizeof(data));
    CHECK_EQUAL(mount_point_build(device, DEVICE_LENGTH, data, sizeof(data)), DEVICE_BYTES);
    static const unsigned char head[] = {3, 0, 0, 0xA0, DEVICE_BYTES - 8, 0, 0, 0, 0, 0, 32, 0, 34, 0, 32, 0};
    CHECK(memcmp(data, head, sizeof(head)) == 0);
    CHECK(memcmp(data + 16, device, sizeof(device)) == 0);
    CHECK_EQUAL(data[48], 0);
    CHECK_EQUAL(data[49], 0);
    CHECK(memcmp(data + 50, device, sizeof(device)) == 0);
    CHECK_EQUAL(data[DEVICE_BYTES], 0xEE);
}

static void builds_only_what_fits(void)
{
    unsigned char data[DEVICE_BYTES];
    CHECK_EQUAL(mount_point_build(device, DEVICE_LENGTH, data, sizeof(data)), DEVICE_BYTES);
    CHECK_EQUAL(mount_point_build(device, DEVICE_LENGTH, data, sizeof(data) - 1), 0);
    CHECK_EQUAL(mount_point_build(device, 0, data, sizeof(data)), 0);
    CHECK_EQUAL(mount_point_build(device, MOUNT_POINT_MAXIMUM_DATA, data, sizeof(data)), 0);
    CHECK_EQUAL(mount_point_build(device, SIZE_MAX / 2 + 1, data, sizeof(data)), 0);
}

static void parses_what_it_builds(void)
{
    unsigned char data[256];
    uint16_t target[DEVICE_LENGTH];
    size_t length = mount_point_build(device, DEVICE_LENGTH, data, sizeof(data));
    CHECK(mount_point_parse(data, length, target, DEVICE_LENGTH));
    CHECK(memcmp(target, device, sizeof(device) - 2) == 0); /* without the backslash */
    CHECK_EQUAL(target[DEVICE_LENGTH - 1], 0);
    CHECK(!mount_point_parse(data, length, target, DEVICE_LENGTH - 1));
}

/* The names of others: the one to show first, bytes behind the data. */
static void parses_other_layouts(void)
{
    static const unsigned char data[] = {3, 0,   0, 0xA0, 18, 0,    9, 9,   4, 0, 4, 0, 0, 0, 2,
                                         0, 'X', 0, 0,    0,  '\\', 0, 'D', 0, 0, 0, 1, 2, 3};
    uint16_t target[8];
    CHECK(mount_point_parse(data, sizeof(data), target, 8));
    CHECK_EQUAL(target[0], '\\');
    CHECK_EQUAL(target[1], 'D');
    CHECK_EQUAL(target[2], 0);
}

static void refuses_damaged_data(void)
{
    unsigned char good[256];
    uint16_t target[64];
    size_t length = mount_point_build(device, DEVICE_LENGTH, good, sizeof(good));
    static const struct {
        const char *what;
        size_t offset;
        unsigned char value;
    } rows[] = {
        {"another tag", 3, 0x80},     {"a symbolic link", 0, 12},   {"more data than there is", 4, DEVICE_BYTES - 7},
        {"a huge length", 5, 0xFF},   {"less than a header", 4, 7}, {"a name behind the data", 8, 200},
        {"a far away name", 9, 0xFF}, {"a name too long", 11, 1},   {"half a character", 10, 31},
        {"no name", 10, 0},           {"only backslashes", 10, 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char data[256];
        memcpy(data, good, sizeof(data));
        data[rows[i].offset] = rows[i].value;
        test_note("%s", rows[i].what);
        CHECK(!mount_point_parse(data, length, target, 64));
    }
    for (size_t shorter = 0; shorter < length; shorter++) {
        CHECK(!mount_point_parse(good, shorter, target, 64));
    }
}

TEST_MAIN({"builds_what_windows_expects", builds_what_windows_expects},
          {"builds_only_what_fits", builds_only_what_fits}, {"parses_what_it_builds", parses_what_it_builds},
          {"parses_other_layouts", parses_other_layouts}, {"refuses_damaged_data", refuses_damaged_data})
