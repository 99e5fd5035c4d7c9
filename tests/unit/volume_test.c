/* SPDX-License-Identifier: MIT */
#include "core/image/volume.h"
#include "tests/harness/test.h"

#include <string.h>

static void boot_sectors_state_a_geometry(void)
{
    unsigned char sector[VOLUME_BOOT_SECTOR_SIZE] = {0};
    struct volume_geometry geometry = {.heads = 99};
    CHECK(!volume_parse_boot_sector(sector, &geometry));
    CHECK_EQUAL(geometry.heads, 99);
    sector[12] = 512 >> 8; /* its low byte is zero */
    sector[21] = 0xF0;
    sector[24] = 18;
    sector[26] = 2;
    CHECK(volume_parse_boot_sector(sector, &geometry));
    CHECK_EQUAL(geometry.bytes_per_sector, 512);
    CHECK_EQUAL(geometry.sectors_per_track, 18);
    CHECK_EQUAL(geometry.heads, 2);
    CHECK_EQUAL(geometry.media_descriptor, 0xF0);
    sector[11] = 1; /* 513 */
    CHECK(!volume_parse_boot_sector(sector, &geometry));
}

static void iso9660_is_recognised(void)
{
    unsigned char descriptor[VOLUME_ISO9660_DESCRIPTOR] = {0};
    CHECK(!volume_is_iso9660(descriptor));
    memcpy(descriptor, "\1CD001\1", 7);
    CHECK(volume_is_iso9660(descriptor));
    descriptor[6] = 2;
    CHECK(!volume_is_iso9660(descriptor));
}

static bool offset_of(const char *name, uint64_t *offset)
{
    uint16_t path[32];
    return volume_offset_by_extension(path, test_widen(name, path), offset);
}

static void extensions_give_offsets(void)
{
    uint64_t offset = 1;
    CHECK(offset_of("a.nrg", &offset) && offset == 307200);
    CHECK(offset_of("x/B.Sdi", &offset) && offset == 4096);
    CHECK(offset_of(".NRG", &offset) && offset == 307200);
    offset = 7;
    CHECK(!offset_of("a.iso", &offset) && !offset_of("nrg", &offset) && !offset_of("", &offset));
    CHECK(!offset_of("a.nrgx", &offset) && offset == 7);
}

TEST_MAIN({"boot_sectors_state_a_geometry", boot_sectors_state_a_geometry},
          {"iso9660_is_recognised", iso9660_is_recognised}, {"extensions_give_offsets", extensions_give_offsets})
