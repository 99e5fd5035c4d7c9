/* SPDX-License-Identifier: MIT */
/* Fuzzing of mount points: the input is the reparse data of a directory. What is read must survive being written. */

#include "core/base/mount_point.h"
#include "tests/fuzz/input.h"

#define CAPACITY 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint16_t target[CAPACITY];
    static uint16_t again[CAPACITY];
    static unsigned char built[MOUNT_POINT_MAXIMUM_DATA];
    size_t length = 0;
    if (!mount_point_parse(data, size, target, CAPACITY)) {
        return 0;
    }
    while (target[length] != 0) {
        length++;
    }
    size_t bytes = mount_point_build(target, length, built, sizeof(built));
    /* A name may hold a zero: what is before it is the name then, and that may be nothing or end with a backslash. */
    if (length == 0 || target[length - 1] == '\\') {
        return 0;
    }
    if (bytes == 0 || !mount_point_parse(built, bytes, again, CAPACITY) ||
        memcmp(target, again, (length + 1) * sizeof(target[0])) != 0) {
        abort();
    }
    return 0;
}
