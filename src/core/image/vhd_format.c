/* SPDX-License-Identifier: MIT */
/* The parts of a VHD file; vhd_format.h has the contract. */

#include "core/image/vhd_format.h"
#include "core/image/signature.h"

#define FOOTER_FEATURES    8u
#define FOOTER_VERSION     12u
#define FOOTER_HEADER      16u
#define FOOTER_TIME        24u
#define FOOTER_CREATOR     28u
#define FOOTER_HOST        36u
#define FOOTER_FIRST_SIZE  40u
#define FOOTER_SIZE        48u
#define FOOTER_GEOMETRY    56u
#define FOOTER_TYPE        60u
#define FOOTER_CHECKSUM    64u
#define FOOTER_ID          68u

#define HEADER_NEXT        8u
#define HEADER_TABLE       16u
#define HEADER_VERSION     24u
#define HEADER_ENTRIES     28u
#define HEADER_BLOCK       32u
#define HEADER_CHECKSUM    36u
#define HEADER_PARENT_ID   40u
#define HEADER_PARENT_TIME 56u
#define HEADER_PARENT_NAME 64u
#define HEADER_LOCATORS    576u
#define LOCATOR_SIZE       24u

#define VERSION_1          0x00010000u
#define NO_OFFSET          UINT64_MAX
#define FEATURES_RESERVED  2u /* a bit that is always set */

/* That cylinders, heads and sectors can tell: at all, and with 63 sectors a track. */
#define MOST_SECTORS       267382800ull
#define MANY_SECTORS       66059280ull

#define MINIMUM_BLOCK      4096u
#define MAXIMUM_BLOCK      (64u << 20)

static uint32_t checksum(const uint8_t *bytes, size_t length, size_t at)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum += i >= at && i < at + 4 ? 0 : bytes[i];
    }
    return ~sum;
}

/* ---- footer ---- */

enum vhd_problem vhd_parse_footer(const uint8_t bytes[VHD_FOOTER_SIZE], struct vhd_footer *footer)
{
    if (__builtin_memcmp(bytes, IMAGE_VHD_COOKIE, IMAGE_VHD_COOKIE_LENGTH) != 0 ||
        vhd_load32(bytes + FOOTER_CHECKSUM) != checksum(bytes, VHD_FOOTER_SIZE, FOOTER_CHECKSUM)) {
        return VHD_NO_FOOTER;
    }
    uint32_t type = vhd_load32(bytes + FOOTER_TYPE);
    if (vhd_load32(bytes + FOOTER_VERSION) >> 16 != VERSION_1 >> 16 || type < VHD_FIXED || type > VHD_DIFFERENCING) {
        return VHD_BAD_FOOTER;
    }
    platform_copy(footer->bytes, bytes, VHD_FOOTER_SIZE);
    platform_copy(footer->id, bytes + FOOTER_ID, sizeof(footer->id));
    footer->kind = (enum vhd_kind)type;
    footer->header = vhd_load64(bytes + FOOTER_HEADER);
    footer->size = vhd_load64(bytes + FOOTER_SIZE);
    footer->time = vhd_load32(bytes + FOOTER_TIME);
    if (footer->size == 0 || footer->size % VHD_SECTOR != 0 ||
        (footer->size > VHD_MAXIMUM_SIZE && footer->kind != VHD_FIXED)) {
        return VHD_BAD_SIZE;
    }
    return VHD_NO_PROBLEM;
}

/* Cylinders, heads and sectors that a BIOS would see: the specification's algorithm. */
static uint32_t geometry(uint64_t sectors)
{
    uint32_t per_track = 17;
    if (sectors >= MANY_SECTORS) {
        uint64_t most = sectors < MOST_SECTORS ? sectors : MOST_SECTORS;
        return (uint32_t)(most / 255 / 16) << 16 | 16 << 8 | 255;
    }
    uint64_t tracks = sectors / per_track;
    uint32_t heads = 16;
    for (uint32_t fewer = 16; fewer >= 4 && tracks <= (uint64_t)fewer * 1024; fewer--) {
        heads = fewer;
    }
    while (tracks >= (uint64_t)heads * 1024 && per_track != 63) {
        per_track = per_track == 17 ? 31 : 63;
        heads = 16;
        tracks = sectors / per_track;
    }
    return (uint32_t)(tracks / heads) << 16 | heads << 8 | per_track;
}

void vhd_change_footer(struct vhd_footer *footer, uint64_t size, uint64_t header)
{
    footer->size = size;
    footer->header = header;
    vhd_store64(footer->bytes + FOOTER_HEADER, header);
    vhd_store64(footer->bytes + FOOTER_SIZE, size);
    vhd_store32(footer->bytes + FOOTER_GEOMETRY, geometry(size / VHD_SECTOR));
    vhd_store32(footer->bytes + FOOTER_CHECKSUM, checksum(footer->bytes, VHD_FOOTER_SIZE, FOOTER_CHECKSUM));
}

/*
 * The creator is Windows' ("win "): of the others, some programs take the size from the geometry, which rounds it down.
 */
void vhd_make_footer(struct vhd_footer *footer)
{
    platform_zero(footer->bytes, VHD_FOOTER_SIZE);
    platform_copy(footer->bytes, IMAGE_VHD_COOKIE, IMAGE_VHD_COOKIE_LENGTH);
    vhd_store32(footer->bytes + FOOTER_FEATURES, FEATURES_RESERVED);
    vhd_store32(footer->bytes + FOOTER_VERSION, VERSION_1);
    vhd_store32(footer->bytes + FOOTER_TIME, footer->time);
    platform_copy(footer->bytes + FOOTER_CREATOR, "win \0\x0A\0\0Wi2k", 12);
    vhd_store64(footer->bytes + FOOTER_FIRST_SIZE, footer->size);
    vhd_store32(footer->bytes + FOOTER_TYPE, footer->kind);
    platform_copy(footer->bytes + FOOTER_ID, footer->id, sizeof(footer->id));
    vhd_change_footer(footer, footer->size, footer->kind == VHD_FIXED ? NO_OFFSET : footer->header);
}

/* ---- header ---- */

static bool locator_parse(const uint8_t *bytes, struct vhd_locator *locator)
{
    locator->platform = vhd_load32(bytes);
    if (locator->platform == 0) {
        *locator = (struct vhd_locator){.platform = 0};
        return true;
    }
    /* The space is in sectors by the specification, and in bytes by all who write it. */
    uint64_t space = vhd_load32(bytes + 4);
    locator->length = vhd_load32(bytes + 8);
    locator->range.offset = vhd_load64(bytes + 16);
    locator->range.length = vhd_round(locator->length, VHD_SECTOR);
    return locator->length <= space * VHD_SECTOR && locator->range.offset >= VHD_FOOTER_SIZE &&
           locator->range.offset <= INT64_MAX;
}

bool vhd_block_size_valid(uint32_t size)
{
    return size >= MINIMUM_BLOCK && size <= MAXIMUM_BLOCK && (size & (size - 1)) == 0;
}

enum vhd_problem vhd_parse_header(const uint8_t bytes[VHD_HEADER_SIZE], uint64_t size, struct vhd_header *header)
{
    if (__builtin_memcmp(bytes, "cxsparse", 8) != 0 || vhd_load32(bytes + HEADER_VERSION) >> 16 != VERSION_1 >> 16 ||
        vhd_load32(bytes + HEADER_CHECKSUM) != checksum(bytes, VHD_HEADER_SIZE, HEADER_CHECKSUM)) {
        return VHD_BAD_HEADER;
    }
    platform_copy(header->bytes, bytes, VHD_HEADER_SIZE);
    platform_copy(header->parent_id, bytes + HEADER_PARENT_ID, sizeof(header->parent_id));
    header->parent_time = vhd_load32(bytes + HEADER_PARENT_TIME);
    header->table = vhd_load64(bytes + HEADER_TABLE);
    header->entries = vhd_load32(bytes + HEADER_ENTRIES);
    header->block_size = vhd_load32(bytes + HEADER_BLOCK);
    if (!vhd_block_size_valid(header->block_size)) {
        return VHD_BAD_BLOCK_SIZE;
    }
    uint64_t blocks = vhd_round(size, header->block_size) / header->block_size;
    if (header->entries < blocks || header->entries > VHD_MAXIMUM_BLOCKS || header->table % VHD_SECTOR != 0 ||
        header->table < VHD_FOOTER_SIZE || header->table > INT64_MAX) {
        return VHD_BAD_TABLE;
    }
    for (unsigned i = 0; i < VHD_LOCATORS; i++) {
        if (!locator_parse(bytes + HEADER_LOCATORS + (size_t)i * LOCATOR_SIZE, &header->locators[i])) {
            return VHD_BAD_LOCATOR;
        }
    }
    return VHD_NO_PROBLEM;
}

void vhd_change_header(struct vhd_header *header, uint64_t table, uint32_t entries)
{
    header->table = table;
    header->entries = entries;
    vhd_store64(header->bytes + HEADER_TABLE, table);
    vhd_store32(header->bytes + HEADER_ENTRIES, entries);
    vhd_store32(header->bytes + HEADER_CHECKSUM, checksum(header->bytes, VHD_HEADER_SIZE, HEADER_CHECKSUM));
}

void vhd_make_header(struct vhd_header *header, const uint16_t *parent)
{
    platform_zero(header->bytes, VHD_HEADER_SIZE);
    platform_copy(header->bytes, "cxsparse", 8);
    vhd_store64(header->bytes + HEADER_NEXT, NO_OFFSET);
    vhd_store32(header->bytes + HEADER_VERSION, VERSION_1);
    vhd_store32(header->bytes + HEADER_BLOCK, header->block_size);
    platform_copy(header->bytes + HEADER_PARENT_ID, header->parent_id, sizeof(header->parent_id));
    vhd_store32(header->bytes + HEADER_PARENT_TIME, header->parent_time);
    for (unsigned i = 0; parent != NULL && parent[i] != 0; i++) {
        header->bytes[HEADER_PARENT_NAME + 2 * i] = (uint8_t)(parent[i] >> 8);
        header->bytes[HEADER_PARENT_NAME + 2 * i + 1] = (uint8_t)parent[i];
    }
    for (unsigned i = 0; i < VHD_LOCATORS; i++) {
        const struct vhd_locator *locator = &header->locators[i];
        uint8_t *bytes = header->bytes + HEADER_LOCATORS + (size_t)i * LOCATOR_SIZE;
        if (locator->platform != 0) {
            vhd_store32(bytes, locator->platform);
            vhd_store32(bytes + 4, (uint32_t)locator->range.length);
            vhd_store32(bytes + 8, locator->length);
            vhd_store64(bytes + 16, locator->range.offset);
        }
    }
    vhd_change_header(header, header->table, header->entries);
}

void vhd_header_name(const struct vhd_header *header, uint16_t name[VHD_PARENT_NAME])
{
    const uint8_t *bytes = header->bytes + HEADER_PARENT_NAME;
    unsigned i = 0;
    while (i + 1 < VHD_PARENT_NAME && (bytes[(size_t)2 * i] | bytes[(size_t)2 * i + 1]) != 0) {
        name[i] = (uint16_t)(bytes[(size_t)2 * i] << 8 | bytes[(size_t)2 * i + 1]);
        i++;
    }
    name[i] = 0;
}
