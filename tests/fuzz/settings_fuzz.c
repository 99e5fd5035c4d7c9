/* SPDX-License-Identifier: MIT */
/* Fuzzing of what the registry holds: whatever it is, it becomes a request that is checked as everybody's, or none. */

#include "core/disk/create.h"
#include "core/disk/settings.h"

#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)  \
    do {                    \
        if (!(condition)) { \
            abort();        \
        }                   \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A value in its own block, whose end is watched. Input: type, length in 16 bits, bytes; type 0: no value. */
static struct setting take(const uint8_t **data, size_t *size)
{
    struct setting setting = {.data = NULL};
    if (*size < 3 || (*data)[0] == 0) {
        size_t skipped = *size != 0 ? 1 : 0;
        *data += skipped;
        *size -= skipped;
        return setting;
    }
    setting.type = (*data)[0];
    setting.length = (size_t)((*data)[1] | (*data)[2] << 8);
    setting.length = setting.length < *size - 3 ? setting.length : *size - 3;
    setting.data = malloc(setting.length != 0 ? setting.length : 1);
    memcpy((void *)(uintptr_t)setting.data, *data + 3, setting.length);
    *data += 3 + setting.length;
    *size -= 3 + setting.length;
    return setting;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct disk_create_policy policy = {.maximum_devices = IMDISK_MAXIMUM_DEVICES,
                                                     .maximum_memory_disk_bytes = INT64_MAX};
    struct setting settings[DISK_SETTINGS];
    struct disk_parameters parameters;
    uint32_t number = 0;
    uint32_t letters = 0;
    size_t length = 0;
    for (unsigned i = 0; i < DISK_SETTINGS; i++) {
        settings[i] = take(&data, &size);
        (void)setting_number(&settings[i], &number);
        (void)setting_letters(&settings[i], &letters);
    }
    REQUIRE(letters < 1u << 26);
    size_t room = settings_request_length(settings);
    struct imdisk_create_data *request = malloc(room);
    if (!ballast_failed(settings_build_request(settings, 5, request, &length))) {
        REQUIRE(length <= room && length == IMDISK_CREATE_DATA_SIZE + (size_t)request->file_name_length_bytes);
        REQUIRE(request->device_number == 5);
        (void)disk_parameters_parse(request, length, &policy, &parameters);
    }
    free(request);
    for (unsigned i = 0; i < DISK_SETTINGS; i++) {
        free((void *)(uintptr_t)settings[i].data);
    }
    return 0;
}
