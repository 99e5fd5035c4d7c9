/* SPDX-License-Identifier: MIT */
/* Reading a VHD, and what is below it where it has nothing. */

#include "core/image/vhd_internal.h"

ballast_status vhd_read_below(struct vhd *vhd, uint64_t offset, unsigned char *bytes, size_t length)
{
    ballast_status status = BALLAST_SUCCESS;
    size_t there = 0;
    if (vhd->parent != NULL && offset < vhd->parent->footer.size) {
        uint64_t left = vhd->parent->footer.size - offset;
        there = left < length ? (size_t)left : length;
        status = vhd->parent->source.operations->read(&vhd->parent->source, offset, bytes, there);
    }
    platform_zero(bytes + there, length - there);
    return status;
}

/* From a block that has some of its sectors: runs of sectors that it has, and that it has not. */
static ballast_status read_partial(struct vhd *vhd, uint32_t block, uint32_t within, unsigned char *bytes,
                                   uint32_t length)
{
    struct vhd_slot *slot;
    ballast_status status = vhd_slot_load(vhd, block, &slot);
    uint64_t data = vhd_block_start(vhd, block) + vhd->bitmap_size;
    uint64_t disk = (uint64_t)block * vhd->header.block_size;
    uint32_t end = within + length;
    while (within < end && !ballast_failed(status)) {
        bool here = vhd_bit(slot->bits, within / VHD_SECTOR);
        uint32_t next = (within / VHD_SECTOR + 1) * VHD_SECTOR;
        while (next < end && vhd_bit(slot->bits, next / VHD_SECTOR) == here) {
            next += VHD_SECTOR;
        }
        uint32_t part = (next < end ? next : end) - within;
        status =
            here ? vhd_file_read(vhd, data + within, bytes, part) : vhd_read_below(vhd, disk + within, bytes, part);
        within += part;
        bytes += part;
    }
    return status;
}

ballast_status vhd_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    struct vhd *vhd = (struct vhd *)source;
    unsigned char *bytes = buffer;
    ballast_status status = BALLAST_SUCCESS;
    if (vhd->table == NULL) {
        return vhd_file_read(vhd, offset, buffer, length);
    }
    while (length != 0 && !ballast_failed(status)) {
        uint32_t block = (uint32_t)(offset / vhd->header.block_size);
        uint32_t within = (uint32_t)(offset % vhd->header.block_size);
        uint32_t left = vhd->header.block_size - within;
        uint32_t part = length < left ? (uint32_t)length : left;
        if (vhd->table[block] == VHD_UNUSED) {
            status = vhd_read_below(vhd, offset, bytes, part);
        } else if (vhd_bit(vhd->full, block)) {
            status = vhd_file_read(vhd, vhd_block_start(vhd, block) + vhd->bitmap_size + within, bytes, part);
        } else {
            status = read_partial(vhd, block, within, bytes, part);
        }
        offset += part;
        bytes += part;
        length -= part;
    }
    return status;
}

static uint64_t extent_below(struct source *below, uint64_t offset, uint64_t length, bool *data)
{
    *data = true;
    return below->operations->extent != NULL ? below->operations->extent(below, offset, length, data) : length;
}

uint64_t vhd_extent(struct source *source, uint64_t offset, uint64_t length, bool *data)
{
    struct vhd *vhd = (struct vhd *)source;
    if (vhd->table == NULL) {
        return extent_below(source->below, offset, length, data);
    }
    uint32_t first = (uint32_t)(offset / vhd->header.block_size);
    uint32_t next = first;
    bool here = vhd->table[first] != VHD_UNUSED;
    uint64_t end = offset;
    do {
        next++;
        end = (uint64_t)next * vhd->header.block_size;
    } while (end < offset + length && (vhd->table[next] != VHD_UNUSED) == here);
    uint64_t run = end - offset < length ? end - offset : length;
    *data = here;
    if (!here && vhd->parent != NULL && offset < vhd->parent->footer.size) {
        uint64_t left = vhd->parent->footer.size - offset;
        return vhd_extent(&vhd->parent->source, offset, left < run ? left : run, data);
    }
    return run;
}
