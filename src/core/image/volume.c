/* SPDX-License-Identifier: MIT */
/* First bytes of volumes; volume.h has the contract. */

#include "core/image/volume.h"
#include "core/disk/geometry.h"

#include <string.h>

bool volume_parse_boot_sector(const unsigned char sector[VOLUME_BOOT_SECTOR_SIZE], struct volume_geometry *geometry)
{
    struct disk_geometry probed = {.size_bytes = 0};
    enum disk_kind kind = DISK_KIND_HARD_DISK;
    geometry_probe_bpb(&probed, &kind, sector); /* the driver's rules of what is plausible */
    if (probed.bytes_per_sector == 0) {
        return false;
    }
    *geometry = (struct volume_geometry){
        .bytes_per_sector = probed.bytes_per_sector,
        .sectors_per_track = probed.sectors_per_track,
        .heads = probed.tracks_per_cylinder,
        .media_descriptor = sector[21],
    };
    return true;
}

bool volume_is_iso9660(const unsigned char descriptor[VOLUME_ISO9660_DESCRIPTOR])
{
    static const unsigned char signature[] = {1, 'C', 'D', '0', '0', '1', 1};
    return memcmp(descriptor, signature, sizeof(signature)) == 0;
}

/* ---- file systems ---- */

struct volume_signature {
    enum volume_kind kind;
    uint32_t offset;
    uint8_t length;
    char bytes[10];
};

static const struct volume_signature volume_signatures[] = {
    {VOLUME_NTFS, 3, 8, "NTFS    "},
    {VOLUME_EXFAT, 3, 8, "EXFAT   "},
    {VOLUME_REFS, 3, 8, "ReFS\0\0\0\0"},
    {VOLUME_BITLOCKER, 3, 8, "-FVE-FS-"},
    {VOLUME_XFS, 0, 4, "XFSB"},
    {VOLUME_APFS, 32, 4, "NXSB"},
    {VOLUME_SQUASHFS, 0, 4, "hsqs"},
    {VOLUME_LUKS, 0, 6, "LUKS\xBA\xBE"},
    {VOLUME_EXT, 0x438, 2, "\x53\xEF"},
    {VOLUME_HFS, 0x400, 2, "H+"},
    {VOLUME_HFS, 0x400, 2, "HX"},
    {VOLUME_HFS, 0x400, 2, "BD"},
    {VOLUME_LVM, 512, 8, "LABELONE"},
    {VOLUME_SWAP, 4086, 10, "SWAPSPACE2"},
    {VOLUME_BTRFS, 0x10040, 8, "_BHRfS_M"},
};

static bool read_within(const struct image_reader *reader, uint64_t offset, uint64_t length, uint32_t at, void *buffer,
                        uint32_t size)
{
    return at <= length && size <= length - at && offset <= (uint64_t)INT64_MAX - at - size &&
           reader->read(reader->context, offset + at, buffer, size);
}

/* A BPB of which everything makes sense: DOS itself wrote no signature at first. */
static enum volume_kind identify_fat(const unsigned char *sector)
{
    struct volume_geometry geometry;
    unsigned cluster = sector[13];
    unsigned reserved = sector[14] | (unsigned)sector[15] << 8;
    unsigned root = sector[17] | (unsigned)sector[18] << 8;
    unsigned table = sector[22] | (unsigned)sector[23] << 8;
    if (!volume_parse_boot_sector(sector, &geometry) || cluster == 0 || (cluster & (cluster - 1)) != 0 ||
        reserved == 0 || sector[16] == 0 || sector[16] > 2) {
        return VOLUME_UNKNOWN;
    }
    if (memcmp(sector + 82, "FAT32   ", 8) == 0) {
        return VOLUME_FAT32;
    }
    return root != 0 && table != 0 && table <= 256 ? VOLUME_FAT : VOLUME_UNKNOWN;
}

enum volume_kind volume_identify(const struct image_reader *reader, uint64_t offset, uint64_t length)
{
    unsigned char sector[VOLUME_BOOT_SECTOR_SIZE];
    char found[sizeof(volume_signatures[0].bytes)];
    struct image_reader bounded = *reader;
    bounded.length = offset <= INT64_MAX - length ? offset + length : 0;
    if (signature_is_iso9660(&bounded, offset)) {
        return VOLUME_ISO9660;
    }
    if (signature_is_udf(&bounded, offset)) {
        return VOLUME_UDF;
    }
    for (size_t i = 0; i < sizeof(volume_signatures) / sizeof(volume_signatures[0]); i++) {
        const struct volume_signature *signature = &volume_signatures[i];
        if (read_within(reader, offset, length, signature->offset, found, signature->length) &&
            memcmp(found, signature->bytes, signature->length) == 0) {
            return signature->kind;
        }
    }
    return read_within(reader, offset, length, 0, sector, sizeof(sector)) ? identify_fat(sector) : VOLUME_UNKNOWN;
}

static const struct {
    const char *word;
    const char *name;
} volume_names[VOLUME_KINDS] = {
    [VOLUME_UNKNOWN] = {"unknown", "unknown"},
    [VOLUME_FAT] = {"fat", "FAT"},
    [VOLUME_FAT32] = {"fat32", "FAT32"},
    [VOLUME_EXFAT] = {"exfat", "exFAT"},
    [VOLUME_NTFS] = {"ntfs", "NTFS"},
    [VOLUME_REFS] = {"refs", "ReFS"},
    [VOLUME_BITLOCKER] = {"bitlocker", "BitLocker"},
    [VOLUME_ISO9660] = {"iso9660", "ISO 9660"},
    [VOLUME_UDF] = {"udf", "UDF"},
    [VOLUME_EXT] = {"ext", "ext2/3/4"},
    [VOLUME_XFS] = {"xfs", "XFS"},
    [VOLUME_BTRFS] = {"btrfs", "btrfs"},
    [VOLUME_HFS] = {"hfs", "HFS"},
    [VOLUME_APFS] = {"apfs", "APFS"},
    [VOLUME_SQUASHFS] = {"squashfs", "squashfs"},
    [VOLUME_SWAP] = {"swap", "Linux swap"},
    [VOLUME_LVM] = {"lvm", "LVM"},
    [VOLUME_LUKS] = {"luks", "LUKS"},
};

const char *volume_kind_name(enum volume_kind kind)
{
    return volume_names[kind].name;
}

const char *volume_kind_word(enum volume_kind kind)
{
    return volume_names[kind].word;
}

/* ---- names ---- */

bool volume_offset_by_extension(const uint16_t *path, size_t length, uint64_t *offset)
{
    static const struct {
        char extension[4];
        uint64_t offset;
    } formats[] = {{".nrg", 600 * 512ull}, {".sdi", 8 * 512ull}};
    if (length < 4) {
        return false;
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        size_t same = 0;
        while (same < 4) {
            uint16_t unit = path[length - 4 + same];
            unit = unit >= 'A' && unit <= 'Z' ? (uint16_t)(unit - 'A' + 'a') : unit;
            if (unit != (unsigned char)formats[i].extension[same]) {
                break;
            }
            same++;
        }
        if (same == 4) {
            *offset = formats[i].offset;
            return true;
        }
    }
    return false;
}
