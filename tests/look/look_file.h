/* SPDX-License-Identifier: MIT */
/* Looking at a file of the host; its name, if it is ASCII, is a hint. */
#ifndef TESTS_LOOK_LOOK_FILE_H
#define TESTS_LOOK_LOOK_FILE_H

#include "core/image/look.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static inline bool look_read_file(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    return pread(*(const int *)context, buffer, length, (off_t)offset) == (ssize_t)length;
}

static inline bool look_at_file(const char *path, struct look_options *options, struct look *look)
{
    uint16_t name[256];
    int file = open(path, O_RDONLY);
    if (file < 0) {
        return false;
    }
    size_t length_of_name = strlen(path) < 256 ? strlen(path) : 0;
    for (size_t i = 0; i < length_of_name; i++) {
        name[i] = (unsigned char)path[i];
    }
    options->name = name;
    options->name_length = length_of_name;
    off_t length = lseek(file, 0, SEEK_END);
    struct image_reader reader = {
        .read = look_read_file, .context = &file, .length = length > 0 ? (uint64_t)length : 0};
    bool looked = look_at_image(&reader, options, look);
    (void)close(file);
    return looked;
}

#endif
