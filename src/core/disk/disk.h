/* SPDX-License-Identifier: MIT */
/*
 * A disk: parameters, a source, counters, and the rules of transfers. The driver puts IRPs around it.
 *
 * Members are set by disk_initialize and constant afterwards unless a comment says otherwise.
 */
#ifndef CORE_DISK_DISK_H
#define CORE_DISK_DISK_H

#include "core/base/rwlock.h"
#include "core/disk/create.h"
#include "core/disk/source.h"

struct disk_counters {
    uint64_t read_requests;
    uint64_t write_requests;
    uint64_t flush_requests;
    uint64_t trim_requests;
    uint64_t failed_requests;
    uint64_t read_bytes;
    uint64_t written_bytes;
    uint64_t trimmed_bytes;
};

/* What tells a disk from all others, and stays the same when it is created again. */
struct disk_identity {
    unsigned char bytes[16];
};

struct disk {
    uint32_t number;
    struct disk_identity identity;
    uint32_t flags; /* IMDISK_*; the changeable ones change atomically */
    enum disk_kind kind;
    bool in_memory;
    bool locked_memory;
    uint16_t drive_letter;
    uint16_t file_name_length;     /* bytes */
    uint16_t *file_name;           /* owned; NULL when the length is 0 */
    uint64_t image_offset;         /* bytes */
    uint64_t maximum_size;         /* bytes */
    struct disk_geometry geometry; /* size_bytes changes atomically: use disk_size */
    struct source *source;         /* owned */
    struct rwlock resize_lock;     /* shared: transfers; exclusive: resize */
    struct disk_counters counters; /* atomic */
};

/*
 * From the image's name and offset or, for a disk without an image, from its number. `instance` tells several disks with
 * one image apart; 0 for the first.
 */
struct disk_identity disk_identify(const struct disk_parameters *parameters, uint32_t instance);

/* Takes the source over when it succeeds. `identity` is set by the caller. BALLAST_INSUFFICIENT_RESOURCES without memory. */
ballast_status disk_initialize(struct disk *disk, const struct disk_parameters *parameters, struct source *source);

/* Destroys the source, too. No transfer may be under way. */
void disk_destroy(struct disk *disk);

uint64_t disk_size(const struct disk *disk);
uint32_t disk_flags(const struct disk *disk);
bool disk_read_only(const struct disk *disk);

/* Removable-media characteristic: asked for, or inherent in the kind. */
bool disk_kind_removable(enum disk_kind kind, uint32_t flags);
bool disk_removable(const struct disk *disk);

/*
 * What becomes of a transfer: BALLAST_PENDING means that disk_read or disk_write must carry it out; anything else is its
 * final status, with no bytes transferred. Requests beyond the end succeed with no bytes, as ImDisk's do, unless the disk
 * is strict: then BALLAST_NONEXISTENT_SECTOR. Any IRQL.
 */
ballast_status disk_check_transfer(const struct disk *disk, int64_t offset, size_t length, bool write);

/*
 * Carry out a checked transfer. IRQL <= APC_LEVEL, in a critical region. On failure the buffer's content is undefined.
 * *transferred is `length`, or 0 when the disk has shrunk since the check.
 */
ballast_status disk_read(struct disk *disk, uint64_t offset, void *buffer, size_t length, size_t *transferred);
ballast_status disk_write(struct disk *disk, uint64_t offset, const void *buffer, size_t length, size_t *transferred);

ballast_status disk_flush(struct disk *disk);

/* Reads the range and drops what it read. BALLAST_NONEXISTENT_SECTOR if it does not lie within the disk. */
ballast_status disk_verify(struct disk *disk, uint64_t offset, void *buffer, size_t length);

/* Declares a range unused. BALLAST_INVALID_PARAMETER if it does not lie within the disk. */
ballast_status disk_trim(struct disk *disk, uint64_t offset, uint64_t length);

/*
 * How many bytes from `offset` on, `length` at most, are all data or all zeros that nothing is stored for; 0: beyond the
 * end. IRQL as disk_read.
 */
uint64_t disk_extent(struct disk *disk, uint64_t offset, uint64_t length, bool *data);

/* BALLAST_INVALID_PARAMETER for a size out of range, or smaller than now without allow_shrink. */
ballast_status disk_resize(struct disk *disk, uint64_t size, bool allow_shrink);

/* Adds to the size, in one step. */
ballast_status disk_grow(struct disk *disk, uint64_t bytes);

#endif
