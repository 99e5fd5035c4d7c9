/* SPDX-License-Identifier: MIT */
/* Fuzzing of the BIOS parameter block's parser. */

#include "core/disk/geometry.h"
#include "tests/fuzz/input.h"

/* Input: flags that say what is known already, and a sector. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char sector[GEOMETRY_BPB_SIZE] = {0};
    struct disk_geometry geometry = {.size_bytes = 1u << 20};
    enum disk_kind kind = DISK_KIND_AUTOMATIC;
    if (size == 0) {
        return 0;
    }
    unsigned known = data[0];
    memcpy(sector, data + 1, size - 1 < sizeof(sector) ? size - 1 : sizeof(sector));
    geometry.bytes_per_sector = (known & 1) != 0 ? 2048 : 0;
    geometry.sectors_per_track = (known & 2) != 0 ? 18 : 0;
    geometry.tracks_per_cylinder = (known & 4) != 0 ? 2 : 0;
    geometry_probe_bpb(&geometry, &kind, sector);
    geometry_complete(&geometry, &kind);
    if (!geometry_valid(&geometry) || geometry_incomplete(&geometry) || kind == DISK_KIND_AUTOMATIC ||
        ((known & 1) != 0 && geometry.bytes_per_sector != 2048) ||
        ((known & 2) != 0 && geometry.sectors_per_track != 18) ||
        ((known & 4) != 0 && geometry.tracks_per_cylinder != 2)) {
        abort();
    }
    return 0;
}
