/* SPDX-License-Identifier: MIT */
/* The look at the image of a new disk: signatures at fixed offsets, nothing of the image is followed. */
#ifndef DRIVER_DISK_MAKE_LOOK_H
#define DRIVER_DISK_MAKE_LOOK_H

#include "core/disk/create.h"
#include "driver/disk/device/image.h"

/* An image that cannot be read there is nothing special. PASSIVE_LEVEL. */
NTSTATUS disk_look(struct image *image, const struct disk_parameters *parameters, struct disk_image_look *look);

#endif
