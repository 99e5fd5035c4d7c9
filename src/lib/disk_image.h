/* SPDX-License-Identifier: MIT */
/* What the image of a new disk decides about it. */
#ifndef LIB_DISK_IMAGE_H
#define LIB_DISK_IMAGE_H

#include "core/image/look.h"
#include "lib/internal.h"

/* How the image is to be looked at. */
struct look_options disk_image_look_options(const ballast_disk_options *options);

/*
 * Looks at options->image and completes *options by it: where the disk begins, the size of a partition, the kind of device,
 * and whether it is read-only. Fails if no disk can be made of it.
 */
ballast_result disk_image_resolve(ballast_disk_options *options, ballast_error *error);

#endif
