/* SPDX-License-Identifier: MIT */
/* What files, devices and disks are, whatever names lead to them. */
#ifndef LIB_IDENTITY_H
#define LIB_IDENTITY_H

#include "lib/internal.h"

#include <winternl.h>

#define IDENTITY_LAYERS 32u

enum identity_kind {
    IDENTITY_FILE,
    IDENTITY_DISK, /* one of ours */
    IDENTITY_DEVICE,
};

/* What is not known may be anything of its kind. */
struct identity {
    enum identity_kind kind;
    int known;
    uint64_t major; /* volume, disk number, or kind of device and its number */
    uint64_t minor; /* file on the volume, or partition; 0: the whole drive */
};

/* A part of something: from begin to end, bytes. */
struct identity_layer {
    struct identity identity;
    uint64_t begin;
    uint64_t end;
    int carrier; /* a volume that a file lies on, with others, or what is behind that */
};

/* What a handle leads to: itself, for a disk its image, for a file its volume, and what is behind that. */
struct identity_layers {
    size_t count;
    struct identity_layer layer[IDENTITY_LAYERS];
    size_t own; /* so many are what is open itself: a volume may lie on several drives */
};

/* The image of a disk, for its attributes. INVALID_HANDLE_VALUE: it has none, or it cannot be opened. */
HANDLE identity_open_image(const struct imdisk_create_data *disk);

/* False: nobody has it open to read or write it, so that its name leads elsewhere by now: the disk has its own open. */
int identity_image_is_held(const struct imdisk_create_data *disk);

void identity_layers(HANDLE handle, struct identity_layers *layers);

/* Whether writing to one may change what is read from the other. */
int identity_touch(const struct identity_layers *a, const struct identity_layers *b);

enum identity_use {
    IDENTITY_UNUSED,
    IDENTITY_MAY_BE_IMAGE, /* one of the two does not tell what it is: a server's, or what cannot be opened */
    IDENTITY_IS_IMAGE,
};

/* Whether a disk has the file or device, which is open, as its image, or behind it; *number is that disk. */
enum identity_use identity_is_image(const struct identity_layers *layers, uint32_t *number);

#endif
