/* SPDX-License-Identifier: MIT */
/* Fuzzing of what the registry holds: whatever it is, it becomes a request that is checked as everybody's, or none. */

#include "core/disk/create.h"
#include "core/disk/settings.h"
#include "tests/fuzz/input.h"

/* A value in its own block, whose end is watched. Input: type, length in 16 bits, bytes; type 0: no value. */
static struct setting take(struct fuzz_input *input)
{
    struct setting setting = {.data = NULL};
    if (input->left < 3 || input->data[0] == 0) {
        (void)fuzz_take_number(input, 1);
        return setting;
    }
    setting.type = (uint32_t)fuzz_take_number(input, 1);
    setting.length = (size_t)fuzz_take_number(input, 2);
    setting.length = setting.length < input->left ? setting.length : input->left;
    setting.data = fuzz_copy(input->data, setting.length);
    input->data += setting.length;
    input->left -= setting.length;
    return setting;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct disk_create_policy policy = {.maximum_devices = IMDISK_MAXIMUM_DEVICES,
                                                     .maximum_memory_disk_bytes = INT64_MAX};
    struct fuzz_input input = {data, size};
    struct setting settings[DISK_SETTINGS];
    struct disk_parameters parameters;
    uint32_t number = 0;
    uint32_t letters = 0;
    size_t length = 0;
    for (unsigned i = 0; i < DISK_SETTINGS; i++) {
        settings[i] = take(&input);
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
