/* SPDX-License-Identifier: MIT */
/* The reparse data that makes a directory a mount point (a junction). */
#ifndef CORE_BASE_MOUNT_POINT_H
#define CORE_BASE_MOUNT_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOUNT_POINT_TAG          0xA0000003u
#define MOUNT_POINT_MAXIMUM_DATA 16384u /* no file system stores more */

/*
 * Writes the data that leads to the native path `target`, `length` UTF-16 units without a terminating zero, and returns
 * how many bytes that are; 0 if `size` bytes are too few, or more than MOUNT_POINT_MAXIMUM_DATA are needed.
 */
size_t mount_point_build(const uint16_t *target, size_t length, unsigned char *data, size_t size);

/*
 * Copies the native path that reparse data leads to into `target` and terminates it by a zero; trailing backslashes are
 * left out. False if the data is not that of a mount point, is damaged, or if `capacity` units are too few.
 */
bool mount_point_parse(const unsigned char *data, size_t length, uint16_t *target, size_t capacity);

#endif
