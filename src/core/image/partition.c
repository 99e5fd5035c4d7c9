/* SPDX-License-Identifier: MIT */
/* MBR and extended boot records, and the choice between them and GPT; partition.h has the contract. */

#include "core/image/partition.h"
#include "core/disk/geometry.h"
#include "core/image/gpt.h"
#include "core/image/table.h"

#include <string.h>

#define TABLE_OFFSET     446u
#define ENTRY_SIZE       16u
#define ENTRIES          4u
#define SIGNATURE_OFFSET 510u

static bool is_container(uint8_t type)
{
    return type == PARTITION_TYPE_EXTENDED || type == PARTITION_TYPE_EXTENDED_LBA ||
           type == PARTITION_TYPE_EXTENDED_LINUX;
}

/* ---- boot records ---- */

static bool has_signature(const unsigned char *sector)
{
    return sector[SIGNATURE_OFFSET] == 0x55 && sector[SIGNATURE_OFFSET + 1] == 0xAA;
}

static const unsigned char *entry_of(const unsigned char *sector, unsigned i)
{
    return sector + TABLE_OFFSET + (size_t)i * ENTRY_SIZE;
}

static uint8_t entry_type(const unsigned char *sector, unsigned i)
{
    return entry_of(sector, i)[4];
}

static uint32_t entry_start(const unsigned char *sector, unsigned i)
{
    return partition_load_u32(entry_of(sector, i) + 8);
}

static bool has_bad_flag(const unsigned char *sector, unsigned i)
{
    return (entry_of(sector, i)[0] & 0x7F) != 0;
}

static unsigned bad_flags(const unsigned char *sector)
{
    unsigned count = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        count += has_bad_flag(sector, i);
    }
    return count;
}

/* Whether an entry protects a GPT, which begins at the next sector. */
static bool protects(const unsigned char *sector, unsigned i)
{
    return entry_type(sector, i) == PARTITION_TYPE_PROTECTIVE && entry_start(sector, i) == 1;
}

static bool has_protection(const unsigned char *sector)
{
    return protects(sector, 0) || protects(sector, 1) || protects(sector, 2) || protects(sector, 3);
}

static bool is_all_zero(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/*
 * `base`: sectors that the entry's start is relative to. At most 2^34 sectors of 2^12 bytes: nothing overflows. False: the
 * visitor wants no more.
 */
static bool visit_entry(struct partition_scanning *scan, const unsigned char *sector, unsigned i, uint64_t base,
                        bool logical)
{
    const unsigned char *entry = entry_of(sector, i);
    struct partition partition = {
        .active = (entry[0] & 0x80) != 0,
        .logical = logical,
        .type = entry[4],
        .start_bytes = (base + entry_start(sector, i)) * scan->image->sector_size,
        .length_bytes = (uint64_t)partition_load_u32(entry + 12) * scan->image->sector_size,
        .start_field = entry_start(sector, i),
    };
    if (has_bad_flag(sector, i)) {
        scan->numbers++;
        partition_report(scan, PARTITION_BAD_FLAG, scan->numbers, base * scan->image->sector_size);
        return true;
    }
    return partition_visit(scan, &partition);
}

/* An entry that is unused, and should be empty then. */
static void check_unused(struct partition_scanning *scan, const unsigned char *sector, unsigned i, uint64_t base)
{
    if (partition_load_u32(entry_of(sector, i) + 12) != 0) {
        partition_report(scan, PARTITION_UNTYPED, 0, (base + entry_start(sector, i)) * scan->image->sector_size);
    }
}

/* The partitions of one extended boot record. *link becomes the start of the next one, *linked whether there is one. */
static bool scan_record(struct partition_scanning *scan, const unsigned char *sector, uint64_t base, uint32_t *link,
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
        } else if (type == PARTITION_TYPE_UNUSED) {
            check_unused(scan, sector, i, base);
        } else if (!visit_entry(scan, sector, i, base, true)) {
            return false;
        }
    }
    return true;
}

/* What is wrong with a record before it is looked into; PARTITION_OK: nothing, or that the container is new and empty. */
static enum partition_result check_record(const unsigned char *sector, bool first)
{
    if (has_signature(sector)) {
        return bad_flags(sector) <= 1 ? PARTITION_OK : PARTITION_CHAIN_DAMAGED;
    }
    return first && is_all_zero(sector, 512) ? PARTITION_OK : PARTITION_CHAIN_DAMAGED;
}

static bool was_seen(const uint32_t *seen, size_t count, uint32_t link)
{
    for (size_t i = 0; i < count; i++) {
        if (seen[i] == link) {
            return true;
        }
    }
    return false;
}

/* The chain of extended boot records in the container that begins at sector `first`. */
static bool scan_container(struct partition_scanning *scan, uint32_t first)
{
    unsigned char sector[PARTITION_MAXIMUM_SECTOR];
    uint32_t seen[PARTITION_MAXIMUM_LOGICALS] = {0};
    uint32_t link = 0; /* relative to the first record */
    bool linked = true;
    for (size_t count = 0; linked; count++) {
        uint64_t base = (uint64_t)first + link;
        uint64_t offset = base * scan->image->sector_size;
        enum partition_result problem = PARTITION_OK;
        if (count == PARTITION_MAXIMUM_LOGICALS) {
            problem = PARTITION_LONG_CHAIN;
        } else if (was_seen(seen, count, link)) {
            problem = PARTITION_CYCLIC_CHAIN;
        } else if (!partition_read(scan->image, offset, sector, scan->image->sector_size)) {
            problem = PARTITION_CHAIN_UNREADABLE;
        } else {
            problem = check_record(sector, count == 0);
        }
        if (problem != PARTITION_OK) {
            partition_report(scan, problem, 0, offset);
            return true;
        }
        seen[count] = link;
        if (!scan_record(scan, sector, base, &link, &linked)) {
            return false;
        }
    }
    return true;
}

/* `protective`: what protects a GPT is no partition. */
static void scan_mbr(struct partition_scanning *scan, const unsigned char *mbr, bool protective)
{
    bool go_on = true;
    for (unsigned i = 0; i < ENTRIES && go_on; i++) {
        uint8_t type = entry_type(mbr, i);
        bool partition =
            type != PARTITION_TYPE_UNUSED && !is_container(type) && !(protective && type == PARTITION_TYPE_PROTECTIVE);
        if (has_bad_flag(mbr, i) && !partition) {
            partition_report(scan, PARTITION_BAD_FLAG, 0, 0);
        }
        if (is_container(type)) {
            go_on = scan_container(scan, entry_start(mbr, i));
        } else if (partition) {
            go_on = visit_entry(scan, mbr, i, 0, false);
        } else if (type == PARTITION_TYPE_UNUSED) {
            check_unused(scan, mbr, i, 0);
        }
    }
}

/* ---- the table ---- */

static bool is_protective(const unsigned char *mbr)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (entry_type(mbr, i) == PARTITION_TYPE_PROTECTIVE) {
            return true;
        }
    }
    return false;
}

static bool has_partitions(const unsigned char *mbr)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (entry_type(mbr, i) != PARTITION_TYPE_UNUSED) {
            return true;
        }
    }
    return false;
}

/* Whether an entry with a damaged flag may be a partition all the same: it begins on the disk, and has sectors. */
static bool may_be_partition(const struct partition_image *image, const unsigned char *mbr, unsigned i)
{
    uint64_t start = (uint64_t)entry_start(mbr, i) * image->sector_size;
    bool on_disk = image->size == 0 || (image->size > image->offset && start < image->size - image->offset);
    return entry_type(mbr, i) != PARTITION_TYPE_UNUSED && start != 0 && on_disk &&
           partition_load_u32(entry_of(mbr, i) + 12) != 0;
}

/* Whether whatever the flags are this is a table: all entries that are not empty lie on the disk, and none over another. */
static bool is_plausible(const struct partition_image *image, const unsigned char *mbr)
{
    uint64_t begin[ENTRIES] = {0};
    uint64_t end[ENTRIES] = {0};
    unsigned count = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (is_all_zero(entry_of(mbr, i), ENTRY_SIZE)) {
            continue;
        }
        begin[count] = (uint64_t)entry_start(mbr, i) * image->sector_size;
        end[count] = begin[count] + (uint64_t)partition_load_u32(entry_of(mbr, i) + 12) * image->sector_size;
        if (!may_be_partition(image, mbr, i) || image->size == 0 || end[count] > image->size - image->offset) {
            return false;
        }
        for (unsigned j = 0; j < count; j++) {
            if (begin[j] < end[count] && begin[count] < end[j]) {
                return false;
            }
        }
        count++;
    }
    return count != 0;
}

/*
 * One flag may be damaged. More of them are code, or text, unless all else is as in a table; and so is one alone in what is no
 * partition: boot code without a table may end anywhere before the signature.
 */
static bool is_table(const struct partition_image *image, const unsigned char *mbr)
{
    bool any = false;
    for (unsigned i = 0; i < ENTRIES; i++) {
        any = any ||
              (has_bad_flag(mbr, i) ? may_be_partition(image, mbr, i) : entry_type(mbr, i) != PARTITION_TYPE_UNUSED);
    }
    unsigned bad = bad_flags(mbr);
    return has_signature(mbr) && (bad == 0 || (bad == 1 && any) || is_plausible(image, mbr));
}

static void report_hybrid(struct partition_scanning *scan, const unsigned char *mbr)
{
    for (unsigned i = 0; i < ENTRIES && !scan->stopped; i++) {
        if (entry_type(mbr, i) == PARTITION_TYPE_UNUSED) {
            check_unused(scan, mbr, i, 0);
        } else if (entry_type(mbr, i) != PARTITION_TYPE_PROTECTIVE) {
            partition_report(scan, PARTITION_HYBRID, 0, (uint64_t)entry_start(mbr, i) * scan->image->sector_size);
        }
    }
}

/* The GPT that the MBR protects. False: there is none that is intact. */
static bool scan_protected(struct partition_scanning *scan, const unsigned char *mbr)
{
    if (!is_protective(mbr) || !gpt_scan(scan)) {
        return false;
    }
    if (!has_protection(mbr) || bad_flags(mbr) != 0) {
        partition_report(scan, PARTITION_BAD_PROTECTION, 0, 0);
    }
    report_hybrid(scan, mbr);
    return true;
}

/* A signature over a file system's boot sector needs no table. */
static bool is_volume(const unsigned char *sector)
{
    struct disk_geometry geometry = {.size_bytes = 0};
    enum disk_kind kind = DISK_KIND_HARD_DISK;
    geometry_probe_bpb(&geometry, &kind, sector);
    return geometry.bytes_per_sector != 0 || memcmp(sector + 3, "EXFAT   ", 8) == 0;
}

/* A GPT where there is nothing else, intact or by its name. False: there is none. */
static bool scan_unprotected(struct partition_scanning *scan)
{
    bool intact = gpt_scan(scan);
    uint64_t trace = intact ? 0 : gpt_trace(scan->image);
    if (trace != 0) {
        partition_report(scan, PARTITION_GPT_DAMAGED, 0, trace);
    }
    if (intact || trace != 0) {
        partition_report(scan, PARTITION_UNPROTECTED, 0, 0);
    }
    return intact || trace != 0;
}

/* The table of an MBR that makes sense, and has no GPT that is intact. */
static void scan_sensible(struct partition_scanning *scan, const unsigned char *mbr)
{
    if (is_protective(mbr)) {
        partition_report(scan, PARTITION_GPT_DAMAGED, 0, scan->image->sector_size);
    } else if (!is_volume(mbr) && gpt_is_first(scan->image)) {
        partition_report(scan, PARTITION_UNPROTECTED, 0, scan->image->sector_size);
    }
    scan_mbr(scan, mbr, is_protective(mbr));
}

/* scan->image has its sector size. */
static enum partition_result scan_disk(struct partition_scanning *scan)
{
    unsigned char mbr[PARTITION_MAXIMUM_SECTOR];
    if (!partition_read(scan->image, 0, mbr, scan->image->sector_size)) {
        return PARTITION_READ_FAILED;
    }
    bool table = has_signature(mbr);
    if (!table || !scan_protected(scan, mbr)) {
        bool sensible = is_table(scan->image, mbr);
        bool nothing = !sensible || !has_partitions(mbr);
        if (nothing && !is_volume(mbr) && scan_unprotected(scan)) {
            return scan->stopped ? PARTITION_STOPPED : scan->first;
        }
        if (!sensible) {
            if (table && !is_volume(mbr)) {
                partition_report(scan, PARTITION_NOT_A_TABLE, 0, 0);
            }
            return PARTITION_NO_TABLE;
        }
        scan_sensible(scan, mbr);
    }
    return scan->stopped ? PARTITION_STOPPED : scan->first;
}

uint32_t partition_sector_size(const struct partition_image *image)
{
    uint32_t sector = image->sector_size;
    if (sector != 0) {
        bool valid =
            (sector & (sector - 1)) == 0 && sector >= PARTITION_MINIMUM_SECTOR && sector <= PARTITION_MAXIMUM_SECTOR;
        return valid ? sector : 0;
    }
    struct partition_image sized = *image;
    struct partition_scanning scan = {.image = &sized};
    sized.sector_size = PARTITION_MINIMUM_SECTOR;
    enum partition_result small = scan_disk(&scan);
    if (scan.numbers != 0) {
        return PARTITION_MINIMUM_SECTOR;
    }
    /* What is wrong with 512-byte sectors may be a device or an image with 4096-byte ones. */
    scan = (struct partition_scanning){.image = &sized};
    sized.sector_size = PARTITION_MAXIMUM_SECTOR;
    (void)scan_disk(&scan);
    bool damaged = (small == PARTITION_NO_TABLE || small == PARTITION_OK) && scan.first == PARTITION_GPT_DAMAGED;
    return scan.intact != 0 || damaged ? PARTITION_MAXIMUM_SECTOR : PARTITION_MINIMUM_SECTOR;
}

enum partition_result partition_scan(const struct partition_image *image, partition_visitor *visit, void *context)
{
    struct partition_image sized = *image;
    if (image->offset > (uint64_t)INT64_MAX - PARTITION_MAXIMUM_GPT_BYTES) {
        return PARTITION_INVALID_PARAMETER;
    }
    sized.sector_size = partition_sector_size(image);
    if (sized.sector_size == 0) {
        return PARTITION_INVALID_PARAMETER;
    }
    struct partition_scanning scan = {.image = &sized, .visit = visit, .context = context};
    return scan_disk(&scan);
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
    case PARTITION_CHAIN_UNREADABLE:
        return "the extended partition is damaged: a boot record of it lies beyond the end or cannot be read";
    case PARTITION_CHAIN_DAMAGED:
        return "the extended partition is damaged: what should be a boot record of it is none";
    case PARTITION_CYCLIC_CHAIN:
        return "the extended partition is damaged: its chain of boot records is a circle";
    case PARTITION_LONG_CHAIN:
        return "the extended partition is damaged: its chain of boot records does not end";
    case PARTITION_GPT_DAMAGED:
        return "both copies of the GUID partition table are damaged or unreadable";
    case PARTITION_OUT_OF_RANGE:
        return "the GUID partition table is damaged: a partition ends before it begins, or beyond all disks";
    case PARTITION_BAD_FLAG:
        return "the partition table is damaged: a boot flag is neither 00h nor 80h";
    case PARTITION_TRUNCATED:
        return "a partition reaches beyond the end of the image, which is truncated";
    case PARTITION_EMPTY:
        return "the partition table is damaged: a partition has no sectors";
    case PARTITION_OVER_TABLE:
        return "the GUID partition table is damaged: a partition lies over it";
    case PARTITION_COPY_DAMAGED:
        return "one of the two copies of the GUID partition table is damaged or unreadable";
    case PARTITION_BAD_PROTECTION:
        return "the MBR entry that protects the GUID partition table is damaged";
    case PARTITION_UNPROTECTED:
        return "there is a GUID partition table, but no MBR that protects it";
    case PARTITION_NOT_A_TABLE:
        return "there is a boot signature, but no partition table that makes sense";
    case PARTITION_UNTYPED:
        return "an entry of the partition table has sectors, but no type; it is taken for unused";
    case PARTITION_HYBRID:
        return "the MBR has a partition beside the GUID partition table, whose partitions are listed instead";
    case PARTITION_OVERLAP:
        return "two partitions overlap";
    case PARTITION_NO_FOOTER:
        return "this is a VHD by its name or its end, but its footer is damaged or cut off; it is taken for a raw "
               "image";
    }
    return "unknown result";
}
