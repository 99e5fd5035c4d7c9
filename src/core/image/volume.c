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
