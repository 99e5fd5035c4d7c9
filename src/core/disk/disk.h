/* SPDX-License-Identifier: MIT */
/*
 * A disk: parameters, a source, counters, and the rules of transfers. The driver puts IRPs around it.
 *
 * Members are set by disk_initialize and constant afterwards unless a comment says otherwise.
 */
#ifndef CORE_DISK_DISK_H
#define CORE_DISK_DISK_H

#include "core/base/atomic.h"
#include "core/base/epoch.h"
#include "core/disk/create.h"
#include "core/disk/source.h"

struct disk_counters {
    uint64_t read_requests;
    uint64_t read_bytes;
    uint64_t write_requests;
    uint64_t written_bytes;
    uint64_t flush_requests;
    uint64_t trim_requests;
    uint64_t failed_requests;
    uint64_t trimmed_bytes;
};

/*
 * What a transfer writes besides the bytes, once for each processor, so that none of it is shared: reads and writes touch the
 * first 64 bytes. Two lines, because processors fetch them in pairs.
 */
struct disk_lane {
    _Alignas(128) struct epoch_lane epoch;
    struct disk_counters counters; /* atomic */
};

_Static_assert(sizeof(struct disk_lane) == 128 && offsetof(struct disk_lane, counters.flush_requests) <= 64,
               "a lane is two cache lines, and one for transfers");

/* Processors beyond share lanes: a device extension has less than 64 KiB. */
#define DISK_MAXIMUM_LANES 256u

/* What tells a disk from all others, and stays the same when it is created again. */
struct disk_identity {
    unsigned char bytes[16];
};

struct disk {
    uint32_t number;
    uint64_t volume; /* what its object is named by; 0: its number */
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
    struct disk_lane *lanes;
    unsigned lane_count;
    struct epoch epoch;                /* transfers are inside: the size checked is the size the source sees */
    struct platform_mutex resize_lock; /* held while the size changes */
};

/* How many bytes of lanes a disk needs. They may have any address and must outlive the disk and all who might still enter it. */
size_t disk_lanes_size(void);

/*
 * From the image's name and offset or, for a disk without an image, from its number. `instance` tells several disks with
 * one image apart; 0 for the first.
 */
struct disk_identity disk_identify(const struct disk_parameters *parameters, uint32_t instance);

/*
 * Takes the source over when it succeeds, and opens the disk to users. `volume` and `identity` are set by the caller.
 * BALLAST_INSUFFICIENT_RESOURCES without memory.
 */
ballast_status disk_initialize(struct disk *disk, const struct disk_parameters *parameters, struct source *source,
                               void *lanes);

/* Destroys the source, too. No transfer may be under way. */
void disk_destroy(struct disk *disk);

/*
 * No transfer begins any more, soon; those that come too late end with BALLAST_DEVICE_REMOVED. `closed` is given back when none is
 * under way; that is the last access to the disk by any of them. <= APC_LEVEL.
 */
void disk_close(struct disk *disk, struct epoch_item *closed);

/* How many transfers are under way, about. */
uint32_t disk_transfers(const struct disk *disk);

/* Sums of all lanes. */
struct disk_counters disk_count(const struct disk *disk);

static inline uint64_t disk_size(const struct disk *disk)
{
    return atomic_load_u64(&disk->geometry.size_bytes);
}

static inline uint32_t disk_flags(const struct disk *disk)
{
    return __atomic_load_n(&disk->flags, __ATOMIC_RELAXED);
}

bool disk_read_only(const struct disk *disk);

/* Removable-media characteristic: asked for, or inherent in the kind. */
bool disk_kind_removable(enum disk_kind kind, uint32_t flags);
bool disk_removable(const struct disk *disk);

/* The status of a transfer that is not to be carried out. */
ballast_status disk_refuse_transfer(const struct disk *disk, int64_t offset, size_t length, bool write);

/*
 * What becomes of a transfer: BALLAST_PENDING means that it must be carried out; anything else is its final status, with no bytes
 * transferred. Requests beyond the end succeed with no bytes, as ImDisk's do, unless the disk is strict: then
 * BALLAST_NONEXISTENT_SECTOR. Any IRQL.
 */
static inline ballast_status disk_check_transfer(const struct disk *disk, int64_t offset, size_t length, bool write)
{
    uint64_t size = disk_size(disk);
    if ((uint64_t)offset > size || length > size - (uint64_t)offset || length == 0 ||
        (write && (disk_flags(disk) & IMDISK_OPTION_READ_ONLY) != 0)) {
        return disk_refuse_transfer(disk, offset, length, write);
    }
    return BALLAST_PENDING;
}

/*
 * Carry out a checked transfer. IRQL <= APC_LEVEL, in a guarded region if the source does not block. On failure the buffer's
 * content is undefined. *transferred is `length`, or 0 when the disk has shrunk since the check.
 */
ballast_status disk_read(struct disk *disk, uint64_t offset, void *buffer, size_t length, size_t *transferred);
ballast_status disk_write(struct disk *disk, uint64_t offset, const void *buffer, size_t length, size_t *transferred);

/* disk_write that may take memory from a reserve, as there is no other. */
ballast_status disk_write_urgent(struct disk *disk, uint64_t offset, const void *buffer, size_t length,
                                 size_t *transferred);

/*
 * The same in steps: enter, check, transfer, leave. From entering to leaving the disk stays as it was checked, and exists.
 * Entering gives NULL when the disk has been closed. Writing may give BALLAST_RETRY: leave, and use disk_write.
 */
static inline struct disk_lane *disk_lane(struct disk *disk)
{
    unsigned processor = platform_processor();
    return &disk->lanes[processor < disk->lane_count ? processor : processor % disk->lane_count];
}

static inline uint32_t *disk_enter(struct disk *disk, struct disk_lane *lane)
{
    return epoch_enter(&disk->epoch, &lane->epoch);
}

/* `requests` and `bytes` are of the lane. */
static inline void disk_count_transfer(struct disk_lane *lane, ballast_status status, uint64_t *requests,
                                       uint64_t *bytes, uint64_t length)
{
    if (ballast_failed(status)) {
        atomic_add_u64(&lane->counters.failed_requests, 1);
    } else {
        atomic_add_u64(requests, 1);
        atomic_add_u64(bytes, length);
    }
}

static inline ballast_status disk_read_inside(struct disk *disk, struct disk_lane *lane, uint64_t offset, void *buffer,
                                              size_t length)
{
    ballast_status status = disk->source->operations->read(disk->source, offset, buffer, length);
    disk_count_transfer(lane, status, &lane->counters.read_requests, &lane->counters.read_bytes, length);
    return status;
}

ballast_status disk_write_inside(struct disk *disk, struct disk_lane *lane, uint64_t offset, const void *buffer,
                                 size_t length);

/* After nothing but reading. */
static inline void disk_leave_reading(struct disk *disk, uint32_t *inside)
{
    epoch_leave(&disk->epoch, inside);
}

static inline void disk_leave(struct disk *disk, uint32_t *inside)
{
    epoch_leave_retiring(&disk->epoch, inside);
}

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

/*
 * BALLAST_INVALID_PARAMETER for a size out of range, or smaller than now without allow_shrink. Shrinking waits for the transfers
 * that are under way.
 */
ballast_status disk_resize(struct disk *disk, uint64_t size, bool allow_shrink);

/* Adds to the size, in one step. */
ballast_status disk_grow(struct disk *disk, uint64_t bytes);

/* The source's, and what the disk needs besides. False if the source does not know. */
bool disk_usage(struct disk *disk, struct source_usage *usage);

#endif
