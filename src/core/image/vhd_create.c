/* SPDX-License-Identifier: MIT */
/* New VHDs; vhd.h has the contract. */

#include "core/image/vhd_internal.h"

static unsigned name_length(const uint16_t *name)
{
    unsigned length = 0;
    while (length < VHD_PARENT_NAME && name[length] != 0) {
        length++;
    }
    return length;
}

static const uint16_t *last_part(const uint16_t *name)
{
    const uint16_t *last = name;
    for (; *name != 0; name++) {
        last = *name == '/' ? name + 1 : last;
    }
    return last;
}

/* The last part of the parent's name has to fit the header, and all of it, with ".\" before, the locator. */
static bool valid(const struct vhd_new *disk, uint32_t block_size)
{
    if (disk->size == 0 || disk->size % VHD_SECTOR != 0 || disk->size > VHD_MAXIMUM_SIZE) {
        return false;
    }
    if (disk->kind == VHD_FIXED) {
        return true;
    }
    if (disk->kind == VHD_DIFFERENCING &&
        (disk->parent == NULL || disk->parent_name == NULL || !vhd_name_allowed(disk->parent_name) ||
         name_length(disk->parent_name) > VHD_PARENT_NAME - 3)) {
        return false;
    }
    return vhd_block_size_valid(block_size) && vhd_round(disk->size, block_size) / block_size <= VHD_MAXIMUM_BLOCKS;
}

static ballast_status write_table(struct source *file, uint64_t offset, uint32_t length)
{
    uint8_t bytes[VHD_SECTOR];
    ballast_status status = BALLAST_SUCCESS;
    __builtin_memset(bytes, 0xFF, sizeof(bytes));
    for (uint32_t done = 0; done < length && !ballast_failed(status); done += VHD_SECTOR) {
        status = file->operations->write(file, offset + done, bytes, VHD_SECTOR);
    }
    return status;
}

static ballast_status write_locator(struct source *file, uint64_t offset, const uint16_t *name)
{
    uint8_t bytes[VHD_LOCATOR_BYTES] = {'.', 0, '\\', 0};
    for (unsigned i = 0; name[i] != 0; i++) {
        uint16_t unit = name[i] == '/' ? '\\' : name[i];
        bytes[4 + 2 * i] = (uint8_t)unit;
        bytes[5 + 2 * i] = (uint8_t)(unit >> 8);
    }
    return file->operations->write(file, offset, bytes, sizeof(bytes));
}

/* Writes all but the footer at the end, and returns where that is to be. */
static ballast_status write_dynamic(struct source *file, const struct vhd_new *disk, struct vhd_footer *footer,
                                    uint32_t block_size, uint64_t *end)
{
    uint32_t blocks = (uint32_t)(vhd_round(disk->size, block_size) / block_size);
    struct vhd_header header = {
        .table = VHD_FOOTER_SIZE + VHD_HEADER_SIZE, .entries = blocks, .block_size = block_size};
    const uint16_t *name = NULL;
    *end = header.table + vhd_table_size(blocks);
    if (disk->kind == VHD_DIFFERENCING) {
        name = last_part(disk->parent_name);
        header.locators[0] = (struct vhd_locator){.platform = VHD_LOCATOR_W2RU,
                                                  .length = 2 * (name_length(disk->parent_name) + 2),
                                                  .range = {*end, VHD_LOCATOR_BYTES}};
        *end += VHD_LOCATOR_BYTES;
        platform_copy(header.parent_id, disk->parent->footer.id, sizeof(header.parent_id));
        header.parent_time = disk->parent_modified;
    }
    footer->header = VHD_FOOTER_SIZE;
    vhd_make_footer(footer);
    vhd_make_header(&header, name);
    ballast_status status = file->operations->resize(file, *end + VHD_FOOTER_SIZE);
    if (!ballast_failed(status)) {
        status = file->operations->write(file, header.table - VHD_HEADER_SIZE, header.bytes, VHD_HEADER_SIZE);
    }
    if (!ballast_failed(status)) {
        status = write_table(file, header.table, vhd_table_size(blocks));
    }
    if (!ballast_failed(status) && disk->kind == VHD_DIFFERENCING) {
        status = write_locator(file, header.locators[0].range.offset, disk->parent_name);
    }
    if (!ballast_failed(status)) {
        status = file->operations->write(file, 0, footer->bytes, VHD_FOOTER_SIZE);
    }
    return status;
}

ballast_status vhd_create(struct source *file, const struct vhd_new *disk, uint64_t *length)
{
    uint32_t block_size = disk->block_size != 0 ? disk->block_size : VHD_DEFAULT_BLOCK;
    struct vhd_footer footer = {.kind = disk->kind, .size = disk->size, .time = disk->time};
    uint64_t end = disk->size;
    ballast_status status;
    if (!valid(disk, block_size)) {
        return BALLAST_INVALID_PARAMETER;
    }
    platform_copy(footer.id, disk->id, sizeof(footer.id));
    if (disk->kind == VHD_FIXED) {
        vhd_make_footer(&footer);
        status = file->operations->resize(file, end + VHD_FOOTER_SIZE);
    } else {
        status = write_dynamic(file, disk, &footer, block_size, &end);
    }
    if (!ballast_failed(status)) {
        status = file->operations->write(file, end, footer.bytes, VHD_FOOTER_SIZE);
    }
    if (length != NULL) {
        *length = end + VHD_FOOTER_SIZE;
    }
    return ballast_failed(status) ? status : file->operations->flush(file);
}
