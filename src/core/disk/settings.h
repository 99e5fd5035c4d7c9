/* SPDX-License-Identifier: MIT */
/*
 * What ImDisk keeps in the registry: parameters of the driver, and disks to be created when it loads. Values are what the
 * registry has; these functions decide what they mean. Pure, any IRQL.
 */
#ifndef CORE_DISK_SETTINGS_H
#define CORE_DISK_SETTINGS_H

#include "ballast/disk_abi.h"
#include "core/base/status.h"

#include <stdbool.h>

/* Types of registry values. */
#define SETTING_STRING 1u
#define SETTING_BINARY 3u
#define SETTING_DWORD  4u
#define SETTING_QWORD  11u

struct setting {
    uint32_t type;
    const void *data; /* NULL: there is no such value */
    size_t length;    /* bytes */
};

/* The names of a disk's values, each followed by the disk's number. */
enum disk_setting {
    DISK_SETTING_FILE_NAME,
    DISK_SETTING_SIZE,
    DISK_SETTING_FLAGS,
    DISK_SETTING_DRIVE_LETTER,
    DISK_SETTING_IMAGE_OFFSET,
    DISK_SETTINGS,
};

/* These leave *value alone when there is no such value, and are false when it has another type or length. */
bool setting_number(const struct setting *setting, uint32_t *value);

/* Letters in a string, as bits from A on; other characters mean nothing. */
bool setting_letters(const struct setting *setting, uint32_t *letters);

/* Whether any value describes a disk: otherwise its number is a hole in the list. */
bool settings_describe_disk(const struct setting settings[DISK_SETTINGS]);

/* Bytes of the CREATE_DEVICE request that the values stand for, at most. */
size_t settings_request_length(const struct setting settings[DISK_SETTINGS]);

/*
 * Writes that request, and its length. BALLAST_INVALID_PARAMETER for a value of the wrong type or length, or a name of
 * more than 65534 bytes.
 */
ballast_status settings_build_request(const struct setting settings[DISK_SETTINGS], uint32_t number,
                                      struct imdisk_create_data *data, size_t *length);

#endif
