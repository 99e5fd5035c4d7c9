/* SPDX-License-Identifier: MIT */
/* Image files: opening, and the source over them. */
#ifndef DRIVER_DISK_DEVICE_IMAGE_H
#define DRIVER_DISK_DEVICE_IMAGE_H

#include "core/disk/source.h"
#include "driver/nt/nt.h"

struct image;

struct image_options {
    const uint16_t *name; /* native NT path */
    uint16_t name_length; /* bytes */
    bool read_only;
    bool share_write; /* others may have the file open for writing */
    bool buffered;    /* through the file system's cache */
    bool create;      /* if it does not exist */
    bool sparse;      /* make it a sparse file, holes where zeros are trimmed */
};

/* Opens an image with the access rights of the calling thread. Released by image_close. PASSIVE_LEVEL, all of them. */
NTSTATUS image_open(const struct image_options *options, struct image **image);
void image_close(struct image *image);

uint64_t image_length(const struct image *image);

/* Without the host's cache, only multiples of its sector size can be transferred, at such offsets. */
bool image_multiple_of_sector(const struct image *image, uint64_t bytes);

/* The host's sector size. */
uint32_t image_sector(const struct image *image);

/* Extends the image if it is shorter by now; never cuts it. */
NTSTATUS image_extend(struct image *image, uint64_t length);

/* Fails with STATUS_END_OF_FILE when fewer than `length` bytes are there. */
NTSTATUS image_read(struct image *image, uint64_t offset, void *buffer, ULONG length);

/* A source over the image from `offset` on. Takes the image over. */
struct source *image_source(struct image *image, uint64_t offset);

/* The image under a disk's layers; NULL if there is none. Not to be closed. */
struct image *image_behind(struct source *source);

/* Makes the image sparse. False if its file system cannot. */
bool image_set_sparse(struct image *image);

/*
 * Sends the control request within `request` to the image: its code, then its input; `buffer` receives the output. Only
 * codes of plain data (core/disk/pass_through.h), and only what the image's access allows.
 */
NTSTATUS image_pass_through(struct image *image, bool file_system, struct request *request);

#endif
