/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of what CREATE_DEVICE is given: its data, the length of an image, and the image's first sector. Whatever comes
 * out as parameters of a disk must be one that the rest of the driver can rely on.
 */

#include "core/disk/create.h"
#include "tests/fuzz/input.h"

#define REQUEST_MAXIMUM 96u

/* Input: the length of the image, up to REQUEST_MAXIMUM bytes of request, the image's first sector. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct disk_create_policy policy = {.maximum_devices = IMDISK_MAXIMUM_DEVICES,
                                                     .disallowed_drive_letters = 4,
                                                     .maximum_memory_disk_bytes = INT64_MAX};
    struct fuzz_input input = {data, size};
    struct disk_parameters parameters;
    uint64_t image_length;
    uint64_t required = 0;
    unsigned char bytes[REQUEST_MAXIMUM];
    unsigned char sector[GEOMETRY_BPB_SIZE];
    (void)fuzz_take(&input, &image_length, sizeof(image_length));
    image_length &= INT64_MAX; /* as file systems give them */
    size_t length = fuzz_take(&input, bytes, sizeof(bytes));
    (void)fuzz_take(&input, sector, sizeof(sector));
    unsigned char *request = fuzz_copy(bytes, length);

    if (!ballast_failed(disk_parameters_parse(request, length, &policy, &parameters))) {
        REQUIRE(parameters.number < IMDISK_MAXIMUM_DEVICES || parameters.number == IMDISK_AUTO_DEVICE_NUMBER);
        REQUIRE(parameters.image_offset <= INT64_MAX);
        REQUIRE(parameters.drive_letter == 0 ||
                (parameters.drive_letter >= 'A' && parameters.drive_letter <= 'Z' && parameters.drive_letter != 'C'));
        REQUIRE((const unsigned char *)parameters.file_name + parameters.file_name_length <= request + length);
        REQUIRE((const unsigned char *)parameters.image_name + parameters.image_name_length ==
                (const unsigned char *)parameters.file_name + parameters.file_name_length);
        if (!ballast_failed(disk_parameters_resolve_size(&parameters, image_length, &required))) {
            disk_parameters_resolve_geometry(&parameters, parameters.file_name_length != 0 ? sector : NULL);
            REQUIRE(parameters.geometry.size_bytes > DISK_MINIMUM_EXCLUSIVE);
            REQUIRE(parameters.geometry.size_bytes <= parameters.maximum_size);
            REQUIRE(parameters.image_offset + parameters.geometry.size_bytes <= INT64_MAX);
            REQUIRE(required >= image_length && required <= INT64_MAX);
            REQUIRE(geometry_valid(&parameters.geometry));
            REQUIRE(!geometry_incomplete(&parameters.geometry));
            REQUIRE(geometry_cylinders(&parameters.geometry) <= parameters.geometry.size_bytes);
            REQUIRE(parameters.kind != DISK_KIND_AUTOMATIC);
        }
    }
    free(request);
    return 0;
}
