/* SPDX-License-Identifier: MIT */
/* The request that creates a disk, for the programs over target.h. */
#ifndef TESTS_BEHAVIOUR_CREATE_REQUEST_H
#define TESTS_BEHAVIOUR_CREATE_REQUEST_H

#include "ballast/disk_abi.h"
#include "tests/behaviour/target.h"

#include <string.h>

/*
 * Builds the request in `bytes`, which are aligned to 8 and of which `size` are cleared: the fields and the path of an
 * image, which may be NULL and for which there must be room. Returns its length.
 */
static inline size_t create_request(void *bytes, size_t size, const struct imdisk_create_data *fields,
                                    const char *image)
{
    struct imdisk_create_data *data = bytes;
    size_t name_length = 0;
    memset(bytes, 0, size);
    memcpy(bytes, fields, sizeof(*fields));
    if (image != NULL) {
        const uint16_t *path = target_image_path(image, &name_length);
        memcpy(data->file_name, path, name_length);
    }
    data->file_name_length_bytes = (uint16_t)name_length;
    return IMDISK_CREATE_DATA_SIZE + name_length;
}

#endif
