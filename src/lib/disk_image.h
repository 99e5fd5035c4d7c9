/* SPDX-License-Identifier: MIT */
/* What the image of a new disk decides about it. */
#ifndef LIB_DISK_IMAGE_H
#define LIB_DISK_IMAGE_H

#include "lib/internal.h"

/*
 * Looks at options->image and completes *options by it: where the disk begins, the size of a partition, the kind of device.
 * Fails if no disk can be made of it.
 */
ballast_result disk_image_resolve(ballast_disk_options *options, ballast_error *error);

#endif
