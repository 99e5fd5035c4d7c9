/* SPDX-License-Identifier: MIT */
/* The names of disks' objects; disk_name.h has the contract. */

#include "core/base/disk_name.h"

static const char number_prefix[] = "\\Device\\ImDisk";
static const char volume_prefix[] = "\\Device\\BallastVolume";

#define NUMBER_DIGITS 5u /* of numbers below 64000 */
#define VOLUME_DIGITS 16u

_Static_assert(sizeof(volume_prefix) - 1 + VOLUME_DIGITS <= DISK_NAME_UNITS, "room for the longest");

static uint16_t write(const char *prefix, uint64_t value, unsigned base, uint16_t text[DISK_NAME_UNITS])
{
    uint16_t length = 0;
    uint64_t unit = 1;
    for (; prefix[length] != 0; length++) {
        text[length] = (uint16_t)prefix[length];
    }
    while (value / unit >= base) {
        unit *= base;
    }
    for (; unit != 0; unit /= base) {
        text[length++] = (uint16_t) "0123456789ABCDEF"[value / unit % base];
    }
    return length;
}

uint16_t disk_name_write(const struct disk_name *name, uint16_t text[DISK_NAME_UNITS])
{
    return name->volume != 0 ? write(volume_prefix, name->volume, 16, text)
                             : write(number_prefix, name->number, 10, text);
}

static unsigned digit(uint16_t unit)
{
    if (unit >= '0' && unit <= '9') {
        return unit - (unsigned)'0';
    }
    return unit >= 'A' && unit <= 'F' ? unit - (unsigned)'A' + 10 : 16;
}

/* Without digits, with too many, or with others: false. */
static bool parse(const char *prefix, unsigned base, size_t digits, const uint16_t *text, size_t length,
                  uint64_t *value)
{
    size_t at = 0;
    *value = 0;
    for (; prefix[at] != 0; at++) {
        if (at == length || text[at] != (uint16_t)prefix[at]) {
            return false;
        }
    }
    if (length == at || length - at > digits) {
        return false;
    }
    for (; at < length; at++) {
        if (digit(text[at]) >= base) {
            return false;
        }
        *value = *value * base + digit(text[at]);
    }
    return true;
}

bool disk_name_parse(const uint16_t *text, size_t length, struct disk_name *name)
{
    uint64_t value;
    *name = (struct disk_name){0};
    if (parse(volume_prefix, 16, VOLUME_DIGITS, text, length, &value)) {
        name->volume = value;
        return value != 0;
    }
    if (parse(number_prefix, 10, NUMBER_DIGITS, text, length, &value)) {
        name->number = (uint32_t)value;
        return true;
    }
    return false;
}
