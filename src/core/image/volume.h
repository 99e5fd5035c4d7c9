/* SPDX-License-Identifier: MIT */
/* What can be seen of a volume from its first bytes and from the name of its image, without knowing its file system. */
#ifndef CORE_IMAGE_VOLUME_H
#define CORE_IMAGE_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/image/signature.h"

#define VOLUME_BOOT_SECTOR_SIZE   512u

/* Where ISO 9660 has its first volume descriptor, and how many bytes of it volume_is_iso9660 looks at. */
#define VOLUME_ISO9660_OFFSET     0x8000u
#define VOLUME_ISO9660_DESCRIPTOR 2048u

/* The shape that a BIOS parameter block states. */
struct volume_geometry {
    uint32_t bytes_per_sector;
    uint32_t sectors_per_track;
    uint32_t heads;
    uint8_t media_descriptor; /* F0h and F8h ... FFh in use */
};

/* False, and *geometry is as before, if the sector has no plausible BPB: then it is not FAT or NTFS. */
bool volume_parse_boot_sector(const unsigned char sector[VOLUME_BOOT_SECTOR_SIZE], struct volume_geometry *geometry);

bool volume_is_iso9660(const unsigned char descriptor[VOLUME_ISO9660_DESCRIPTOR]);

enum volume_kind {
    VOLUME_UNKNOWN,
    VOLUME_FAT, /* FAT12 or FAT16 */
    VOLUME_FAT32,
    VOLUME_EXFAT,
    VOLUME_NTFS,
    VOLUME_REFS,
    VOLUME_BITLOCKER,
    VOLUME_ISO9660,
    VOLUME_UDF,
    VOLUME_EXT,
    VOLUME_XFS,
    VOLUME_BTRFS,
    VOLUME_HFS,
    VOLUME_APFS,
    VOLUME_SQUASHFS,
    VOLUME_SWAP,
    VOLUME_LVM,
    VOLUME_LUKS,
    VOLUME_KINDS, /* how many there are */
};

/* What file system begins at `offset`, in `length` bytes; by signatures, nothing of it is followed. */
enum volume_kind volume_identify(const struct image_reader *reader, uint64_t offset, uint64_t length);

/* "NTFS"; "unknown". And for programs: "ntfs". */
const char *volume_kind_name(enum volume_kind kind);
const char *volume_kind_word(enum volume_kind kind);

/*
 * Where the disk begins in an image of a known format: .nrg (307200) and .sdi (4096), in any case. `path` is UTF-16 of
 * `length` units. False if the name says nothing.
 */
bool volume_offset_by_extension(const uint16_t *path, size_t length, uint64_t *offset);

#endif
