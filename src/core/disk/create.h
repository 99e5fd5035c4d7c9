/* SPDX-License-Identifier: MIT */
/*
 * From a CREATE_DEVICE request to the parameters of a disk, in the three steps between which the driver opens the image:
 * parse, then disk_parameters_resolve_size with the image's length, then disk_parameters_resolve_geometry with its first
 * sector. Pure functions, any IRQL.
 */
#ifndef CORE_DISK_CREATE_H
#define CORE_DISK_CREATE_H

#include "ballast/disk_abi.h"
#include "core/base/status.h"
#include "core/disk/geometry.h"

/* A disk with an image, or in memory, is larger than this. */
#define DISK_MINIMUM_EXCLUSIVE 65536u

/* What the driver's configuration and the machine allow. */
struct disk_create_policy {
    uint32_t maximum_devices;
    uint32_t disallowed_drive_letters; /* bit 0: A */
    uint64_t maximum_memory_disk_bytes;
};

struct disk_parameters {
    uint32_t number; /* or IMDISK_AUTO_DEVICE_NUMBER */
    uint32_t flags;  /* IMDISK_*; type and device type resolved as far as the steps have come */
    enum disk_kind kind;
    bool in_memory;     /* data lives in memory; an image is only loaded */
    bool locked_memory; /* and may not be paged out */
    bool byte_swap;
    bool named_cd;           /* the image's name says so; its content may say otherwise */
    uint16_t drive_letter;   /* upper case, or 0 */
    uint64_t image_offset;   /* bytes */
    uint64_t requested_size; /* bytes; 0: as the image */
    uint64_t maximum_size;   /* bytes; limits growth, too */
    uint64_t image_end;      /* where what the image holds ends; 0: with the image */
    struct disk_geometry geometry;
    const uint16_t *file_name; /* within the request */
    uint16_t file_name_length; /* bytes */
    /* What is opened: the file name without the device that it names, if that is AWEAlloc. */
    const uint16_t *image_name;
    uint16_t image_name_length; /* bytes; 0: none */
};

/*
 * Checks everything that can be checked without the image. `input` must stay valid as long as *parameters is used.
 * BALLAST_INVALID_PARAMETER, BALLAST_ACCESS_DENIED (disallowed drive letter), BALLAST_NOT_SUPPORTED (a type that this
 * driver does not have).
 */
ballast_status disk_parameters_parse(const void *input, size_t input_length, const struct disk_create_policy *policy,
                                     struct disk_parameters *parameters);

/* What a look at the image has found. */
struct disk_image_look {
    bool refused;        /* another format, of which no disk can be made */
    bool read_only;      /* a format that is not for writing */
    bool cd;             /* ISO 9660, or UDF for CDs */
    bool other;          /* something else that begins like a disk: whatever its name is, no CD */
    uint64_t data_bytes; /* of a fixed VHD: what it holds, without the footer; else 0 */
};

/*
 * Whether the image shall be looked at. What is not there needs none; of what was looked at before only the end counts, behind
 * the disk.
 */
bool disk_parameters_wants_look(const struct disk_parameters *parameters);

/* Makes the decisions that a look allows. BALLAST_UNRECOGNIZED_MEDIA if the image is refused. */
ballast_status disk_parameters_looked(struct disk_parameters *parameters, const struct disk_image_look *look);

/*
 * Sets geometry.size_bytes. image_length is the length of the whole image in bytes, 0 without an image.
 * *required_image_length is what the image must be extended to before use; never less than image_length.
 */
ballast_status disk_parameters_resolve_size(struct disk_parameters *parameters, uint64_t image_length,
                                            uint64_t *required_image_length);

/* Completes geometry, kind and flags. `sector` is the image's first sector at image_offset, NULL if there is none. */
void disk_parameters_resolve_geometry(struct disk_parameters *parameters,
                                      const unsigned char sector[GEOMETRY_BPB_SIZE]);

#endif
