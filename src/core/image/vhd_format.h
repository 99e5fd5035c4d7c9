/* SPDX-License-Identifier: MIT */
/*
 * What a VHD file consists of: the footer, its copy, the header of a dynamic disk and the names of its parent. Numbers are
 * big-endian. What is parsed here is only looked at as far as it stands for itself.
 */
#ifndef CORE_IMAGE_VHD_FORMAT_H
#define CORE_IMAGE_VHD_FORMAT_H

#include "core/image/vhd.h"

#define VHD_FOOTER_SIZE   512u
#define VHD_HEADER_SIZE   1024u
#define VHD_LOCATORS      8u
#define VHD_UNUSED        0xFFFFFFFFu /* of an entry of the table */

#define VHD_LOCATOR_W2RU  0x57327275u /* a relative name, UTF-16LE */
#define VHD_LOCATOR_W2KU  0x57326B75u /* a whole one */

#define VHD_LOCATOR_BYTES VHD_SECTOR /* for a name */

struct vhd_footer {
    uint8_t bytes[VHD_FOOTER_SIZE]; /* as they are in the file, or shall be */
    enum vhd_kind kind;
    uint64_t header; /* where it is; not of a fixed disk */
    uint64_t size;
    uint32_t time;
    uint8_t id[16];
};

struct vhd_range {
    uint64_t offset;
    uint64_t length;
};

struct vhd_locator {
    uint32_t platform;
    uint32_t length; /* of the name, bytes */
    struct vhd_range range;
};

struct vhd_header {
    uint8_t bytes[VHD_HEADER_SIZE];
    uint64_t table;
    uint32_t entries;
    uint32_t block_size;
    uint8_t parent_id[16];
    uint32_t parent_time;
    struct vhd_locator locators[VHD_LOCATORS];
};

/* VHD_NO_FOOTER: there is none, or it is damaged; others: it is intact, and makes no sense. */
enum vhd_problem vhd_parse_footer(const uint8_t bytes[VHD_FOOTER_SIZE], struct vhd_footer *footer);

/* Sets the bytes by the other members, for what this program makes. */
void vhd_make_footer(struct vhd_footer *footer);

/* The same with another size or another place of the header: what else is there stays. */
void vhd_change_footer(struct vhd_footer *footer, uint64_t size, uint64_t header);

bool vhd_block_size_valid(uint32_t size);

enum vhd_problem vhd_parse_header(const uint8_t bytes[VHD_HEADER_SIZE], uint64_t size, struct vhd_header *header);

/* Sets the bytes by the other members. `parent` is the parent's name, UTF-16 with a zero; NULL: none. */
void vhd_make_header(struct vhd_header *header, const uint16_t *parent);
void vhd_change_header(struct vhd_header *header, uint64_t table, uint32_t entries);

/* The name in the header: UTF-16 with a zero. */
void vhd_header_name(const struct vhd_header *header, uint16_t name[VHD_PARENT_NAME]);

static inline uint32_t vhd_load32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline uint64_t vhd_load64(const uint8_t *bytes)
{
    return (uint64_t)vhd_load32(bytes) << 32 | vhd_load32(bytes + 4);
}

static inline void vhd_store32(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 24);
    bytes[1] = (uint8_t)(value >> 16);
    bytes[2] = (uint8_t)(value >> 8);
    bytes[3] = (uint8_t)value;
}

static inline void vhd_store64(uint8_t *bytes, uint64_t value)
{
    vhd_store32(bytes, (uint32_t)(value >> 32));
    vhd_store32(bytes + 4, (uint32_t)value);
}

static inline uint64_t vhd_round(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

#endif
