/* SPDX-License-Identifier: MIT */
/* Making a VHD durable: data first, then what tells of it. And the bitmaps of blocks, which wait for that. */

#include "core/image/vhd_internal.h"

ballast_status vhd_write_footer(struct vhd *vhd)
{
    ballast_status status = vhd_file_write(vhd, vhd->length - VHD_FOOTER_SIZE, vhd->footer.bytes, VHD_FOOTER_SIZE);
    if (!ballast_failed(status)) {
        vhd->footer_due = false;
        vhd->footer_damaged = false;
    }
    return status;
}

ballast_status vhd_write_table_sector(struct vhd *vhd, uint32_t sector)
{
    uint8_t bytes[VHD_SECTOR];
    for (uint32_t i = 0; i < VHD_ENTRIES; i++) {
        uint32_t block = sector * VHD_ENTRIES + i;
        vhd_store32(bytes + (size_t)4 * i, block < vhd->blocks ? vhd->table[block] : VHD_UNUSED);
    }
    return vhd_file_write(vhd, vhd->header.table + (uint64_t)sector * VHD_SECTOR, bytes, VHD_SECTOR);
}

static ballast_status write_tables(struct vhd *vhd)
{
    ballast_status status = BALLAST_SUCCESS;
    for (uint32_t i = 0; i < vhd->slot_count && !ballast_failed(status); i++) {
        struct vhd_slot *slot = &vhd->slots[i];
        if (slot->dirty) {
            status = vhd_file_write(vhd, vhd_block_start(vhd, slot->block), slot->bits, vhd->bitmap_size);
        }
    }
    for (uint32_t i = 0; i < vhd_table_size(vhd->blocks) / VHD_SECTOR && !ballast_failed(status); i++) {
        if (vhd_bit(vhd->stale, i)) {
            status = vhd_write_table_sector(vhd, i);
        }
    }
    return status;
}

ballast_status vhd_commit(struct vhd *vhd)
{
    ballast_status status = BALLAST_SUCCESS;
    if (vhd->begun && vhd->footer_due) {
        status = vhd_write_footer(vhd);
    }
    if (!ballast_failed(status)) {
        status = vhd_file_flush(vhd);
    }
    if (!vhd->dirty || ballast_failed(status)) {
        return status;
    }
    status = write_tables(vhd);
    if (!ballast_failed(status)) {
        status = vhd_file_flush(vhd);
    }
    if (!ballast_failed(status)) {
        for (uint32_t i = 0; i < vhd->slot_count; i++) {
            vhd->slots[i].dirty = false;
        }
        platform_zero(vhd->stale, vhd_bits_size(vhd_table_size(vhd->blocks) / VHD_SECTOR));
        vhd->dirty = false;
    }
    return status;
}

/* ---- bitmaps ---- */

void vhd_slot_note_full(struct vhd *vhd, const struct vhd_slot *slot)
{
    uint32_t length = vhd->header.block_size / VHD_SECTOR / 8;
    uint32_t i = 0;
    while (i < length && slot->bits[i] == 0xFF) {
        i++;
    }
    if (i == length) {
        vhd_set_bit(vhd->full, slot->block);
    }
}

ballast_status vhd_slot_load(struct vhd *vhd, uint32_t block, struct vhd_slot **found)
{
    struct vhd_slot *slot = &vhd->slots[block % vhd->slot_count];
    ballast_status status = BALLAST_SUCCESS;
    *found = slot;
    if (slot->block == block) {
        return BALLAST_SUCCESS;
    }
    if (slot->dirty) {
        status = vhd_commit(vhd);
    }
    if (!ballast_failed(status)) {
        slot->block = VHD_UNUSED;
        status = vhd_file_read(vhd, vhd_block_start(vhd, block), slot->bits, vhd->bitmap_size);
    }
    if (!ballast_failed(status)) {
        slot->block = block;
        vhd_slot_note_full(vhd, slot);
    }
    return status;
}
