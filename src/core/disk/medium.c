/* SPDX-License-Identifier: MIT */
/* Verifying and formatting; medium.h has the contract. */

#include "core/disk/medium.h"
#include "core/disk/storage_abi.h"

#define MEDIUM_TAG_BUFFER PLATFORM_TAG('B', 'd', 'M', 'd')

/* Read or written at a time, between looks at whether the request is still wanted. A multiple of every sector size. */
#define MEDIUM_BLOCK      65536u

/* What is read to see whether an image is there: a multiple of all sector sizes of hosts, less than any disk's size. */
#define MEDIUM_PROBE      4096u

#define FORMAT_FILL       0xF6

/* ---- reading ---- */

ballast_status disk_control_verify(void *target, struct request *request)
{
    struct disk *disk = target;
    struct storage_verify verify;
    platform_copy(&verify, request->buffer, sizeof(verify));
    uint64_t size = disk_size(disk);
    if (verify.starting_offset < 0 || (uint64_t)verify.starting_offset > size ||
        verify.length > size - (uint64_t)verify.starting_offset) {
        return BALLAST_NONEXISTENT_SECTOR;
    }
    void *buffer = platform_allocate(PLATFORM_POOL_NONPAGED, MEDIUM_BLOCK, MEDIUM_TAG_BUFFER);
    if (buffer == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    ballast_status status = BALLAST_SUCCESS;
    uint64_t offset = (uint64_t)verify.starting_offset;
    for (uint32_t left = verify.length; left != 0 && !ballast_failed(status);) {
        uint32_t part = left < MEDIUM_BLOCK ? left : MEDIUM_BLOCK;
        status = request_cancelled(request) ? BALLAST_CANCELLED : disk_verify(disk, offset, buffer, part);
        offset += part;
        left -= part;
    }
    platform_free(buffer, MEDIUM_BLOCK, MEDIUM_TAG_BUFFER);
    return status;
}

static ballast_status probe(struct disk *disk)
{
    void *buffer = platform_allocate(PLATFORM_POOL_NONPAGED, MEDIUM_PROBE, MEDIUM_TAG_BUFFER);
    if (buffer == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    ballast_status status = disk_verify(disk, 0, buffer, MEDIUM_PROBE);
    platform_free(buffer, MEDIUM_PROBE, MEDIUM_TAG_BUFFER);
    return ballast_failed(status) && status != BALLAST_INSUFFICIENT_RESOURCES ? BALLAST_DEVICE_DOES_NOT_EXIST : status;
}

/* The media never changes, so the change counter is constant. */
ballast_status disk_control_check_verify(void *target, struct request *request)
{
    uint32_t change_count = 1;
    struct disk *disk = target;
    ballast_status status = disk->source->blocks ? probe(disk) : BALLAST_SUCCESS;
    if (!ballast_failed(status) && request->output_length >= sizeof(change_count)) {
        status = request_reply(request, &change_count, sizeof(change_count));
    }
    return status;
}

/* ---- formatting ---- */

struct range {
    uint64_t offset;
    uint64_t length;
};

/* The tracks that a request names; false if the disk does not have them. What lies behind its end is left out. */
static bool find_tracks(const struct disk *disk, const struct storage_format_tracks *tracks, struct range *range)
{
    struct disk_geometry geometry = disk->geometry;
    geometry.size_bytes = disk_size(disk);
    uint64_t heads = geometry.tracks_per_cylinder;
    uint64_t track_bytes = (uint64_t)geometry.bytes_per_sector * geometry.sectors_per_track;
    uint64_t cylinders = geometry_cylinders(&geometry);
    if (tracks->start_head >= heads || tracks->end_head >= heads || tracks->start_cylinder > cylinders ||
        tracks->end_cylinder > cylinders) {
        return false;
    }
    /* No overflow: cylinders * heads * track_bytes is at most the size. */
    uint64_t first = tracks->start_cylinder * heads + tracks->start_head;
    uint64_t last = tracks->end_cylinder * heads + tracks->end_head;
    if (last < first || first * track_bytes >= geometry.size_bytes) {
        return false;
    }
    uint64_t end = (last + 1) * track_bytes;
    range->offset = first * track_bytes;
    range->length = (end < geometry.size_bytes ? end : geometry.size_bytes) - range->offset;
    return true;
}

static ballast_status fill(struct disk *disk, struct range range, const struct request *request)
{
    unsigned char *buffer = platform_allocate(PLATFORM_POOL_NONPAGED, MEDIUM_BLOCK, MEDIUM_TAG_BUFFER);
    if (buffer == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    __builtin_memset(buffer, FORMAT_FILL, MEDIUM_BLOCK);
    ballast_status status = BALLAST_SUCCESS;
    while (range.length != 0 && !ballast_failed(status)) {
        size_t part = range.length < MEDIUM_BLOCK ? (size_t)range.length : MEDIUM_BLOCK;
        size_t written;
        status =
            request_cancelled(request) ? BALLAST_CANCELLED : disk_write(disk, range.offset, buffer, part, &written);
        range.offset += part;
        range.length -= part;
    }
    platform_free(buffer, MEDIUM_BLOCK, MEDIUM_TAG_BUFFER);
    return status;
}

ballast_status disk_control_format_tracks(void *target, struct request *request)
{
    struct storage_format_tracks tracks;
    struct range range;
    platform_copy(&tracks, request->buffer, sizeof(tracks));
    return find_tracks(target, &tracks, &range) ? fill(target, range, request) : BALLAST_INVALID_PARAMETER;
}

ballast_status disk_control_format_tracks_ex(void *target, struct request *request)
{
    const struct disk *disk = target;
    struct storage_format_tracks_ex extended;
    platform_copy(&extended, request->buffer, sizeof(extended));
    if (extended.sectors_per_track != disk->geometry.sectors_per_track ||
        request->input_length - sizeof(extended) < extended.sectors_per_track * sizeof(uint16_t)) {
        return BALLAST_INVALID_PARAMETER;
    }
    return disk_control_format_tracks(target, request);
}

/* ---- partitions, which these disks do not have ---- */

ballast_status disk_control_set_partition_ex(void *target, struct request *request)
{
    uint32_t style;
    (void)target;
    platform_copy(&style, request->buffer, sizeof(style));
    return style == 0 ? BALLAST_SUCCESS : BALLAST_UNSUCCESSFUL;
}
