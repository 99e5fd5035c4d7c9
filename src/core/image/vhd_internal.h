/* SPDX-License-Identifier: MIT */
/* What the files of an open VHD share. */
#ifndef CORE_IMAGE_VHD_INTERNAL_H
#define CORE_IMAGE_VHD_INTERNAL_H

#include "core/image/vhd_format.h"

#define VHD_ENTRIES     (VHD_SECTOR / 4) /* of the table, in a sector */

#define VHD_TAG         PLATFORM_TAG('B', 'd', 'V', 'h')

/* Bitmaps that are kept: as many as fit, and VHD_LEAST_SLOTS at least. */
#define VHD_SLOT_BYTES  (128u << 10)
#define VHD_LEAST_SLOTS 8u

/* The bitmap of a block that is neither absent nor full. */
struct vhd_slot {
    uint32_t block; /* VHD_UNUSED: none */
    bool dirty;
    uint8_t *bits; /* the first sector's is the highest one of the first byte */
};

struct vhd {
    struct source source; /* the one below is the file's */
    uint64_t length;      /* of the file */
    struct vhd_footer footer;
    struct vhd_header header;
    struct vhd *parent; /* NULL: none, and what is nowhere is zeros */
    uint16_t parent_name[VHD_PARENT_NAME];
    ballast_status lost; /* of the first flush that failed */
    bool writable;
    bool begun;      /* the file is ready for changes */
    bool footer_due; /* there is none at the file's end */
    bool footer_damaged;
    bool copy_damaged;
    bool copy_differs;

    uint32_t blocks;
    uint32_t *table;      /* sectors; NULL: a fixed disk */
    uint8_t *full;        /* a bit for each block that has all its sectors */
    uint8_t *stale;       /* a bit for each sector of the table that is to be written */
    bool dirty;           /* a sector of the table or a slot is */
    uint32_t bitmap_size; /* bytes, whole sectors */
    uint64_t data_end;
    struct vhd_slot *slots;
    uint8_t *slot_bits;
    uint32_t slot_count;
};

static inline bool vhd_bit(const uint8_t *bits, uint32_t index)
{
    return (bits[index / 8] & 0x80u >> index % 8) != 0;
}

static inline void vhd_set_bit(uint8_t *bits, uint32_t index)
{
    bits[index / 8] = (uint8_t)(bits[index / 8] | 0x80u >> index % 8);
}

static inline uint32_t vhd_table_size(uint32_t blocks)
{
    return (uint32_t)vhd_round((uint64_t)blocks * 4, VHD_SECTOR);
}

static inline size_t vhd_bits_size(uint32_t bits)
{
    return ((size_t)bits + 7) / 8;
}

static inline uint64_t vhd_block_start(const struct vhd *vhd, uint32_t block)
{
    return (uint64_t)vhd->table[block] * VHD_SECTOR;
}

static inline ballast_status vhd_file_read(const struct vhd *vhd, uint64_t offset, void *buffer, size_t length)
{
    return vhd->source.below->operations->read(vhd->source.below, offset, buffer, length);
}

static inline ballast_status vhd_file_write(const struct vhd *vhd, uint64_t offset, const void *buffer, size_t length)
{
    return vhd->source.below->operations->write(vhd->source.below, offset, buffer, length);
}

/* What a flush that failed should have made durable may be gone, and the next one need not know: they fail from then on. */
static inline ballast_status vhd_file_flush(struct vhd *vhd)
{
    if (!ballast_failed(vhd->lost)) {
        vhd->lost = vhd->source.below->operations->flush(vhd->source.below);
    }
    return vhd->lost;
}

/* The memory for a table of so many blocks; false: there is none. Released by the second, which takes what there is. */
bool vhd_table_allocate(struct vhd *vhd);
void vhd_table_free(struct vhd *vhd);

/* Reads the table and checks it against the file, of which `limit` bytes are not the footer. Sets data_end. */
enum vhd_problem vhd_table_load(struct vhd *vhd, uint64_t limit);

/* Opens the parents of a differencing disk. */
enum vhd_problem vhd_parents_open(struct vhd *leaf, const struct vhd_options *options);

/* One file, without its parents. */
enum vhd_problem vhd_open_file(const struct vhd_file *file, bool writable, struct vhd **opened);

/* The bitmap of a block that is in the file. */
ballast_status vhd_slot_load(struct vhd *vhd, uint32_t block, struct vhd_slot **found);

/* Notes that the block has all its sectors, if it has. */
void vhd_slot_note_full(struct vhd *vhd, const struct vhd_slot *slot);

/* What the disk has where its file has nothing. */
ballast_status vhd_read_below(struct vhd *vhd, uint64_t offset, unsigned char *bytes, size_t length);

/* The footer behind the data, which the file is long enough for; a sector of the table. */
ballast_status vhd_write_footer(struct vhd *vhd);
ballast_status vhd_write_table_sector(struct vhd *vhd, uint32_t sector);

/* Makes all durable that has been written. */
ballast_status vhd_commit(struct vhd *vhd);

/* Of the source. */
ballast_status vhd_read(struct source *source, uint64_t offset, void *buffer, size_t length);
uint64_t vhd_extent(struct source *source, uint64_t offset, uint64_t length, bool *data);
ballast_status vhd_write(struct source *source, uint64_t offset, const void *buffer, size_t length);
ballast_status vhd_resize(struct source *source, uint64_t size);

#endif
