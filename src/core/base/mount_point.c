/* SPDX-License-Identifier: MIT */
/*
 * Reparse data of mount points: u32 tag, u16 length of what follows the first 8 bytes, u16 zero; then offset and length of
 * the substitute name and of the name to be shown, u16 each and in bytes, and the two names.
 */

#include "core/base/mount_point.h"

#define HEADER_SIZE 8u
#define NAMES       16u /* offset of the first name */

static void store_u16(unsigned char *bytes, size_t value)
{
    bytes[0] = (unsigned char)value;
    bytes[1] = (unsigned char)(value >> 8);
}

static size_t load_u16(const unsigned char *bytes)
{
    return (size_t)bytes[0] | (size_t)bytes[1] << 8;
}

static unsigned char *store_name(unsigned char *bytes, const uint16_t *name, size_t length)
{
    for (size_t i = 0; i < length; i++, bytes += 2) {
        store_u16(bytes, name[i]);
    }
    store_u16(bytes, 0);
    return bytes + 2;
}

size_t mount_point_build(const uint16_t *target, size_t length, unsigned char *data, size_t size)
{
    if (length == 0 || length > MOUNT_POINT_MAXIMUM_DATA / 4) {
        return 0;
    }
    size_t bytes = length * 2;
    size_t total = NAMES + 2 * (bytes + 2);
    if (total > size || total > MOUNT_POINT_MAXIMUM_DATA) {
        return 0;
    }
    store_u16(data, MOUNT_POINT_TAG & 0xFFFFu);
    store_u16(data + 2, MOUNT_POINT_TAG >> 16);
    store_u16(data + 4, total - HEADER_SIZE);
    store_u16(data + 6, 0);
    store_u16(data + 8, 0);
    store_u16(data + 10, bytes);
    store_u16(data + 12, bytes + 2);
    store_u16(data + 14, bytes);
    (void)store_name(store_name(data + NAMES, target, length), target, length);
    return total;
}

bool mount_point_parse(const unsigned char *data, size_t length, uint16_t *target, size_t capacity)
{
    if (length < NAMES || load_u16(data) != (MOUNT_POINT_TAG & 0xFFFFu) ||
        load_u16(data + 2) != MOUNT_POINT_TAG >> 16) {
        return false;
    }
    size_t stored = load_u16(data + 4);
    size_t offset = load_u16(data + 8);
    size_t bytes = load_u16(data + 10);
    if (stored > length - HEADER_SIZE || stored < NAMES - HEADER_SIZE || bytes % 2 != 0 ||
        offset + bytes > stored - (NAMES - HEADER_SIZE)) {
        return false;
    }
    const unsigned char *name = data + NAMES + offset;
    while (bytes != 0 && load_u16(name + bytes - 2) == '\\') {
        bytes -= 2;
    }
    if (bytes == 0 || bytes / 2 >= capacity) {
        return false;
    }
    for (size_t i = 0; i < bytes / 2; i++) {
        target[i] = (uint16_t)load_u16(name + 2 * i);
    }
    target[bytes / 2] = 0;
    return true;
}
