/* SPDX-License-Identifier: MIT */
/*
 * What an image file is, by signatures at fixed offsets: the part of the look at an image (look.h) that drivers do, too. The
 * image is hostile; nothing of it is followed, and nothing is allocated. The reader decides at which IRQL.
 */
#ifndef CORE_IMAGE_SIGNATURE_H
#define CORE_IMAGE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_reader {
    /* Reads exactly `length` bytes at `offset` of the image, and returns whether it could. */
    bool (*read)(void *context, uint64_t offset, void *buffer, uint32_t length);
    void *context;
    uint64_t length; /* of the image, bytes; 0: unknown */
};

/* The formats of files that hold disks, or something that disks are made of. */
enum image_container {
    IMAGE_RAW, /* none of the following: the bytes of the file are those of the disk */
    /* Served: the disk is a part of the file. */
    IMAGE_VHD_FIXED,
    IMAGE_NRG,
    IMAGE_SDI,
    /* Not served. */
    IMAGE_VHD,
    IMAGE_VHDX,
    IMAGE_VMDK,
    IMAGE_VDI,
    IMAGE_QCOW,
    IMAGE_PARALLELS,
    IMAGE_EWF,
    IMAGE_AFF,
    IMAGE_DMG,
    IMAGE_CD_SECTORS,
    IMAGE_CD_SHEET,
    IMAGE_CSO,
    IMAGE_DAA,
    IMAGE_ISZ,
    IMAGE_UIF,
    IMAGE_WIM,
    IMAGE_COMPRESSED,
    IMAGE_ARCHIVE,
    IMAGE_CONTAINERS, /* how many there are */
};

enum image_container signature_container(const struct image_reader *reader);

/* The bytes of the disk that a fixed VHD holds, by its footer alone; 0: there is none. */
uint64_t signature_vhd_fixed_length(const struct image_reader *reader);

/* Whether a disk can be made of it without converting it first. */
bool image_container_served(enum image_container container);

/* "VHDX disk", for messages, and what to do with one, a sentence without a full stop; never NULL. */
const char *image_container_name(enum image_container container);
const char *image_container_advice(enum image_container container);

/* "vhdx", for programs. */
const char *image_container_word(enum image_container container);

/* Whether the disk that begins at `offset` is an ISO 9660 file system, or a UDF one for sectors of 2048 bytes. */
bool signature_is_iso9660(const struct image_reader *reader, uint64_t offset);
bool signature_is_udf(const struct image_reader *reader, uint64_t offset);

/* What the footer of a VHD begins with. */
#define IMAGE_VHD_COOKIE        "conectix"
#define IMAGE_VHD_COOKIE_LENGTH 8u

/* The bytes of a disk that a fixed VHD holds. */
static inline uint64_t image_vhd_fixed_length(uint64_t file_length)
{
    return file_length - 512;
}

/* Bytes of a CD's sector as these files have them, and of what it holds. */
#define IMAGE_CD_RAW_SECTOR 2352u
#define IMAGE_CD_SECTOR     2048u

#endif
