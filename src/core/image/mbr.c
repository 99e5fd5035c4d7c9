/* SPDX-License-Identifier: MIT */
/* Making MBRs; mbr.h has the contract. */

#include "core/image/mbr.h"

#include <string.h>

#define TABLE_OFFSET      446u
#define ENTRY_SIZE        16u
#define MAXIMUM_CYLINDERS 1024u
#define MAXIMUM_HEADS     255u
#define MAXIMUM_SECTORS   63u

static uint32_t used(uint32_t value, uint32_t maximum)
{
    return value < maximum ? value : maximum;
}

struct mbr_chs mbr_chs_from_lba(const struct mbr_geometry *geometry, uint32_t lba)
{
    uint32_t heads = used(geometry->heads, MAXIMUM_HEADS);
    uint32_t sectors = used(geometry->sectors_per_track, MAXIMUM_SECTORS);
    uint32_t cylinder = MAXIMUM_CYLINDERS - 1;
    uint32_t head = MAXIMUM_HEADS - 1;
    uint32_t sector = MAXIMUM_SECTORS;
    if (heads != 0 && sectors != 0 && lba / sectors / heads < MAXIMUM_CYLINDERS) {
        cylinder = lba / sectors / heads;
        head = lba / sectors % heads;
        sector = lba % sectors + 1;
    }
    return (struct mbr_chs){{(uint8_t)head, (uint8_t)(sector | (cylinder >> 8 & 3) << 6), (uint8_t)(cylinder & 0xFF)}};
}

uint32_t mbr_lba_from_chs(const struct mbr_geometry *geometry, struct mbr_chs chs)
{
    uint32_t heads = used(geometry->heads, MAXIMUM_HEADS);
    uint32_t sectors = used(geometry->sectors_per_track, MAXIMUM_SECTORS);
    uint32_t sector = chs.bytes[1] & 0x3Fu;
    uint32_t cylinder = chs.bytes[2] | (uint32_t)(chs.bytes[1] & 0xC0u) << 2;
    return sector == 0 ? 0 : (cylinder * heads + chs.bytes[0]) * sectors + sector - 1;
}

static void store_u32(unsigned char *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (unsigned char)(value >> 8 * i);
    }
}

static bool is_expressible(const struct mbr_geometry *geometry, const struct mbr_partition *partition)
{
    uint64_t sector = geometry->bytes_per_sector;
    uint64_t start = partition->start_bytes / sector;
    uint64_t length = partition->length_bytes / sector;
    return partition->start_bytes % sector == 0 && partition->length_bytes % sector == 0 && start <= UINT32_MAX &&
           length <= UINT32_MAX && start + length <= (uint64_t)UINT32_MAX + 1;
}

static void build_entry(const struct mbr_geometry *geometry, const struct mbr_partition *partition,
                        unsigned char entry[ENTRY_SIZE])
{
    uint32_t start = (uint32_t)(partition->start_bytes / geometry->bytes_per_sector);
    uint32_t length = (uint32_t)(partition->length_bytes / geometry->bytes_per_sector);
    struct mbr_chs first = mbr_chs_from_lba(geometry, start);
    struct mbr_chs last = mbr_chs_from_lba(geometry, length != 0 ? start + (length - 1) : start);
    entry[0] = partition->active ? 0x80 : 0;
    memcpy(entry + 1, first.bytes, 3);
    entry[4] = partition->type;
    memcpy(entry + 5, last.bytes, 3);
    store_u32(entry + 8, start);
    store_u32(entry + 12, length);
}

bool mbr_build(const struct mbr_geometry *geometry, const struct mbr_partition *partitions, size_t count,
               unsigned char mbr[MBR_SIZE])
{
    if (count > MBR_PARTITIONS || geometry->heads == 0 || geometry->sectors_per_track == 0 ||
        geometry->bytes_per_sector == 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (partitions[i].type != 0 && !is_expressible(geometry, &partitions[i])) {
            return false;
        }
    }
    memset(mbr, 0, MBR_SIZE);
    /* hlt; jmp to itself: a disk that is booted by mistake stops. */
    mbr[0] = 0xF4;
    mbr[1] = 0xEB;
    mbr[2] = 0xFD;
    for (size_t i = 0; i < count; i++) {
        if (partitions[i].type != 0) {
            build_entry(geometry, &partitions[i], mbr + TABLE_OFFSET + i * ENTRY_SIZE);
        }
    }
    mbr[510] = 0x55;
    mbr[511] = 0xAA;
    return true;
}

const char *mbr_type_name(uint8_t type)
{
    static const struct {
        uint8_t type;
        const char *name;
    } names[] = {
        {0x00, "Unused"},
        {0x01, "FAT12"},
        {0x04, "FAT16 (below 32 MB)"},
        {0x05, "Extended"},
        {0x06, "FAT16"},
        {0x07, "NTFS, exFAT or HPFS"},
        {0x0B, "FAT32"},
        {0x0C, "FAT32 (LBA)"},
        {0x0E, "FAT16 (LBA)"},
        {0x0F, "Extended (LBA)"},
        {0x11, "FAT12, hidden"},
        {0x12, "Diagnostics"},
        {0x14, "FAT16 (below 32 MB), hidden"},
        {0x16, "FAT16, hidden"},
        {0x17, "NTFS, exFAT or HPFS, hidden"},
        {0x1B, "FAT32, hidden"},
        {0x1C, "FAT32 (LBA), hidden"},
        {0x1E, "FAT16 (LBA), hidden"},
        {0x27, "Windows recovery"},
        {0x42, "Windows dynamic disk"},
        {0x82, "Linux swap"},
        {0x83, "Linux"},
        {0x85, "Linux extended"},
        {0x8E, "Linux LVM"},
        {0xA5, "FreeBSD"},
        {0xA6, "OpenBSD"},
        {0xA8, "macOS"},
        {0xA9, "NetBSD"},
        {0xAF, "HFS or HFS+"},
        {0xEE, "GPT"},
        {0xEF, "EFI system"},
        {0xFD, "Linux RAID"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].type == type) {
            return names[i].name;
        }
    }
    return "Unknown";
}
