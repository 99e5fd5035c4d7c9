/* SPDX-License-Identifier: MIT */
/* The table of a dynamic VHD's blocks; vhd_internal.h has the contract. */

#include "core/image/vhd_internal.h"

#define READ_AT_A_TIME (64u << 10)

/* The copy of the footer, the header, the table, and the names of the parent. */
#define FIXED_RANGES   3u
#define RANGES         (FIXED_RANGES + VHD_LOCATORS)

bool vhd_table_allocate(struct vhd *vhd)
{
    uint32_t sectors = vhd_table_size(vhd->blocks) / VHD_SECTOR;
    vhd->table = platform_allocate(PLATFORM_POOL_PAGED, (size_t)vhd->blocks * 4, VHD_TAG);
    vhd->full = platform_allocate(PLATFORM_POOL_PAGED, vhd_bits_size(vhd->blocks), VHD_TAG);
    vhd->stale = platform_allocate(PLATFORM_POOL_PAGED, vhd_bits_size(sectors), VHD_TAG);
    if (vhd->table == NULL || vhd->full == NULL || vhd->stale == NULL) {
        return false;
    }
    platform_zero(vhd->full, vhd_bits_size(vhd->blocks));
    platform_zero(vhd->stale, vhd_bits_size(sectors));
    return true;
}

static bool slots_allocate(struct vhd *vhd)
{
    vhd->slot_count = VHD_SLOT_BYTES / vhd->bitmap_size;
    vhd->slot_count = vhd->slot_count < VHD_LEAST_SLOTS ? VHD_LEAST_SLOTS : vhd->slot_count;
    vhd->slots = platform_allocate(PLATFORM_POOL_PAGED, vhd->slot_count * sizeof(*vhd->slots), VHD_TAG);
    vhd->slot_bits = platform_allocate(PLATFORM_POOL_PAGED, (size_t)vhd->slot_count * vhd->bitmap_size, VHD_TAG);
    if (vhd->slots == NULL || vhd->slot_bits == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < vhd->slot_count; i++) {
        vhd->slots[i] = (struct vhd_slot){.block = VHD_UNUSED, .bits = vhd->slot_bits + (size_t)i * vhd->bitmap_size};
    }
    return true;
}

void vhd_table_free(struct vhd *vhd)
{
    platform_free(vhd->table, (size_t)vhd->blocks * 4, VHD_TAG);
    platform_free(vhd->full, vhd_bits_size(vhd->blocks), VHD_TAG);
    platform_free(vhd->stale, vhd_bits_size(vhd_table_size(vhd->blocks) / VHD_SECTOR), VHD_TAG);
    platform_free(vhd->slots, vhd->slot_count * sizeof(*vhd->slots), VHD_TAG);
    platform_free(vhd->slot_bits, (size_t)vhd->slot_count * vhd->bitmap_size, VHD_TAG);
}

/* ---- checking ---- */

static bool overlap(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length)
{
    return a < b + b_length && b < a + a_length;
}

static void sift(uint32_t *values, uint32_t root, uint32_t count)
{
    uint32_t child;
    while ((child = 2 * root + 1) < count) {
        child += child + 1 < count && values[child] < values[child + 1];
        if (values[root] >= values[child]) {
            return;
        }
        uint32_t value = values[root];
        values[root] = values[child];
        values[child] = value;
        root = child;
    }
}

/* Heap sort: any order takes about as long. */
static void sort(uint32_t *values, uint32_t count)
{
    for (uint32_t i = count / 2; i != 0; i--) {
        sift(values, i - 1, count);
    }
    for (uint32_t end = count; end > 1;) {
        uint32_t largest = values[0];
        end--;
        values[0] = values[end];
        values[end] = largest;
        sift(values, 0, end);
    }
}

/* Whether blocks are apart from each other. */
static enum vhd_problem check_apart(const struct vhd *vhd, uint32_t span)
{
    uint32_t *starts = platform_allocate(PLATFORM_POOL_PAGED, (size_t)vhd->blocks * 4, VHD_TAG);
    uint32_t count = 0;
    bool ascending = true;
    bool apart = true;
    if (starts == NULL) {
        return VHD_NO_MEMORY;
    }
    for (uint32_t i = 0; i < vhd->blocks; i++) {
        if (vhd->table[i] != VHD_UNUSED) {
            ascending = ascending && (count == 0 || starts[count - 1] < vhd->table[i]);
            starts[count] = vhd->table[i];
            count++;
        }
    }
    if (!ascending) {
        sort(starts, count);
    }
    for (uint32_t i = 1; i < count; i++) {
        apart = apart && starts[i] - starts[i - 1] >= span;
    }
    platform_free(starts, (size_t)vhd->blocks * 4, VHD_TAG);
    return apart ? VHD_NO_PROBLEM : VHD_BLOCKS_OVERLAP;
}

static enum vhd_problem check_ranges(struct vhd *vhd, struct vhd_range ranges[RANGES], unsigned *count, uint64_t limit)
{
    ranges[0] = (struct vhd_range){0, VHD_FOOTER_SIZE};
    ranges[1] = (struct vhd_range){vhd->footer.header, VHD_HEADER_SIZE};
    ranges[2] = (struct vhd_range){vhd->header.table, vhd_table_size(vhd->header.entries)};
    *count = FIXED_RANGES;
    for (unsigned i = 0; i < VHD_LOCATORS && vhd->footer.kind == VHD_DIFFERENCING; i++) {
        if (vhd->header.locators[i].length != 0) {
            ranges[*count] = vhd->header.locators[i].range;
            (*count)++;
        }
    }
    for (unsigned i = 0; i < *count; i++) {
        enum vhd_problem bad = i < FIXED_RANGES ? VHD_BAD_TABLE : VHD_BAD_LOCATOR;
        if (ranges[i].offset > limit || limit - ranges[i].offset < ranges[i].length) {
            return bad;
        }
        for (unsigned j = 0; j < i; j++) {
            if (overlap(ranges[i].offset, ranges[i].length, ranges[j].offset, ranges[j].length)) {
                return bad;
            }
        }
        uint64_t end = ranges[i].offset + ranges[i].length;
        vhd->data_end = vhd->data_end < end ? end : vhd->data_end;
    }
    return VHD_NO_PROBLEM;
}

static enum vhd_problem check_blocks(struct vhd *vhd, const struct vhd_range *ranges, unsigned count, uint64_t limit)
{
    uint64_t span = (uint64_t)vhd->bitmap_size + vhd->header.block_size;
    for (uint32_t i = 0; i < vhd->blocks; i++) {
        if (vhd->table[i] == VHD_UNUSED) {
            continue;
        }
        uint64_t start = vhd_block_start(vhd, i);
        if (start > limit || limit - start < span) {
            return VHD_BLOCK_BEYOND_END;
        }
        for (unsigned j = 0; j < count; j++) {
            if (overlap(start, span, ranges[j].offset, ranges[j].length)) {
                return VHD_BLOCKS_OVERLAP;
            }
        }
        vhd->data_end = vhd->data_end < start + span ? start + span : vhd->data_end;
    }
    return check_apart(vhd, (uint32_t)(span / VHD_SECTOR));
}

static bool read_entries(struct vhd *vhd)
{
    uint32_t bytes = vhd->blocks * 4;
    for (uint32_t done = 0; done < bytes; done += READ_AT_A_TIME) {
        uint32_t part = bytes - done < READ_AT_A_TIME ? bytes - done : READ_AT_A_TIME;
        if (ballast_failed(vhd_file_read(vhd, vhd->header.table + done, (unsigned char *)vhd->table + done, part))) {
            return false;
        }
    }
    for (uint32_t i = 0; i < vhd->blocks; i++) {
        vhd->table[i] = vhd_load32((const uint8_t *)&vhd->table[i]);
    }
    return true;
}

/* Entries behind the disk's are in no use: a block of theirs would be overwritten, and nobody would read it. */
static enum vhd_problem check_surplus(const struct vhd *vhd)
{
    uint8_t bytes[VHD_SECTOR];
    uint32_t sector = VHD_UNUSED;
    for (uint32_t i = vhd->blocks; i < vhd->header.entries; i++) {
        if (sector != i / VHD_ENTRIES) {
            sector = i / VHD_ENTRIES;
            if (ballast_failed(
                    vhd_file_read(vhd, vhd->header.table + (uint64_t)sector * VHD_SECTOR, bytes, VHD_SECTOR))) {
                return VHD_READ_FAILED;
            }
        }
        if (vhd_load32(bytes + (size_t)(i % VHD_ENTRIES) * 4) != VHD_UNUSED) {
            return VHD_BAD_TABLE;
        }
    }
    return VHD_NO_PROBLEM;
}

enum vhd_problem vhd_table_load(struct vhd *vhd, uint64_t limit)
{
    struct vhd_range ranges[RANGES];
    unsigned count;
    vhd->blocks = (uint32_t)(vhd_round(vhd->footer.size, vhd->header.block_size) / vhd->header.block_size);
    vhd->bitmap_size = (uint32_t)vhd_round(vhd->header.block_size / VHD_SECTOR / 8, VHD_SECTOR);
    enum vhd_problem problem = check_ranges(vhd, ranges, &count, limit);
    if (problem != VHD_NO_PROBLEM) {
        return problem;
    }
    if (!vhd_table_allocate(vhd) || !slots_allocate(vhd)) {
        return VHD_NO_MEMORY;
    }
    if (!read_entries(vhd)) {
        return VHD_READ_FAILED;
    }
    problem = check_blocks(vhd, ranges, count, limit);
    return problem != VHD_NO_PROBLEM ? problem : check_surplus(vhd);
}
