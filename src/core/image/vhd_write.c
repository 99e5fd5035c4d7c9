/* SPDX-License-Identifier: MIT */
/* Writing to a VHD, in the order that vhd.h promises. */

#include "core/image/vhd_internal.h"

#define PAGE            4096u /* data of blocks begin at multiples of it */
#define MAXIMUM_SECTORS 0xFFFFFFFEu

static ballast_status file_resize(struct vhd *vhd, uint64_t length)
{
    ballast_status status = vhd->source.below->operations->resize(vhd->source.below, length);
    if (!ballast_failed(status)) {
        vhd->length = length;
        vhd->footer_due = true;
    }
    return status;
}

/* The file shall hold data up to `end`, with a footer behind. */
static ballast_status grow(struct vhd *vhd, uint64_t end)
{
    ballast_status status = file_resize(vhd, end + VHD_FOOTER_SIZE);
    return ballast_failed(status) ? status : vhd_write_footer(vhd);
}

/*
 * Before the first change: both footers are sound, one after the other, and behind the data is nothing that could be taken for
 * a block's.
 */
static ballast_status begin(struct vhd *vhd)
{
    ballast_status status = BALLAST_SUCCESS;
    uint64_t end = vhd_round(vhd->data_end, VHD_SECTOR);
    if (vhd->copy_damaged || vhd->copy_differs) {
        status = vhd_file_flush(vhd);
        if (!ballast_failed(status)) {
            status = vhd_file_write(vhd, 0, vhd->footer.bytes, VHD_FOOTER_SIZE);
        }
        if (!ballast_failed(status)) {
            status = vhd_file_flush(vhd);
        }
        vhd->copy_damaged = ballast_failed(status);
        vhd->copy_differs = false;
    }
    if (!ballast_failed(status) && (vhd->footer_due || vhd->length != end + VHD_FOOTER_SIZE)) {
        status = grow(vhd, end);
    }
    vhd->begun = !ballast_failed(status);
    return status;
}

/* ---- writing ---- */

/* A dynamic disk's block has all its sectors at once, which are zeros; a differencing disk's has none. */
static ballast_status fill_bitmap(struct vhd *vhd, uint64_t start)
{
    uint8_t bytes[VHD_SECTOR];
    ballast_status status = BALLAST_SUCCESS;
    uint32_t used = vhd->header.block_size / VHD_SECTOR / 8;
    for (uint32_t done = 0; done < vhd->bitmap_size && !ballast_failed(status); done += VHD_SECTOR) {
        uint32_t ones = used - done < VHD_SECTOR ? used - done : VHD_SECTOR;
        platform_zero(bytes, sizeof(bytes));
        __builtin_memset(bytes, 0xFF, ones);
        status = vhd_file_write(vhd, start + done, bytes, VHD_SECTOR);
    }
    return status;
}

/* The footer is not overwritten: it stays between the blocks. */
static ballast_status allocate(struct vhd *vhd, uint32_t block)
{
    uint64_t start = vhd_round(vhd->data_end + VHD_FOOTER_SIZE + vhd->bitmap_size, PAGE) - vhd->bitmap_size;
    uint64_t end = start + vhd->bitmap_size + vhd->header.block_size;
    if (start / VHD_SECTOR > MAXIMUM_SECTORS) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    ballast_status status = grow(vhd, end);
    if (!ballast_failed(status) && vhd->footer.kind == VHD_DYNAMIC) {
        status = fill_bitmap(vhd, start);
    }
    if (ballast_failed(status)) {
        return status;
    }
    if (vhd->footer.kind == VHD_DYNAMIC) {
        vhd_set_bit(vhd->full, block);
    }
    vhd->table[block] = (uint32_t)(start / VHD_SECTOR);
    vhd_set_bit(vhd->stale, block / VHD_ENTRIES);
    vhd->dirty = true;
    vhd->data_end = end;
    return BALLAST_SUCCESS;
}

/* A part of a sector that the block has not: with the rest of what is below. */
static ballast_status write_merged(struct vhd *vhd, uint32_t block, uint32_t within, const unsigned char *bytes,
                                   uint32_t length)
{
    uint8_t sector[VHD_SECTOR];
    uint32_t skipped = within % VHD_SECTOR;
    uint64_t offset = (uint64_t)block * vhd->header.block_size + within - skipped;
    ballast_status status = vhd_read_below(vhd, offset, sector, VHD_SECTOR);
    if (ballast_failed(status)) {
        return status;
    }
    platform_copy(sector + skipped, bytes, length);
    return vhd_file_write(vhd, vhd_block_start(vhd, block) + vhd->bitmap_size + within - skipped, sector, VHD_SECTOR);
}

static void note_written(struct vhd *vhd, struct vhd_slot *slot, uint32_t within, uint32_t length)
{
    for (uint32_t i = within / VHD_SECTOR; i <= (within + length - 1) / VHD_SECTOR; i++) {
        if (!vhd_bit(slot->bits, i)) {
            vhd_set_bit(slot->bits, i);
            slot->dirty = true;
            vhd->dirty = true;
        }
    }
    vhd_slot_note_full(vhd, slot);
}

/* To a block that may lack sectors. */
static ballast_status write_partial(struct vhd *vhd, uint32_t block, uint32_t within, const unsigned char *bytes,
                                    uint32_t length)
{
    struct vhd_slot *slot;
    ballast_status status = vhd_slot_load(vhd, block, &slot);
    uint64_t data = vhd_block_start(vhd, block) + vhd->bitmap_size;
    while (length != 0 && !ballast_failed(status)) {
        uint32_t left = VHD_SECTOR - within % VHD_SECTOR;
        uint32_t part = left != VHD_SECTOR || length < VHD_SECTOR ? (length < left ? length : left)
                                                                  : length / VHD_SECTOR * VHD_SECTOR;
        if (part < VHD_SECTOR && !vhd_bit(slot->bits, within / VHD_SECTOR)) {
            status = write_merged(vhd, block, within, bytes, part);
        } else {
            status = vhd_file_write(vhd, data + within, bytes, part);
        }
        if (!ballast_failed(status)) {
            note_written(vhd, slot, within, part);
        }
        within += part;
        bytes += part;
        length -= part;
    }
    return status;
}

static ballast_status write_block(struct vhd *vhd, uint32_t block, uint32_t within, const unsigned char *bytes,
                                  uint32_t length)
{
    if (vhd->table[block] == VHD_UNUSED) {
        if (vhd->parent == NULL && platform_is_zero(bytes, length)) {
            return BALLAST_SUCCESS;
        }
        ballast_status status = allocate(vhd, block);
        if (ballast_failed(status)) {
            return status;
        }
    }
    if (vhd_bit(vhd->full, block)) {
        return vhd_file_write(vhd, vhd_block_start(vhd, block) + vhd->bitmap_size + within, bytes, length);
    }
    return write_partial(vhd, block, within, bytes, length);
}

ballast_status vhd_write(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    struct vhd *vhd = (struct vhd *)source;
    const unsigned char *bytes = buffer;
    ballast_status status = BALLAST_SUCCESS;
    if (!vhd->writable) {
        return BALLAST_MEDIA_WRITE_PROTECTED;
    }
    if (vhd->table == NULL) {
        return vhd_file_write(vhd, offset, buffer, length);
    }
    if (!vhd->begun) {
        status = begin(vhd);
    }
    while (length != 0 && !ballast_failed(status)) {
        uint32_t block = (uint32_t)(offset / vhd->header.block_size);
        uint32_t within = (uint32_t)(offset % vhd->header.block_size);
        uint32_t left = vhd->header.block_size - within;
        uint32_t part = length < left ? (uint32_t)length : left;
        status = write_block(vhd, block, within, bytes, part);
        offset += part;
        bytes += part;
        length -= part;
    }
    return status;
}

/* ---- another size ---- */

/* What the last block has behind the disk's end becomes a part of the disk. */
static ballast_status clear_tail(struct vhd *vhd)
{
    static const unsigned char zeros[PAGE];
    uint32_t within = (uint32_t)(vhd->footer.size % vhd->header.block_size);
    uint32_t block = vhd->blocks - 1;
    ballast_status status = BALLAST_SUCCESS;
    if (within == 0 || vhd->table[block] == VHD_UNUSED) {
        return BALLAST_SUCCESS;
    }
    while (within < vhd->header.block_size && !ballast_failed(status)) {
        uint32_t left = vhd->header.block_size - within;
        uint32_t part = left < PAGE ? left : PAGE;
        uint64_t data = vhd_block_start(vhd, block) + vhd->bitmap_size;
        status = vhd_file_write(vhd, data + within, zeros, part);
        within += part;
    }
    return status;
}

static ballast_status write_all_tables(struct vhd *vhd)
{
    ballast_status status = vhd_file_write(vhd, vhd->footer.header, vhd->header.bytes, VHD_HEADER_SIZE);
    for (uint32_t i = 0; i < vhd_table_size(vhd->blocks) / VHD_SECTOR && !ballast_failed(status); i++) {
        status = vhd_write_table_sector(vhd, i);
    }
    return ballast_failed(status) ? status : vhd_file_flush(vhd);
}

/* The new header and table are durable. The end's footer is the one that counts from the moment it is. */
static ballast_status publish(struct vhd *vhd)
{
    ballast_status status = vhd_write_footer(vhd);
    if (!ballast_failed(status)) {
        status = vhd_file_flush(vhd);
    }
    return status;
}

/* `resized` is the disk as it shall be: it gets a header and a table behind the data. */
static ballast_status append_tables(struct vhd *vhd, struct vhd *resized)
{
    uint64_t header = vhd_round(vhd->data_end, VHD_SECTOR);
    uint64_t table = header + VHD_HEADER_SIZE;
    uint64_t end = table + vhd_table_size(resized->blocks);
    ballast_status status = grow(vhd, end);
    resized->length = vhd->length;
    resized->data_end = end;
    vhd_change_footer(&resized->footer, resized->footer.size, header);
    vhd_change_header(&resized->header, table, resized->blocks);
    if (!ballast_failed(status)) {
        status = write_all_tables(resized);
    }
    return ballast_failed(status) ? status : publish(resized);
}

static void take_over(struct vhd *vhd, const struct vhd *resized)
{
    struct vhd old = *vhd;
    /* Slots hold blocks that may be gone; none is dirty. */
    *vhd = *resized;
    vhd->slots = old.slots;
    vhd->slot_bits = old.slot_bits;
    for (uint32_t i = 0; i < vhd->slot_count; i++) {
        vhd->slots[i].block = VHD_UNUSED;
    }
    old.slots = NULL;
    old.slot_bits = NULL;
    vhd_table_free(&old);
    vhd->copy_differs = true;
}

ballast_status vhd_resize(struct source *source, uint64_t size)
{
    struct vhd *vhd = (struct vhd *)source;
    if (!vhd->writable) {
        return BALLAST_MEDIA_WRITE_PROTECTED;
    }
    if (vhd->footer.kind != VHD_DYNAMIC) {
        return BALLAST_NOT_SUPPORTED;
    }
    if (size == 0 || size % VHD_SECTOR != 0 || size > VHD_MAXIMUM_SIZE ||
        size / vhd->header.block_size >= VHD_MAXIMUM_BLOCKS) {
        return BALLAST_INVALID_PARAMETER;
    }
    ballast_status status = begin(vhd);
    if (!ballast_failed(status)) {
        status = clear_tail(vhd);
    }
    if (!ballast_failed(status)) {
        status = vhd_commit(vhd);
    }
    if (ballast_failed(status)) {
        return status;
    }
    struct vhd resized = *vhd;
    resized.slots = NULL;
    resized.slot_bits = NULL;
    resized.footer.size = size;
    resized.blocks = (uint32_t)(vhd_round(size, vhd->header.block_size) / vhd->header.block_size);
    if (!vhd_table_allocate(&resized)) {
        vhd_table_free(&resized);
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    for (uint32_t i = 0; i < resized.blocks; i++) {
        resized.table[i] = i < vhd->blocks ? vhd->table[i] : VHD_UNUSED;
        if (i < vhd->blocks && vhd_bit(vhd->full, i)) {
            vhd_set_bit(resized.full, i);
        }
    }
    status = append_tables(vhd, &resized);
    if (ballast_failed(status)) {
        vhd_table_free(&resized);
        vhd->lost = resized.lost;
        vhd->begun = false;
        return status;
    }
    take_over(vhd, &resized);
    return begin(vhd);
}
