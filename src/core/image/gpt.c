/* SPDX-License-Identifier: MIT */
/* GUID partition tables (UEFI 2.10, section 5.3). */

#include "core/image/gpt.h"

#include <string.h>

#define SIGNATURE        "EFI PART"
#define HEADER_SIZE      92u
#define HEADER_CRC       16u
#define ENTRY_SIZE       128u
#define REVISION         0x00010000u /* this and later ones of the same major number */
#define ATTRIBUTE_ACTIVE 4u          /* bit: legacy boot */

/* What is needed of a header that has been found intact. */
struct gpt {
    uint64_t header_lba;
    uint64_t entries_lba;
    uint64_t alternate_lba;
    uint32_t entry_count;
    uint32_t entry_size;
    uint32_t entries_crc;
};

/* GUIDs as on the disk: the first three groups have their lowest byte first. */
struct known_type {
    uint8_t guid[16];
    uint8_t type;
};

static const struct known_type known_types[] = {
    /* C12A7328-F81F-11D2-BA4B-00A0C93EC93B: EFI system */
    {{0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11, 0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B}, 0xEF},
    /* EBD0A0A2-B9E5-4433-87C0-68B6B72699C7: Windows data */
    {{0xA2, 0xA0, 0xD0, 0xEB, 0xE5, 0xB9, 0x33, 0x44, 0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7}, 0x07},
    /* DE94BBA4-06D1-4D40-A16A-BFD50179D6AC: Windows recovery */
    {{0xA4, 0xBB, 0x94, 0xDE, 0xD1, 0x06, 0x40, 0x4D, 0xA1, 0x6A, 0xBF, 0xD5, 0x01, 0x79, 0xD6, 0xAC}, 0x27},
    /* 0FC63DAF-8483-4772-8E79-3D69D8477DE4: Linux data */
    {{0xAF, 0x3D, 0xC6, 0x0F, 0x83, 0x84, 0x72, 0x47, 0x8E, 0x79, 0x3D, 0x69, 0xD8, 0x47, 0x7D, 0xE4}, 0x83},
    /* 0657FD6D-A4AB-43C4-84E5-0933C84B4F4F: Linux swap */
    {{0x6D, 0xFD, 0x57, 0x06, 0xAB, 0xA4, 0xC4, 0x43, 0x84, 0xE5, 0x09, 0x33, 0xC8, 0x4B, 0x4F, 0x4F}, 0x82},
    /* E6D6D379-F507-44C2-A23C-238F2A3DF928: Linux LVM */
    {{0x79, 0xD3, 0xD6, 0xE6, 0x07, 0xF5, 0xC2, 0x44, 0xA2, 0x3C, 0x23, 0x8F, 0x2A, 0x3D, 0xF9, 0x28}, 0x8E},
    /* A19D880F-05FC-4D3B-A006-743F0F84911E: Linux RAID */
    {{0x0F, 0x88, 0x9D, 0xA1, 0xFC, 0x05, 0x3B, 0x4D, 0xA0, 0x06, 0x74, 0x3F, 0x0F, 0x84, 0x91, 0x1E}, 0xFD},
};

uint32_t gpt_crc32(uint32_t crc, const void *data, size_t length)
{
    /* Four bits at a time. */
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    const unsigned char *bytes = data;
    crc = ~crc;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static uint32_t entries_length(const struct gpt *gpt)
{
    return gpt->entry_count * gpt->entry_size;
}

static bool header_is_sane(const struct partition_image *image, const struct gpt *gpt)
{
    uint64_t last_lba = (uint64_t)INT64_MAX / image->sector_size - PARTITION_MAXIMUM_GPT_BYTES;
    return gpt->entry_size >= ENTRY_SIZE && (gpt->entry_size & (gpt->entry_size - 1)) == 0 &&
           gpt->entry_size <= image->sector_size && gpt->entry_count != 0 &&
           gpt->entry_count <= PARTITION_MAXIMUM_GPT_BYTES / gpt->entry_size && gpt->entries_lba != 0 &&
           gpt->entries_lba < last_lba;
}

/* Reads and checks the header at sector `lba`. */
static bool read_header(const struct partition_image *image, uint64_t lba, struct gpt *gpt)
{
    unsigned char sector[PARTITION_MAXIMUM_SECTOR];
    if (lba > (uint64_t)INT64_MAX / image->sector_size ||
        !partition_read(image, lba * image->sector_size, sector, image->sector_size)) {
        return false;
    }
    uint32_t revision = partition_load_u32(sector + 8);
    uint32_t header_size = partition_load_u32(sector + 12);
    uint32_t crc = partition_load_u32(sector + HEADER_CRC);
    if (memcmp(sector, SIGNATURE, 8) != 0 || revision >> 16 != REVISION >> 16 || header_size < HEADER_SIZE ||
        header_size > image->sector_size || partition_load_u64(sector + 24) != lba) {
        return false;
    }
    memset(sector + HEADER_CRC, 0, 4);
    if (gpt_crc32(0, sector, header_size) != crc) {
        return false;
    }
    *gpt = (struct gpt){
        .header_lba = lba,
        .alternate_lba = partition_load_u64(sector + 32),
        .entries_lba = partition_load_u64(sector + 72),
        .entry_count = partition_load_u32(sector + 80),
        .entry_size = partition_load_u32(sector + 84),
        .entries_crc = partition_load_u32(sector + 88),
    };
    return header_is_sane(image, gpt);
}

static bool entries_are_intact(const struct partition_image *image, const struct gpt *gpt)
{
    unsigned char sector[PARTITION_MAXIMUM_SECTOR];
    uint32_t length = entries_length(gpt);
    uint32_t crc = 0;
    for (uint32_t done = 0; done < length; done += image->sector_size) {
        uint32_t part = length - done < image->sector_size ? length - done : image->sector_size;
        if (!partition_read(image, gpt->entries_lba * image->sector_size + done, sector, image->sector_size)) {
            return false;
        }
        crc = gpt_crc32(crc, sector, part);
    }
    return crc == gpt->entries_crc;
}

static bool read_table(const struct partition_image *image, uint64_t lba, struct gpt *gpt)
{
    return read_header(image, lba, gpt) && entries_are_intact(image, gpt);
}

/* Where the second header is; 0: the size is unknown, or there is no room. */
static uint64_t last_sector(const struct partition_image *image)
{
    uint64_t sectors = image->size > image->offset ? (image->size - image->offset) / image->sector_size : 0;
    return sectors > 2 ? sectors - 1 : 0;
}

/* The second table, at the end of the image or where the first says. */
static bool find_second(const struct partition_image *image, const struct gpt *first, struct gpt *gpt, uint64_t *lba)
{
    if (first != NULL && first->alternate_lba != 1 && read_table(image, first->alternate_lba, gpt)) {
        *lba = first->alternate_lba;
        return true;
    }
    *lba = last_sector(image);
    return *lba != 0 && read_table(image, *lba, gpt);
}

/* The first table if it is intact, else the second. Tells if only one of them is. */
static bool find_table(struct partition_scanning *scan, struct gpt *gpt)
{
    const struct partition_image *image = scan->image;
    struct gpt first;
    struct gpt second;
    uint64_t lba = 0;
    bool header = read_header(image, 1, &first);
    bool intact = header && entries_are_intact(image, &first);
    bool found = find_second(image, header ? &first : NULL, &second, &lba);
    if (!intact && !found) {
        return false;
    }
    if (!intact) {
        partition_report(scan, PARTITION_COPY_DAMAGED, 0, image->sector_size);
    } else if (!found && image->size != 0) {
        partition_report(scan, PARTITION_COPY_DAMAGED, 0,
                         first.alternate_lba < (uint64_t)INT64_MAX / image->sector_size
                             ? first.alternate_lba * image->sector_size
                             : lba * image->sector_size);
    }
    *gpt = intact ? first : second;
    return true;
}

static bool is_zero(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static uint8_t type_of(const unsigned char *guid)
{
    for (size_t i = 0; i < sizeof(known_types) / sizeof(known_types[0]); i++) {
        if (memcmp(known_types[i].guid, guid, 16) == 0) {
            return known_types[i].type;
        }
    }
    return PARTITION_TYPE_PROTECTIVE;
}

/* False if the entry is impossible. */
static bool parse_entry(const unsigned char *entry, uint32_t sector_size, struct partition *partition)
{
    uint64_t first = partition_load_u64(entry + 32);
    uint64_t last = partition_load_u64(entry + 40);
    if (last < first || last >= (uint64_t)INT64_MAX / sector_size) {
        return false;
    }
    partition->type = type_of(entry);
    partition->attributes = partition_load_u64(entry + 48);
    partition->active = (partition->attributes & ATTRIBUTE_ACTIVE) != 0;
    partition->start_bytes = first * sector_size;
    partition->length_bytes = (last - first + 1) * sector_size;
    partition->start_field = first;
    memcpy(partition->type_guid, entry, 16);
    memcpy(partition->unique_guid, entry + 16, 16);
    for (unsigned i = 0; i < PARTITION_GPT_NAME; i++) {
        partition->name[i] = partition_load_u16(entry + 56 + (size_t)i * 2);
    }
    return true;
}

/* Whoever writes it would write the table. One that begins with the disk is what hybrid CDs have: the CD as a whole. */
static bool lies_over(const struct partition *partition, const struct gpt *gpt, uint32_t sector_size)
{
    uint64_t begin = gpt->entries_lba * sector_size;
    uint64_t header = gpt->header_lba * sector_size;
    uint64_t end = partition->start_bytes + partition->length_bytes;
    bool over_header =
        partition->start_bytes < 2 * (uint64_t)sector_size || (partition->start_bytes <= header && header < end);
    return partition->start_bytes != 0 &&
           (over_header || (partition->start_bytes < begin + entries_length(gpt) && begin < end));
}

static bool visit_entry(struct partition_scanning *scan, const struct gpt *gpt, const unsigned char *entry,
                        uint64_t offset)
{
    struct partition partition = {.gpt = true};
    if (parse_entry(entry, scan->image->sector_size, &partition)) {
        if (lies_over(&partition, gpt, scan->image->sector_size)) {
            partition_report(scan, PARTITION_OVER_TABLE, scan->numbers + 1, partition.start_bytes);
        }
        return partition_visit(scan, &partition);
    }
    scan->numbers++;
    partition_report(scan, PARTITION_OUT_OF_RANGE, scan->numbers, offset);
    return true;
}

static void visit_entries(struct partition_scanning *scan, const struct gpt *gpt)
{
    unsigned char sector[PARTITION_MAXIMUM_SECTOR];
    const struct partition_image *image = scan->image;
    uint32_t per_sector = image->sector_size / gpt->entry_size;
    for (uint32_t i = 0; i < gpt->entry_count; i++) {
        const unsigned char *entry = sector + (size_t)(i % per_sector) * gpt->entry_size;
        uint64_t offset = gpt->entries_lba * image->sector_size + (uint64_t)i * gpt->entry_size;
        if (i % per_sector == 0 && !partition_read(image, offset, sector, image->sector_size)) {
            partition_report(scan, PARTITION_GPT_DAMAGED, 0, offset); /* it could be read before */
            return;
        }
        if (!is_zero(entry, 16) && !visit_entry(scan, gpt, entry, offset)) {
            return;
        }
    }
}

bool gpt_is_first(const struct partition_image *image)
{
    struct gpt gpt;
    return read_header(image, 1, &gpt);
}

static bool has_name(const struct partition_image *image, uint64_t offset)
{
    unsigned char sector[PARTITION_MAXIMUM_SECTOR];
    return partition_read(image, offset, sector, image->sector_size) && memcmp(sector, SIGNATURE, 8) == 0;
}

uint64_t gpt_trace(const struct partition_image *image)
{
    uint64_t second = last_sector(image) * image->sector_size;
    if (has_name(image, image->sector_size)) {
        return image->sector_size;
    }
    return second != 0 && has_name(image, second) ? second : 0;
}

bool gpt_scan(struct partition_scanning *scan)
{
    struct gpt gpt;
    if (!find_table(scan, &gpt)) {
        return false;
    }
    visit_entries(scan, &gpt);
    return true;
}
