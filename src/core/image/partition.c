/* SPDX-License-Identifier: MIT */
/* MBR and extended boot records, and the choice between them and GPT; partition.h has the contract. */

#include "core/image/partition.h"
#include "core/image/gpt.h"
#include "core/image/table.h"

#define TABLE_OFFSET     446u
#define ENTRY_SIZE       16u
#define ENTRIES          4u
#define SIGNATURE_OFFSET 510u

struct scan {
    const struct partition_image *image;
    partition_visitor *visit; /* NULL: only check */
    void *context;
    uint32_t numbers; /* given so far */
};

static bool is_container(uint8_t type)
{
    return type == PARTITION_TYPE_EXTENDED || type == PARTITION_TYPE_EXTENDED_LBA;
}

/* A boot record that has a table: the signature, and boot flags that are 00h or 80h. */
static bool is_boot_record(const unsigned char *sector)
{
    if (sector[SIGNATURE_OFFSET] != 0x55 || sector[SIGNATURE_OFFSET + 1] != 0xAA) {
        return false;
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        if ((sector[TABLE_OFFSET + (size_t)i * ENTRY_SIZE] & 0x7F) != 0) {
            return false;
        }
    }
    return true;
}

static uint8_t entry_type(const unsigned char *sector, unsigned i)
{
    return sector[TABLE_OFFSET + (size_t)i * ENTRY_SIZE + 4];
}

static uint32_t entry_start(const unsigned char *sector, unsigned i)
{
    return partition_load_u32(sector + TABLE_OFFSET + (size_t)i * ENTRY_SIZE + 8);
}

/* `base`: sectors that the entry's start is relative to. At most 2^34 sectors of 2^12 bytes: nothing overflows. */
static enum partition_result visit_entry(struct scan *scan, const unsigned char *sector, unsigned i, uint64_t base)
{
    const unsigned char *entry = sector + TABLE_OFFSET + (size_t)i * ENTRY_SIZE;
    scan->numbers++;
    struct partition partition = {
        .number = scan->numbers,
        .active = (entry[0] & 0x80) != 0,
        .type = entry[4],
        .start_bytes = (base + entry_start(sector, i)) * scan->image->sector_size,
        .length_bytes = (uint64_t)partition_load_u32(entry + 12) * scan->image->sector_size,
        .start_field = entry_start(sector, i),
    };
    return scan->visit == NULL || scan->visit(scan->context, &partition) ? PARTITION_OK : PARTITION_STOPPED;
}

/* The partitions of one extended boot record. *link becomes the start of the next one, *linked whether there is one. */
static enum partition_result scan_record(struct scan *scan, const unsigned char *sector, uint64_t base, uint32_t *link,
                                         bool *linked)
{
    *linked = false;
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint8_t type = entry_type(sector, i);
        if (is_container(type)) {
            if (!*linked) {
                *link = entry_start(sector, i);
                *linked = true;
            }
        } else if (type != PARTITION_TYPE_UNUSED) {
            enum partition_result result = visit_entry(scan, sector, i, base);
            if (result != PARTITION_OK) {
                return result;
            }
        }
    }
    return PARTITION_OK;
}

/* The chain of extended boot records in the container that begins at sector `first`. */
static enum partition_result scan_container(struct scan *scan, uint32_t first)
{
    unsigned char sector[PARTITION_MAXIMUM_SECTOR];
    uint32_t seen[PARTITION_MAXIMUM_LOGICALS] = {0};
    uint32_t link = 0; /* relative to the first record */
    for (size_t count = 0;; count++) {
        bool linked;
        uint64_t base = (uint64_t)first + link;
        if (count == PARTITION_MAXIMUM_LOGICALS) {
            return PARTITION_LONG_CHAIN;
        }
        for (size_t i = 0; i < count; i++) {
            if (seen[i] == link) {
                return PARTITION_CYCLIC_CHAIN;
            }
        }
        seen[count] = link;
        if (!partition_read(scan->image, base * scan->image->sector_size, sector, scan->image->sector_size)) {
            return PARTITION_READ_FAILED;
        }
        if (!is_boot_record(sector)) {
            return PARTITION_OK; /* ends the chain in silence, as ImDisk does */
        }
        enum partition_result result = scan_record(scan, sector, base, &link, &linked);
        if (result != PARTITION_OK || !linked) {
            return result;
        }
    }
}

static enum partition_result scan_mbr(struct scan *scan, const unsigned char *mbr)
{
    enum partition_result result = PARTITION_OK;
    for (unsigned i = 0; i < ENTRIES && result == PARTITION_OK; i++) {
        uint8_t type = entry_type(mbr, i);
        if (is_container(type)) {
            result = scan_container(scan, entry_start(mbr, i));
        } else if (type != PARTITION_TYPE_UNUSED) {
            result = visit_entry(scan, mbr, i, 0);
        }
    }
    return result;
}

static bool is_protective(const unsigned char *mbr)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (entry_type(mbr, i) == PARTITION_TYPE_PROTECTIVE) {
            return true;
        }
    }
    return false;
}

static enum partition_result scan_with_sector_size(const struct partition_image *image, partition_visitor *visit,
                                                   void *context)
{
    unsigned char mbr[PARTITION_MAXIMUM_SECTOR];
    struct scan scan = {.image = image};
    if (!partition_read(image, 0, mbr, image->sector_size)) {
        return PARTITION_READ_FAILED;
    }
    if (!is_boot_record(mbr)) {
        return PARTITION_NO_TABLE;
    }
    if (is_protective(mbr)) {
        return gpt_scan(image, visit, context);
    }
    enum partition_result result = scan_mbr(&scan, mbr);
    if (result == PARTITION_OK) {
        scan = (struct scan){.image = image, .visit = visit, .context = context};
        result = scan_mbr(&scan, mbr);
    }
    return result;
}

enum partition_result partition_scan(const struct partition_image *image, partition_visitor *visit, void *context)
{
    struct partition_image sized = *image;
    uint32_t sector = image->sector_size;
    if (sector != 0 &&
        ((sector & (sector - 1)) != 0 || sector < PARTITION_MINIMUM_SECTOR || sector > PARTITION_MAXIMUM_SECTOR)) {
        return PARTITION_INVALID_PARAMETER;
    }
    if (image->offset > (uint64_t)INT64_MAX - PARTITION_MAXIMUM_GPT_BYTES) {
        return PARTITION_INVALID_PARAMETER;
    }
    sized.sector_size = sector != 0 ? sector : PARTITION_MINIMUM_SECTOR;
    enum partition_result result = scan_with_sector_size(&sized, visit, context);
    /* What is wrong with 512-byte sectors may be a device or an image with 4096-byte ones. */
    if (sector == 0 && (result == PARTITION_READ_FAILED || result == PARTITION_GPT_DAMAGED)) {
        sized.sector_size = PARTITION_MAXIMUM_SECTOR;
        enum partition_result other = scan_with_sector_size(&sized, visit, context);
        result = other == PARTITION_OK || other == PARTITION_STOPPED ? other : result;
    }
    return result;
}

const char *partition_result_text(enum partition_result result)
{
    switch (result) {
    case PARTITION_OK:
        return "the partition table is intact";
    case PARTITION_STOPPED:
        return "stopped on request";
    case PARTITION_INVALID_PARAMETER:
        return "the sector size must be a power of two from 512 to 4096, and the offset below 2^63";
    case PARTITION_READ_FAILED:
        return "the partition table cannot be read";
    case PARTITION_NO_TABLE:
        return "there is no partition table";
    case PARTITION_CYCLIC_CHAIN:
        return "the extended partition is damaged: its chain of boot records is a circle";
    case PARTITION_LONG_CHAIN:
        return "the extended partition is damaged: its chain of boot records does not end";
    case PARTITION_GPT_DAMAGED:
        return "both copies of the GUID partition table are damaged or unreadable";
    case PARTITION_OUT_OF_RANGE:
        return "the GUID partition table is damaged: a partition ends before it begins, or beyond all disks";
    }
    return "unknown result";
}
